/** A line that an agent wrote: one of its log, which is JSON where there is no terminal, or any other text. */
import { relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as E from 'fp-ts/Either'
import { stateFolder } from '../../node/file/PrivateFile'
import { isWithin } from '../../node/file/Within'
import { format, isExactNumber, parse } from '../document/ExactJson'
import { type Cli, styled } from '../program/Cli'
import type { Style } from '../program/Style'
import { visible } from '../program/TerminalText'
import { fill, type Word } from '../program/layout/Fill'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** A line of a log. */
export interface LogEntry {
  /** When, as the line says it: ISO 8601. */
  readonly timestamp?: string
  readonly level?: string
  readonly message: string
  /** A stack trace, with its line breaks. */
  readonly stackTrace?: string
  /** The other members of the line, in its order. */
  readonly fields: Readonly<Record<string, unknown>>
}

/** How entries are shown. */
export interface LogView {
  readonly style: Style
  /** The width of the terminal. Undefined where there is none: each line stays one line, with all that it has. */
  readonly columns: number | undefined
  /** The folder that a terminal shows paths from. */
  readonly folder: string
  /** Whether a terminal shows the ids of every request, not only of those with a warning or an error. */
  readonly isVerbose: boolean
}

// ---------------------------------------------------------------------------------------------------------------------
// parsing
// ---------------------------------------------------------------------------------------------------------------------

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !isExactNumber(value)

const parsed = (line: string): unknown => {
  const value = line.startsWith('{') ? parse(line) : undefined
  return value === undefined || E.isLeft(value) ? undefined : value.right
}

/** The levels of pino by their numbers. */
const numbered: Readonly<Record<number, string>> = {
  10: 'TRACE',
  20: 'DEBUG',
  30: 'INFO',
  40: 'WARN',
  50: 'ERROR',
  60: 'FATAL',
}

const toLevel = (level: unknown): string | undefined =>
  typeof level === 'number' ? numbered[level] : text(level)?.toUpperCase()

/** pino writes milliseconds since the epoch. */
const toTimestamp = (time: unknown): string | undefined =>
  typeof time === 'number' && Math.abs(time) <= 8.64e15 ? new Date(time).toISOString() : text(time)

/** What pino calls `time`, `msg` and `err`, and says of the process in every line. */
const fromPino = ({ time, msg, err, pid: _, hostname: __, ...rest }: Readonly<Record<string, unknown>>) => {
  const { stack, ...error } = isObject(err) ? err : { stack: undefined, err }
  const more = stack === undefined && err !== undefined ? { err } : 'type' in error ? { errorType: error['type'] } : {}
  return { timestamp: toTimestamp(time), message: msg, stackTrace: stack, ...rest, ...more }
}

/** The entry of a line: its JSON if that has a message, else the line itself. */
export const parseEntry = (line: string): LogEntry => {
  const found = parsed(line)
  if (!isObject(found)) return { message: line, fields: {} }
  const value: Readonly<Record<string, unknown>> = typeof found['msg'] === 'string' ? fromPino(found) : found
  const { timestamp, level, message, stackTrace, ...fields } = value
  const said = text(message)
  if (said === undefined) return { message: line, fields: {} }
  const [at, label, stack] = [text(timestamp), toLevel(level), text(stackTrace)]
  return {
    ...(at === undefined ? {} : { timestamp: at }),
    ...(label === undefined ? {} : { level: label }),
    ...(stack === undefined ? {} : { stackTrace: stack }),
    message: said,
    fields,
  }
}

/**
 * Whether an app speaks of its own process: where it listens, which is a private port if a command has started it, and
 * that a signal ends it.
 */
export const isAboutProcess = ({ message, fields }: LogEntry): boolean =>
  fields['logger'] === 'agentcore-fp' && /^(?:Listening on http|SIG\w+: stopping$)/.test(message)

/** The port at which an agent says that it listens. */
export const toListeningPort = ({ message, fields }: LogEntry): number | undefined => {
  if (!/\blisten/i.test(message)) return undefined
  const { port } = fields
  if (typeof port === 'number') return port
  const [, digits] = /(?:\bport\s*:?\s*|:)(\d{2,5})\b/i.exec(message) ?? []
  return digits === undefined ? undefined : Number(digits)
}

// ---------------------------------------------------------------------------------------------------------------------
// showing
// ---------------------------------------------------------------------------------------------------------------------

/** How a stream of a command shows entries now: its terminal may have another width later. */
export const logView = (cli: Cli, sink: 'stdout' | 'stderr'): LogView => ({
  style: styled(cli, sink),
  columns: cli[sink].isTTY ? cli[sink].columns : undefined,
  folder: cli.cwd,
  isVerbose: cli.isVerbose,
})

/** The view that is left for lines after a label of so many characters. */
export const beside = (view: LogView, label: number): LogView =>
  view.columns === undefined ? view : { ...view, columns: Math.max(20, view.columns - label) }

const isSevere = (level: string | undefined): boolean =>
  level !== undefined && ['WARNING', 'WARN', 'ERROR', 'CRITICAL', 'FATAL'].includes(level)

const levelStyle = ({ red, yellow, green, dim }: Style, level: string): ((text: string) => string) => {
  if (level === 'WARNING' || level === 'WARN') return yellow
  if (isSevere(level)) return red
  return level === 'DEBUG' || level === 'TRACE' ? dim : green
}

/** A time of today as others are shown: of its ISO form the hours, minutes, seconds and milliseconds. */
const toTime = (timestamp: string): string => /T(\d\d:\d\d:\d\d(?:\.\d{3})?)/.exec(timestamp)?.[1] ?? timestamp

/** Which fields are not shown: what every line would repeat, and what the stack trace says as well. */
const isShown =
  ({ columns, isVerbose }: LogView, { level, stackTrace, fields }: LogEntry) =>
  ([name, value]: readonly [string, unknown]): boolean => {
    switch (name) {
      case 'logger':
        return value !== 'agentcore-fp' && value !== ''
      case 'sessionId':
        return false
      case 'requestId':
        return columns === undefined || isVerbose || isSevere(level)
      case 'errorCause':
        return stackTrace === undefined
      case 'errorType':
      case 'errorMessage':
        return stackTrace?.includes(String(fields['errorMessage'] ?? value)) !== true
      default:
        return value !== undefined
    }
  }

/** A text stands for itself where it is clear that it is one, and where it ends. */
const isBare = (value: unknown): value is string => typeof value === 'string' && /^[^\s"={[][^\s"=]*$/.test(value)

const fieldText = ([name, value]: readonly [string, unknown]): string =>
  `${name}=${isBare(value) ? value : format(value)}`

/** The place of a frame: a path or a URL of a file in parentheses or after `at`, with a line and a column. */
const place = /((?:file:\/\/)?(?:\/|[A-Za-z]:[\\/])[^()]*?)(:\d+:\d+\)?)$/

