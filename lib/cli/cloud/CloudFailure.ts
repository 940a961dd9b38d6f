/** Converts failures of a deployment to failures of a command. */
import { type DeployError, explain } from '../../deploy/failure/DeployError'
import { type CliError, cancelledWith, config, failed, toCode } from '../program/CliError'

/** A failure of a deployment; `lines` say how far it came. */
export const fromDeploy = (error: DeployError, lines: ReadonlyArray<string> = []): CliError => {
  const { message, next, details } = explain(error)
  if (error._tag === 'StateUnsaved' && lines.length === 0) return config(error.error)
  if (error._tag === 'Interrupted') return cancelledWith(next)
  // What weighs most, and which files, is what the message is about: nobody can act without it.
  const shown = error._tag === 'TooLarge' || error._tag === 'WrongMachine' ? details : []
  return failed(toCode(error._tag), message, next, {
    output: [...shown, ...lines],
    details: shown.length > 0 ? [] : details,
    ...('cause' in error ? { cause: error.cause } : {}),
  })
}
