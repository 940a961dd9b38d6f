/**
 * A log line as JSON, with the fields of the Python SDK. Written by hand because every request has one: `JSON.stringify`
 * of the whole object with a replacer takes four times as long.
 */
import type { Fields, Level } from '../../core/Log'
import type { Ids, Measures } from './LogSink'
import { label, toText } from './LogText'

/** The parts of a line: its fields are encoded already, each as `,"name":value`. */
export interface LineParts {
  readonly level: Level
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly message: string
  readonly ids: string
  readonly fields: string
}

const toHead = (level: Level): string => `","level":"${label[level]}","message":`

const heads: Readonly<Record<Level, string>> = {
  debug: toHead('debug'),
  info: toHead('info'),
  warn: toHead('warn'),
  error: toHead('error'),
}

/** The line, without its line break. `message` is encoded already. */
export const toLine = ({ level, at, message, ids, fields }: LineParts): string =>
  `{"timestamp":"${toTimestamp(at)}${heads[level]}${message},"logger":"agentcore-fp"${ids}${fields}}`

/** The last formatted second, which many lines share: `Date.prototype.toISOString` costs as much as the rest. */
let second = Number.NaN
let formatted = ''

/** As `toISOString`. */
export const toTimestamp = (at: number): string => {
  const now = Math.floor(at / 1000)
  if (now !== second) {
    formatted = new Date(now * 1000).toISOString().slice(0, -4)
    second = now
  }
  const rest = Math.floor(at) - now * 1000
  return `${formatted}${rest < 10 ? '00' : rest < 100 ? '0' : ''}${rest}Z`
}

/** Names whose fields a line has on its own. */
export const reserved: ReadonlySet<string> = new Set([
  'timestamp',
  'level',
  'message',
  'logger',
  'requestId',
  'sessionId',
])

/** Fields as members of a JSON object, each after a comma; what has no JSON is left out, as by `JSON.stringify`. */
export const toMembers = (fields: Fields): string => {
  let members = ''
  for (const name of Object.keys(fields)) {
    const value = toValue(fields[name])
    if (value !== undefined) members += `,${JSON.stringify(name)}:${value}`
  }
  return members
}

/** Ids as members, each after `clean`: a regular expression walks them faster before they are joined than after. */
export const toIdMembers = ({ requestId, sessionId }: Ids, clean: (id: string) => string): string => {
  const request = requestId === undefined ? '' : `,"requestId":${quoted(clean(requestId))}`
  return sessionId === undefined ? request : `${request},"sessionId":${quoted(clean(sessionId))}`
}

/** Measures as members. */
export const toMeasureMembers = ({ status, duration }: Measures): string =>
  `${status === undefined ? '' : `,"status":${toNumber(status)}`},"duration":${toNumber(duration)}`

/** A text as JSON. `JSON.stringify` takes three times as long for what it leaves as it is, which most ids are. */
export const quoted = (text: string): string => (unescaped.test(text) ? `"${text}"` : JSON.stringify(text))

const unescaped = /^[\w .:/-]*$/

const toNumber = (value: number): string => (Number.isFinite(value) ? String(value) : 'null')

/** A value as JSON; as a text of it if it cannot be encoded. */
const toValue = (value: unknown): string | undefined => {
  switch (typeof value) {
    case 'number':
      return toNumber(value)
    case 'boolean':
      return String(value)
    case 'string':
      return JSON.stringify(value)
    default:
      return toJson(value)
  }
}

// The type of JSON.stringify hides that the result is undefined for a function or a symbol.
const toJson = (value: unknown): string | undefined => {
  try {
    return JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? String(item) : item))
  } catch {
    return JSON.stringify(toText(value))
  }
}
