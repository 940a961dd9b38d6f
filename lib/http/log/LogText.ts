/** Values as text for log lines: never throws, and without control characters for a terminal. */
import { types } from 'node:util'
import { cut, type Fields, type Level } from '../../core/Log'

/** Levels as the Python SDK names them. */
export const label: Readonly<Record<Level, string>> = { debug: 'DEBUG', info: 'INFO', warn: 'WARNING', error: 'ERROR' }

const attempt = <A>(f: () => A, instead: A): A => {
  try {
    return f()
  } catch {
    return instead
  }
}

/** A value as text: strings unchanged, anything else as JSON, or a description. */
export const toText = (value: unknown): string =>
  typeof value === 'string'
    ? cut(value)
    : attempt(() => cut(toJson(value) ?? String(value)), `(a value of type ${typeof value} that has no JSON)`)

// The type of JSON.stringify hides that the result is undefined for a function or a symbol.
const toJson = (value: unknown): string | undefined =>
  JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? String(item) : item))

/** Whether a value is an error, of any realm: a test runner has one of its own. */
const isError = (value: unknown): value is Error =>
  attempt(() => value instanceof Error || types.isNativeError(value), false)

/** A property of an error as text; none if it is absent or unreadable. */
const toMember = (error: Error, name: keyof Error): string | undefined => {
  const value: unknown = attempt<unknown>(() => error[name], '[unreadable]')
  return value === undefined ? undefined : toText(value)
}

const toCause = (error: Error): string | undefined => {
  const cause: unknown = attempt<unknown>(() => error.cause, '[unreadable]')
  if (cause === undefined) return undefined
  return isError(cause) ? (toMember(cause, 'stack') ?? toMember(cause, 'message')) : toText(cause)
}

/** The fields of a thrown value in a log line, each text by the given function. */
export const errorFields = (error: unknown, clean: (text: string) => string): Fields => {
  const fields = isError(error)
    ? {
        errorType: toMember(error, 'name'),
        errorMessage: toMember(error, 'message'),
        stackTrace: toMember(error, 'stack'),
        errorCause: toCause(error),
      }
    : { errorMessage: toText(error) }
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, text]) => (text === undefined ? [] : [[name, clean(text)]])),
  )
}

/**
 * C0, DEL and C1, the separators at which some terminals break lines, and bidirectional overrides: with them a line
 * could pass for another one, or control the terminal.
 */
const control = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g

const toEscape = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`

/** Text on one line, with control characters escaped. */
export const escaped = (text: string): string => text.replace(control, toEscape)

/** Text of several lines, such as a stack trace, indented so that no line passes for a log line. */
export const indented = (text: string): string =>
  text
    .split(/\r?\n/)
    .map((line) => (line.startsWith('    ') ? escaped(line) : `    ${escaped(line)}`))
    .join('\n')
