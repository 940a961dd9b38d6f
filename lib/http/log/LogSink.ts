/** Where the lines of a log go, and what the lines of one request have in common. */
import type { IO } from 'fp-ts/IO'
import { type Fields, type Level, scrub } from '../../core/Log'
import { reportLoss } from './LogLoss'
import type { PinoLike } from './LogOptions'

/** Takes lines. Their fields have been redacted. */
export interface Sink {
  readonly isEnabled: (level: Level) => boolean
  /** Whether it wants texts of which the secrets of the request are redacted; else it does that itself. */
  readonly wantsScrubbed: boolean
  readonly write: (origin: Origin, level: Level, message: string, fields: Fields) => void
  /** For lines that hold nothing from outside but the ids. */
  readonly writeMeasures: (origin: Origin, level: Level, message: string, measures: Measures) => void
  /** Writes what is buffered. */
  readonly flush: IO<void>
}

/** The numbers of a summary. */
export interface Measures {
  /** That of the response, if there is one. */
  readonly status?: number
  /** How long the request took, in milliseconds. */
  readonly duration: number
}

/** The ids that correlate a line with its request. */
export interface Ids {
  readonly requestId?: string
  readonly sessionId?: string
}

/** What the lines of one request have in common. The optional parts are computed with the first line that needs them. */
export interface Origin {
  readonly ids: IO<Ids>
  readonly secrets: IO<ReadonlyArray<string>>
  scrub: ((text: string) => string) | undefined
  /** The ids as members of a JSON object. */
  members: string | undefined
  /** The child of a pino logger. */
  child: PinoLike | undefined
}

const noIds: IO<Ids> = () => ({})

const none: IO<ReadonlyArray<string>> = () => []

/** The origin of a request's lines; without arguments, of the app's. */
export const origin = (ids: IO<Ids> = noIds, secrets: IO<ReadonlyArray<string>> = none): Origin => ({
  ids,
  secrets,
  scrub: undefined,
  members: undefined,
  child: undefined,
})

/** Redacts the secrets of a request in a text. */
export const scrubbed = (from: Origin, text: string): string => (from.scrub ??= scrub(from.secrets()))(text)

/** Calls user code that takes lines; not while it runs, since a line that it logs itself would recurse forever. */
export const notReentrant = (name: string): ((call: IO<unknown>) => void) => {
  let isRunning = false
  return (call) => {
    if (isRunning) return reportLoss(`${name} logged a line itself`)
    isRunning = true
    try {
      const given = call() // a function typed void may be async
      if (given !== undefined) Promise.resolve(given).catch(reportLoss)
    } finally {
      isRunning = false
    }
  }
}
