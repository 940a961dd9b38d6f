/** Writes log lines: JSON with the fields of the Python SDK, or text for people. Never throws, whatever the values. */
import type { IO } from 'fp-ts/IO'
import { type Fields, type Level, type Log, rank, redact, scrub } from '../../core/Log'
import type { Clock } from '../../node/Clock'
import { errorFields, escaped, indented, toText } from './LogText'
import { reportLoss } from './LogLoss'
import type { LogOptions } from './Options'

/** The ids that correlate a line with its request. */
export interface Ids {
  readonly requestId?: string
  readonly sessionId?: string
}

/** Creates the log of one request: every line has its ids, none its secrets. */
export type Logs = (ids?: IO<Ids>, secrets?: IO<ReadonlyArray<string>>) => Log

const label: Readonly<Record<Level, string>> = { debug: 'DEBUG', info: 'INFO', warn: 'WARNING', error: 'ERROR' }

/** By hand: `styleText` of `node:util` checks the process's standard output, but lines may go elsewhere. */
const color: Readonly<Record<Level, string>> = { debug: '2', info: '32', warn: '33', error: '31' }

const flatten = ({ error, ...fields }: Fields): Fields =>
  error === undefined ? redact(fields) : { ...redact(fields), ...errorFields(error) }

/** The fields of a line, made printable. */
const readable = (fields: Fields): Fields => {
  try {
    return flatten(fields)
  } catch {
    return { fields: '[unreadable]' }
  }
}

const pretty = (level: Level, at: Date, message: string, { stackTrace, ...fields }: Fields): string => {
  const more = Object.entries(fields).map(([name, value]) => escaped(`${name}=${toText(value)}`))
  const head = `\u001b[2m${at.toISOString().slice(11, 23)}\u001b[0m \u001b[${color[level]}m${label[level]}\u001b[0m ${escaped(message)}`
  const line = more.length === 0 ? head : `${head} \u001b[2m${more.join(' ')}\u001b[0m`
  return stackTrace === undefined ? line : `${line}\n${indented(toText(stackTrace))}`
}

/** A line as JSON; a field that cannot be encoded becomes text. */
const json = (level: Level, at: Date, message: string, fields: Fields): string => {
  const head = { timestamp: at.toISOString(), level: label[level], message, logger: 'agentcore-fp' }
  try {
    return JSON.stringify({ ...head, ...fields }, withBigInts)
  } catch {
    return JSON.stringify({
      ...head,
      ...Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, toText(value)])),
    })
  }
}

const withBigInts = (_: string, item: unknown): unknown => (typeof item === 'bigint' ? String(item) : item)

const nothing: IO<void> = () => undefined

const noIds: IO<Ids> = () => ({})

const none: IO<ReadonlyArray<string>> = () => []

/** Creates logs by the given options. */
export const logs = ({ level: least, format, destination }: Required<LogOptions>, clock: Clock): Logs => {
  /** Whether the destination is running: a line that it logs itself would recurse forever. */
  let isWriting = false

  const send = (line: string): void => {
    if (isWriting) return reportLoss('the log destination logged a line itself')
    isWriting = true
    try {
      const given: unknown = destination(line) // typed void, which admits an async function
      if (given !== undefined) Promise.resolve(given).catch(reportLoss)
    } finally {
      isWriting = false
    }
  }

  return (ids = noIds, secrets = none) => {
    const write =
      (level: Level) =>
      (message: string, fields: Fields = {}): IO<void> => {
        if (rank[level] < rank[least]) return nothing
        return () => {
          try {
            const text = typeof message === 'string' ? message : toText(message)
            const rest = { ...ids(), ...readable(fields) }
            const line = (format === 'pretty' ? pretty : json)(level, new Date(clock.now()), text, rest)
            send(scrub(secrets())(line))
          } catch (cause) {
            reportLoss(cause) // a request must not fail because of its log
          }
        }
      }
    return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
  }
}
