/** Converts failures of a deployment to failures of a command. */
import { type DeployError, explain } from '../../deploy/failure/DeployError'
import { type CliError, cancelledWith, config, failed, toCode } from '../program/CliError'

/** A failure of a deployment; `lines` say how far it came. */
export const fromDeploy = (error: DeployError, lines: ReadonlyArray<string> = []): CliError => {
  const { message, next, details } = explain(error)
  if (error._tag === 'StateUnsaved' && lines.length === 0) return config(error.error)
  if (error._tag === 'Interrupted') return cancelledWith(next)
  const shown = isShown(error) ? details : []
  return failed(toCode(error._tag), message, next, {
    output: [...shown, ...lines],
    details: shown.length > 0 ? [] : details,
    ...('cause' in error ? { cause: error.cause } : {}),
  })
}

/** What weighs most, which files, or what a build wrote last is what the message is about: nobody can act without it. */
const isShown = ({ _tag }: DeployError): boolean =>
  ['TooLarge', 'WrongMachine', 'BuildFailed', 'ImageFailed', 'LoginRefused', 'PushFailed'].includes(_tag)
