/** Runs `agentcore completion`. */
import * as TE from 'fp-ts/TaskEither'
import { usage } from '../program/CliError'
import type { Run } from '../program/Command'
import { scripts } from './scripts'

/** Prints the script of a shell. */
export const run: Run<unknown> =
  (_, shell = '') =>
  () => {
    const script = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined
    return script === undefined
      ? TE.left(usage(`Unknown shell: ${shell}`, 'choose bash, zsh or fish'))
      : TE.right({ json: { shell, script }, text: () => script })
  }
