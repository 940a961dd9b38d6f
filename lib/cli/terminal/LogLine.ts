/** Log lines of agents for people: what is JSON for machines becomes a line, its stack trace below it. */
import { relative, sep } from 'node:path'
import { isWithin } from '../entry/Within'
import type { Style } from '../program/Style'
import { visible } from '../program/TerminalText'

/** A log line, as `context.log` and pino write it. */
export interface LogEntry {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly level: LogLevel
  readonly message: string
  /** The name of the logger; empty if there is none. */
  readonly logger: string
  /** Everything else. */
  readonly fields: Readonly<Record<string, unknown>>
}

type LogLevel = 'DEBUG' | 'INFO' | 'WARNING' | 'ERROR'

/** How lines are shown. */
export interface LogView {
  readonly style: Style
  /** Stack frames in files below this folder are shown with their path from it. */
  readonly folder: string
}

// ---------------------------------------------------------------------------------------------------------------------
// reading
// ---------------------------------------------------------------------------------------------------------------------

const levels: Readonly<Record<string, LogLevel>> = {
  DEBUG: 'DEBUG',
  INFO: 'INFO',
  WARNING: 'WARNING',
  WARN: 'WARNING',
  ERROR: 'ERROR',
  FATAL: 'ERROR',
}

/** Of a name, or of a number as pino has them. */
const toLevel = (level: unknown): LogLevel | undefined => {
  if (typeof level === 'string') return levels[level.toUpperCase()]
  if (typeof level !== 'number') return undefined
  if (level >= 50) return 'ERROR'
  if (level >= 40) return 'WARNING'
  return level >= 30 ? 'INFO' : 'DEBUG'
}

const toTime = (time: unknown): number =>
  typeof time === 'number' ? time : typeof time === 'string' ? Date.parse(time) : Number.NaN

const parseObject = (line: string): Readonly<Record<string, unknown>> | undefined => {
  if (!line.startsWith('{')) return undefined
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch {
    return undefined // text that begins like JSON
  }
}

/** The entry of a line; undefined if it is no log line. */
export const parseLogLine = (line: string): LogEntry | undefined => {
  const object = parseObject(line)
  if (object === undefined) return undefined
  const { timestamp, time, level, message, msg, logger, pid: _, hostname: __, ...fields } = object
  const found = { at: toTime(timestamp ?? time), level: toLevel(level), text: message ?? msg }
  if (Number.isNaN(found.at) || found.level === undefined || typeof found.text !== 'string') return undefined
  return {
    at: found.at,
    level: found.level,
    message: found.text,
    logger: typeof logger === 'string' ? logger : '',
    fields,
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// showing
// ---------------------------------------------------------------------------------------------------------------------

/** The local time of day, as the clock of whoever looks on shows it. */
const toClock = (at: number): string => {
  const date = new Date(at)
  const part = (n: number, width = 2): string => String(n).padStart(width, '0')
  return `${part(date.getHours())}:${part(date.getMinutes())}:${part(date.getSeconds())}.${part(date.getMilliseconds(), 3)}`
}

const colorOf = ({ style }: LogView, level: LogLevel): ((text: string) => string) => {
  switch (level) {
    case 'DEBUG':
      return style.dim
    case 'INFO':
      return style.green
    case 'WARNING':
      return style.yellow
    case 'ERROR':
      return style.red
  }
}

/** On one line: a line break in a value would let it pass for a line of its own. */
const oneLine = (text: string): string => visible(text).replaceAll('\n', '\\n')

const toValue = (value: unknown): string => oneLine(typeof value === 'string' ? value : JSON.stringify(value))

/** The ids are long, and of use where something went wrong. */
const isShown = (level: LogLevel, name: string): boolean =>
  level === 'WARNING' || level === 'ERROR' || (name !== 'requestId' && name !== 'sessionId')

/** A path in parentheses or after `at`, with a line and a column. */
const place = /(?:file:\/\/)?((?:\/|[A-Za-z]:[\\/])[^()]*?)(:\d+:\d+\)?)$/

/** A frame of the project is shown with its path from the folder, any other one dimmed. */
const toFrame = ({ style, folder }: LogView, line: string): string => {
  const text = visible(line)
  if (!/^\s*at /.test(text)) return text
  const found = place.exec(text)
  const path = found?.[1]
  if (found === null || path === undefined) return style.dim(text)
  const isOwn = isWithin(folder, path) && !/[\\/](node_modules|[.]bedrock_agentcore)[\\/]/.test(path)
  if (!isOwn) return style.dim(text)
  return `${text.slice(0, found.index)}${relative(folder, path).split(sep).join('/')}${found[2] ?? ''}`
}

const indented = (view: LogView, text: string): ReadonlyArray<string> =>
  text.split(/\r?\n/).map((line) => {
    const frame = toFrame(view, line)
    return frame.startsWith('    ') ? frame : `    ${frame}`
  })

/** A stack trace begins with what was thrown, unless it was written without. */
const describesError = (stack: unknown, message: unknown): boolean =>
  typeof stack === 'string' && (typeof message !== 'string' || stack.includes(message))

/** An entry as lines. */
export const formatLogEntry = (view: LogView, { at, level, message, fields }: LogEntry): string => {
  const { style } = view
  const { stackTrace, errorCause, errorType, errorMessage, err, ...rest } = fields
  const thrown = typeof err === 'object' && err !== null && 'stack' in err ? err.stack : stackTrace
  const reason = describesError(thrown, errorMessage) ? {} : { errorType, errorMessage }
  const shown = Object.entries({ ...rest, ...reason, ...(thrown === undefined && err !== undefined ? { err } : {}) })
    .filter(([name, value]) => value !== undefined && isShown(level, name))
    .map(([name, value]) => `${oneLine(name)}=${toValue(value)}`)
  const head = [style.dim(toClock(at)), colorOf(view, level)(level.padEnd(7)), oneLine(message)]
  return [
    [...head, ...(shown.length === 0 ? [] : [style.dim(shown.join(' '))])].join(' '),
    ...(typeof thrown === 'string' ? indented(view, thrown) : []),
    ...(typeof errorCause === 'string' ? indented(view, `caused by ${errorCause}`) : []),
  ].join('\n')
}

/** A line of a log as lines for people; undefined if it is no log line. */
export const formatLogLine = (view: LogView, line: string): string | undefined => {
  const entry = parseLogLine(line)
  return entry === undefined ? undefined : formatLogEntry(view, entry)
}
