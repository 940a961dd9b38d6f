/** Writes log lines: JSON with the fields of the Python SDK, or text for people. */
import { types } from 'node:util'
import type { IO } from 'fp-ts/IO'
import { type Fields, type Level, type Log, rank, redact, scrub } from '../core/Log'
import type { Clock } from './Clock'
import type { LogOptions } from './Options'

/** What ties a line to its request. */
export interface Ids {
  readonly requestId?: string
  readonly sessionId?: string
}

/** Makes the log of one request: its ids go into each line, its secrets into none. */
export type Logs = (ids?: IO<Ids>, secrets?: IO<ReadonlyArray<string>>) => Log

const label: Readonly<Record<Level, string>> = { debug: 'DEBUG', info: 'INFO', warn: 'WARNING', error: 'ERROR' }

const color: Readonly<Record<Level, string>> = { debug: '2', info: '32', warn: '33', error: '31' }

/** Whether a value is an error, of whatever realm: a test runner has one of its own. */
const isError = (value: unknown): value is Error => value instanceof Error || types.isNativeError(value)

const ofError = (error: unknown): Fields => {
  if (!isError(error)) return { errorMessage: typeof error === 'string' ? error : safe(error) }
  const { cause } = error
  return {
    errorType: error.name,
    errorMessage: error.message,
    ...(error.stack === undefined ? {} : { stackTrace: error.stack }),
    ...(cause === undefined ? {} : { errorCause: isError(cause) ? (cause.stack ?? cause.message) : safe(cause) }),
  }
}

/** A value as JSON, or what can be said of it: a line must never fail. */
const safe = (value: unknown): string => {
  try {
    return (
      JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? String(item) : item)) ?? String(value)
    )
  } catch {
    return `(a value of type ${typeof value} that has no JSON)`
  }
}

const flatten = ({ error, ...fields }: Fields): Fields => ({
  ...redact(fields),
  ...(error === undefined ? {} : ofError(error)),
})

/** The fields as a line shows them; a line must not fail for one that cannot be read. */
const readable = (fields: Fields): Fields => {
  try {
    return flatten(fields)
  } catch {
    return { fields: '[unreadable]' }
  }
}

const pretty = (level: Level, at: Date, message: string, { stackTrace, ...fields }: Fields): string => {
  const more = Object.entries(fields).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : safe(value)}`,
  )
  const head = `\u001b[2m${at.toISOString().slice(11, 23)}\u001b[0m \u001b[${color[level]}m${label[level]}\u001b[0m ${message}`
  const line = more.length === 0 ? head : `${head} \u001b[2m${more.join(' ')}\u001b[0m`
  return typeof stackTrace === 'string' ? `${line}\n${stackTrace}` : line
}

const nothing: IO<void> = () => undefined

const noIds: IO<Ids> = () => ({})

const none: IO<ReadonlyArray<string>> = () => []

/** Logs that write by the given options. */
export const logs =
  ({ level: least, format, destination }: Required<LogOptions>, clock: Clock): Logs =>
  (ids = noIds, secrets = none) => {
    const write =
      (level: Level) =>
      (message: string, fields: Fields = {}): IO<void> => {
        if (rank[level] < rank[least]) return nothing
        return () => {
          const at = new Date(clock.now())
          const rest = { ...ids(), ...readable(fields) }
          const line =
            format === 'pretty'
              ? pretty(level, at, message, rest)
              : safe({ timestamp: at.toISOString(), level: label[level], message, logger: 'agentcore-fp', ...rest })
          try {
            destination(scrub(secrets())(line))
          } catch {
            return // nobody could be told, and a request must not fail for want of its log
          }
        }
      }
    return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
  }
