/** Creates the logs of an app and of its requests. They never throw, whatever the values. */
import type { IO } from 'fp-ts/IO'
import { cut, type Fields, type Level, type Log, rank, redact, type Redaction, secretNames } from '../../core/Log'
import type { Clock } from '../../node/Clock'
import { reportLoss } from './LogLoss'
import type { LogSettings } from './LogOptions'
import { type Ids, type Measures, type Origin, origin, scrubbed, type Sink } from './LogSink'
import { errorFields, toText } from './LogText'
import { suppliedSink } from './SuppliedLogger'
import { textSink } from './TextSink'

/** Creates logs. */
export interface Logs {
  /** The log of one request: every line has its ids, none its secrets. */
  (ids?: IO<Ids>, secrets?: IO<ReadonlyArray<string>>): Log
  readonly of: (from: Origin) => Log
  /** Whether lines of a level are written at all. */
  readonly isWritten: (level: Level) => boolean
  /** Writes a line about a request, whatever the level. The message must be a constant: only the ids are checked for secrets. */
  readonly summary: (from: Origin, level: Level, message: string, measures: Measures) => void
  /** Makes a supplied logger write what it has buffered. */
  readonly flush: IO<void>
}

/** Creates logs by the given settings. */
export const createLogs = (settings: LogSettings, clock: Pick<Clock, 'now'>): Logs => {
  const sink = settings.logger === undefined ? textSink(settings, clock) : suppliedSink(settings.logger)
  const toReadable = readable(sink, settings)
  const least = rank[settings.level]
  const isWritten = (level: Level): boolean => {
    if (rank[level] < least) return false
    try {
      return sink.isEnabled(level)
    } catch (cause) {
      reportLoss(cause)
      return false
    }
  }

  const of = (from: Origin): Log => {
    const writer =
      (level: Level) =>
      (message: string, fields: Fields = {}): IO<void> =>
        isWritten(level) ? () => safely(() => sink.write(from, level, ...toReadable(from, message, fields))) : nothing
    return { debug: writer('debug'), info: writer('info'), warn: writer('warn'), error: writer('error') }
  }

  return Object.assign((ids?: IO<Ids>, secrets?: IO<ReadonlyArray<string>>) => of(origin(ids, secrets)), {
    of,
    isWritten,
    summary: (from: Origin, level: Level, message: string, measures: Measures) =>
      safely(() => sink.writeMeasures(from, level, message, measures)),
    flush: () => safely(sink.flush),
  })
}

const nothing: IO<void> = () => undefined

/** A request must not fail because of its log. */
const safely = (write: IO<void>): void => {
  try {
    write()
  } catch (cause) {
    reportLoss(cause)
  }
}

type Readable = (from: Origin, message: unknown, fields: Fields) => readonly [string, Fields]

/** Makes a message and fields printable, whatever they are. */
const readable = ({ wantsScrubbed }: Sink, { redact: names }: LogSettings): Readable => {
  const isSecret = secretNames(names)
  return (from, message, fields) => {
    const clean = (text: string): string => (wantsScrubbed ? scrubbed(from, cut(text)) : cut(text))
    const text = typeof message === 'string' ? message : toText(message)
    return [wantsScrubbed ? scrubbed(from, text) : text, toFields(fields, { isSecret, toText: clean })]
  }
}

const toFields = (fields: Fields, redaction: Required<Pick<Redaction, 'isSecret' | 'toText'>>): Fields => {
  try {
    const { error, ...rest } = fields
    const redacted = redact(rest, redaction)
    return error === undefined ? redacted : { ...redacted, ...errorFields(error, redaction.toText) }
  } catch {
    return { fields: '[unreadable]' }
  }
}
