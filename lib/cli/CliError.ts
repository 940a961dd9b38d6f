/**
 * Everything that a command can fail with, as one closed union. A failure is told in one line, with what to do next;
 * its exit code is 2 where the command was written wrongly, else 1.
 */
import * as Config from '../config/ConfigError'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** A failure of a command. */
export type CliError =
  /** The command line, or what it leads to, cannot be meant. */
  | { readonly _tag: 'Usage'; readonly message: string; readonly next: string }
  | { readonly _tag: 'Config'; readonly error: Config.ConfigError }
  /** What a command could not do, with a code for machines, and what more there is to tell. */
  | {
      readonly _tag: 'Failed'
      readonly code: string
      readonly message: string
      readonly next: string
      readonly details?: ReadonlyArray<string>
      readonly cause?: unknown
    }
  | { readonly _tag: 'Cancelled' }
  | { readonly _tag: 'Unexpected'; readonly cause: unknown }

/** What is told of a failure. */
export interface Problem {
  readonly exitCode: 1 | 2
  readonly code: string
  readonly message: string
  /** What to do next; empty if there is nothing to say. */
  readonly next: string
  /** Lines that `--verbose` shows, and `--json` has. */
  readonly details: ReadonlyArray<string>
}

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/** The command line is wrong: exit code 2. */
export const usage = (message: string, next: string): CliError => ({ _tag: 'Usage', message, next })

/** The file of the agents is missing or wrong. */
export const config = (error: Config.ConfigError): CliError => ({ _tag: 'Config', error })

/** A command could not do its work. */
export const failed = (
  code: string,
  message: string,
  next: string,
  more: { readonly details?: ReadonlyArray<string>; readonly cause?: unknown } = {},
): CliError => ({ _tag: 'Failed', code, message, next, ...more })

/** The user broke it off. */
export const cancelled: CliError = { _tag: 'Cancelled' }

/** Something was thrown that nobody thought of. */
export const unexpected = (cause: unknown): CliError => ({ _tag: 'Unexpected', cause })

// ---------------------------------------------------------------------------------------------------------------------
// destructors
// ---------------------------------------------------------------------------------------------------------------------

const textOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

const linesOf = (cause: unknown): ReadonlyArray<string> => {
  if (cause === undefined) return []
  return (cause instanceof Error ? (cause.stack ?? cause.message) : textOf(cause)).split('\n')
}

/** What is told of a failure, in a terminal and by `--json`. */
export const problem = (error: CliError): Problem => {
  switch (error._tag) {
    case 'Usage':
      return { exitCode: 2, code: 'USAGE', message: error.message, next: error.next, details: [] }
    case 'Config':
      return {
        exitCode: 1,
        code: `CONFIG_${error.error._tag.replace(/(?<=.)[A-Z]/g, '_$&').toUpperCase()}`,
        message: Config.explain(error.error),
        next: Config.next(error.error),
        details: [...Config.faultLines(error.error), ...linesOf(Config.cause(error.error))],
      }
    case 'Failed':
      return {
        exitCode: 1,
        code: error.code,
        message: error.message,
        next: error.next,
        details: [...(error.details ?? []), ...linesOf(error.cause)],
      }
    case 'Cancelled':
      return { exitCode: 1, code: 'CANCELLED', message: 'Cancelled', next: '', details: [] }
    case 'Unexpected':
      return {
        exitCode: 1,
        code: 'UNEXPECTED',
        message: textOf(error.cause),
        next: 'this should not happen; run again with --verbose to see where it comes from',
        details: linesOf(error.cause),
      }
  }
}
