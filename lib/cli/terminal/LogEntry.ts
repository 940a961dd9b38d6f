/** A line that an agent wrote: one of its log, which is JSON where there is no terminal, or any other text. */
import * as E from 'fp-ts/Either'
import { format, isExactNumber, parse } from '../document/ExactJson'
import type { Style } from '../program/Style'

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

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !isExactNumber(value)

const parsed = (line: string): unknown => {
  const value = line.startsWith('{') ? parse(line) : undefined
  return value === undefined || E.isLeft(value) ? undefined : value.right
}

/** The entry of a line: its JSON if that has a message, else the line itself. */
export const parseEntry = (line: string): LogEntry => {
  const value = parsed(line)
  if (!isObject(value)) return { message: line, fields: {} }
  const { timestamp, level, message, stackTrace, ...fields } = value
  const said = text(message)
  if (said === undefined) return { message: line, fields: {} }
  const [at, label, stack] = [text(timestamp), text(level), text(stackTrace)]
  return {
    ...(at === undefined ? {} : { timestamp: at }),
    ...(label === undefined ? {} : { level: label }),
    ...(stack === undefined ? {} : { stackTrace: stack }),
    message: said,
    fields,
  }
}

/** What every line would repeat, or what the stack trace says as well. */
const unshown: ReadonlySet<string> = new Set(['logger', 'sessionId', 'errorType', 'errorMessage'])

const fieldText = ([name, value]: readonly [string, unknown]): string =>
  `${name}=${typeof value === 'string' ? value : format(value)}`

const levelText = ({ red, yellow, green, dim }: Style, level: string): string => {
  if (level === 'ERROR' || level === 'CRITICAL') return red(level)
  if (level === 'WARNING' || level === 'WARN') return yellow(level)
  return level === 'DEBUG' ? dim(level) : green(level)
}

/** A time of today as others are shown: of its ISO form the hours, minutes, seconds and milliseconds. */
const toTime = (timestamp: string): string => /T(\d\d:\d\d:\d\d(?:\.\d{3})?)/.exec(timestamp)?.[1] ?? timestamp

/** An entry as lines for people: the time, the level, the message and the fields; below it the stack trace. */
export const formatEntry =
  (style: Style) =>
  ({ timestamp, level, message, stackTrace, fields }: LogEntry): ReadonlyArray<string> => {
    const isTold = stackTrace === undefined
    const more = Object.entries(fields).filter(([name]) =>
      isTold ? name !== 'logger' && name !== 'sessionId' : !unshown.has(name),
    )
    const head = [
      ...(timestamp === undefined ? [] : [style.dim(toTime(timestamp))]),
      ...(level === undefined ? [] : [levelText(style, level)]),
      message,
      ...(more.length === 0 ? [] : [style.dim(more.map(fieldText).join(' '))]),
    ].join(' ')
    return [
      head,
      ...(stackTrace ?? '')
        .split('\n')
        .filter((line) => line.trim() !== '')
        .map((line) => `    ${line.trim()}`),
    ]
  }
