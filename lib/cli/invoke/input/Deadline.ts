/** Aborts a call at its `--timeout` or on Ctrl-C. */
import * as E from 'fp-ts/Either'
import type { TaskEither } from 'fp-ts/TaskEither'
import type { Cli } from '../../program/Cli'
import { type CliError, failed } from '../../program/CliError'

/** Runs with a signal that aborts after so many seconds, or when the user asks for it. What then fails tells which. */
export const withDeadline =
  (cli: Cli, seconds: number | undefined, cancelled: CliError) =>
  <A>(use: (signal: AbortSignal) => TaskEither<CliError, A>): TaskEither<CliError, A> =>
  async () => {
    const controller = new AbortController()
    let reason: CliError | undefined
    const end = (why: CliError): void => {
      reason ??= why
      controller.abort()
    }
    const off = cli.onSignal(() => {
      off() // the second time the process ends at once
      end(cancelled)
    })
    const late = failed('TIMEOUT', `No complete response within ${seconds ?? 0} s`, 'allow more time with --timeout')
    const timer = seconds === undefined || seconds === 0 ? undefined : setTimeout(() => end(late), seconds * 1000)
    try {
      const result = await use(controller.signal)()
      return E.isLeft(result) && reason !== undefined ? E.left(reason) : result
    } finally {
      clearTimeout(timer)
      off()
    }
  }
