/** A log line of a session, whatever keeps it: a file on this machine, or a log group of CloudWatch Logs. */
import type * as TE from 'fp-ts/TaskEither'
import type { CliError } from '../program/CliError'
import { beside, formatEntry, type LogEntry, type LogView, parseEntry } from '../terminal/LogEntry'

/** A line and the session that wrote it. */
export interface LogRecord {
  readonly session: string
  /** Milliseconds since the epoch: of the line, else of the last line before it that has a time. */
  readonly at: number | undefined
  readonly entry: LogEntry
}

/** Where log lines come from. */
export interface LogSource {
  /** All lines so far, in order of time. */
  readonly read: TE.TaskEither<CliError, ReadonlyArray<LogRecord>>
  /** Calls back with further lines until the signal aborts. Begins where the last `read` ended. */
  readonly follow: (
    signal: AbortSignal,
    onRecords: (records: ReadonlyArray<LogRecord>) => Promise<void>,
  ) => TE.TaskEither<CliError, void>
}

/** Which lines to show. */
export interface LogQuery {
  /** The beginning of a session id. */
  readonly session: string | undefined
  /** Milliseconds since the epoch. */
  readonly from: number
}

/** The lines of a log that one session wrote after `before`; a line that names its session belongs to that one. */
export const toRecords = (session: string, lines: ReadonlyArray<string>, before?: number): ReadonlyArray<LogRecord> => {
  let at = before
  return lines.map((line) => {
    const entry = parseEntry(line)
    const time = entry.timestamp === undefined ? Number.NaN : Date.parse(entry.timestamp)
    if (!Number.isNaN(time)) at = time
    const { sessionId } = entry.fields
    return { session: typeof sessionId === 'string' ? sessionId : session, at, entry }
  })
}

/** Records in order of time; those of one moment stay in their order. */
export const inOrder = (records: ReadonlyArray<LogRecord>): ReadonlyArray<LogRecord> =>
  [...records].sort((a, b) => (a.at ?? 0) - (b.at ?? 0))

/** Whether a query asks for a record. */
export const matches =
  ({ session, from }: LogQuery) =>
  (record: LogRecord): boolean =>
    (session === undefined || record.session.startsWith(session)) && (record.at ?? Number.POSITIVE_INFINITY) >= from

/** A session id that fits before a line: a random one by its beginning, others whole or by both ends. */
export const sessionLabel = (id: string): string => {
  if (/^local-default-session-0+$/.test(id)) return 'default'
  if (/^[0-9a-f]{8}-?[0-9a-f]{4}/i.test(id)) return id.slice(0, 8)
  return id.length <= 20 ? id : `${id.slice(0, 10)}…${id.slice(-6)}`
}

/** A record as text for people, each line of it after the label of its session. */
export const formatRecord =
  (view: LogView) =>
  ({ session, entry }: LogRecord): string =>
    labelled(view, session, (narrow) => formatEntry(narrow)(entry))

/** Lines of a session, each after its label; they are given the view that is left beside it. */
export const labelled = (view: LogView, session: string, lines: (narrow: LogView) => ReadonlyArray<string>): string => {
  const label = `${sessionLabel(session)} |`
  return lines(beside(view, label.length + 1))
    .map((line) => `${view.style.dim(label)} ${line}\n`)
    .join('')
}

/** A record as JSON. */
export const toJson = ({ session, entry }: LogRecord): Readonly<Record<string, unknown>> => {
  const { fields, ...line } = entry
  return { session, ...line, fields }
}
