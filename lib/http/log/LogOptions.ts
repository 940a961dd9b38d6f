/** The options of logging, and the loggers that can be supplied. */
import type { Fields, Level } from '../../core/Log'

/** Options of logging. */
export interface LogOptions {
  /** The lowest level that is written. Default `info`; with a `logger`, what that writes. */
  readonly level?: Level | 'silent'
  /** `json`: one JSON object per line; `pretty`: for people. Default: `pretty` in a terminal. */
  readonly format?: 'json' | 'pretty'
  /** Receives each line, without its line break. Default: standard output, where lines are written in batches. */
  readonly destination?: (line: string) => void
  /** Names of further fields to redact, at any depth and in any case. Default none: only names that suggest a secret. */
  readonly redact?: ReadonlyArray<string>
  /**
   * A logger of your own instead of `format` and `destination`: a pino logger, of which each request gets a child with
   * its ids, or an object with the methods of `console`, which are called with the message and the fields.
   */
  readonly logger?: PinoLike | ConsoleLike
}

/** Options with all defaults applied. */
export type LogSettings = Required<Omit<LogOptions, 'logger'>> & Pick<LogOptions, 'logger'>

/** The methods of a pino logger that are used. */
export interface PinoLike extends Readonly<Record<Level, (fields: Fields, message: string) => unknown>> {
  /** A logger whose lines include the given fields. */
  readonly child: (fields: Fields) => PinoLike
  readonly isLevelEnabled: (level: Level) => boolean
  /** Writes what is buffered; called when the app has stopped. */
  readonly flush?: () => void
}

/** A logger with the methods of `console`. Winston's has them too. */
export interface ConsoleLike extends Readonly<Record<Level, (message: string, fields: Fields) => unknown>> {
  /** Tells such a logger from pino's, whose methods take the fields first. */
  readonly isLevelEnabled?: undefined
}