const toPath = (found: string): string => {
  try {
    return found.startsWith('file:') ? fileURLToPath(found) : found
  } catch {
    return found // of another system
  }
}

/** A line of a stack trace in a terminal: paths in the folder are shown from there, frames of others' code dimmed. */
const toFrame = ({ style, folder }: LogView, line: string): string => {
  if (!/^\s*at /.test(line)) return line
  const [, path, end = ''] = place.exec(line) ?? []
  if (path === undefined) return style.dim(line)
  const file = toPath(path)
  if (!isWithin(folder, file)) return style.dim(line)
  const names = relative(folder, file).split(sep)
  const shown = `${line.slice(0, -path.length - end.length)}${names.join('/')}${end}`
  return names.some((name) => name === 'node_modules' || name === stateFolder) ? style.dim(shown) : shown
}

const nonEmpty = (lines: string): ReadonlyArray<string> => lines.split(/\r?\n/).filter((line) => line.trim() !== '')

const stackLines = (view: LogView, { stackTrace = '', fields }: LogEntry): ReadonlyArray<string> => {
  const cause = text(fields['errorCause'])
  const stack =
    stackTrace === '' ? [] : nonEmpty(cause === undefined ? stackTrace : `${stackTrace}\nCaused by: ${cause}`)
  return stack.map((line) => {
    const frame = line.trim()
    return `    ${view.columns === undefined ? frame : toFrame(view, visible(frame))}`
  })
}

const wordsOf = (paint: Word['paint'], words: string): ReadonlyArray<Word> =>
  words.split(' ').map((word) => ({ text: word, paint }))

const asIs: Word['paint'] = (word) => word

/**
 * An entry as lines for people: the time, the level, the message and the fields; below it the stack trace. Only the first
 * line is not indented, so that nothing that an agent logs can pass for another entry.
 */
export const formatEntry =
  (view: LogView) =>
  (entry: LogEntry): ReadonlyArray<string> => {
    const { style, columns } = view
    const { timestamp, level, message, fields } = entry
    const isTerminal = columns !== undefined
    const safe = (part: string): string => (isTerminal ? visible(part) : part)
    const [first = '', ...rest] = isTerminal ? visible(message).split('\n') : [message]
    const words: ReadonlyArray<Word> = [
      ...(timestamp === undefined ? [] : [{ text: safe(toTime(timestamp)), paint: style.dim }]),
      ...(level === undefined ? [] : [{ text: safe(level), paint: levelStyle(style, level) }]),
      ...wordsOf(asIs, first),
      ...Object.entries(fields)
        .filter(isShown(view, entry))
        .map((field) => ({ text: safe(fieldText(field)).replaceAll('\n', '\\n'), paint: style.dim })),
    ]
    return [...fill(columns, words), ...rest.map((line) => `    ${line}`), ...stackLines(view, entry)]
  }

/** A line of an agent as lines for people: an entry of its log formatted, any other text as it is. */
export const formatLine =
  (view: LogView) =>
  (line: string): ReadonlyArray<string> => {
    const entry = parseEntry(line)
    if (entry.level === undefined) return [line]
    return isAboutProcess(entry) ? [] : formatEntry(view)(entry)
  }
