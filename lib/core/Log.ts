/**
 * Log lines as data, and the capability to write them. The writer adds the time and chooses the destination.
 *
 * @since 0.1.0
 */
import type { IO } from 'fp-ts/IO'

/** The severity of a line. */
export type Level = 'debug' | 'info' | 'warn' | 'error'

/** The fields of a line beside its message. Values of secret names are redacted. */
export type Fields = Readonly<Record<string, unknown>>

/** Writes a line at one level. */
export type Write = (message: string, fields?: Fields) => IO<void>

/** The log of a handler: `context.log`. Every line includes the request id and the session id. */
export type Log = Readonly<Record<Level, Write>>

/** Levels by severity; a line below the configured level is not written. */
export const rank: Readonly<Record<Level | 'silent', number>> = {
  debug: 10,
  info: 20,
  warn: 30,
  error: 40,
  silent: 100,
}

const secretName =
  /authorization|token|secret|password|passwd|cookie|api[-_]?key|credential|workloadaccess|identity-wat/i

const hidden = '[redacted]'

const unreadable = '[unreadable]'

/** Limits of a line: the characters of a text, the bytes of a buffer, and the members of all values together. */
const most = { characters: 100_000, bytes: 1000, members: 10_000 } as const

/** How to copy the members of a line. */
interface Copy {
  /** How many members may still be copied. */
  left: number
  readonly isSecret: (name: string) => boolean
  readonly toText: (text: string) => string
}

/** Text truncated to the limit of a line. */
export const cut = (text: string): string =>
  text.length > most.characters ? `${text.slice(0, most.characters)}… (${text.length} characters)` : text

const hasJson = (value: object): value is { readonly toJSON: () => unknown } =>
  'toJSON' in value && typeof value.toJSON === 'function'

/** The value that `JSON.stringify` would encode, after any `toJSON`. */
const asJson = (value: object): unknown => (hasJson(value) ? value.toJSON() : value)

/** As many members as the budget has left, plus one that stands for the omitted ones. */
const affordable = <A>(members: ReadonlyArray<A>, copy: Copy): ReadonlyArray<A> => {
  const some = members.slice(0, Math.max(0, copy.left) + 1)
  copy.left -= some.length
  return some
}

const toMember = (value: object, name: string): unknown => {
  try {
    return (value as Readonly<Record<string, unknown>>)[name] // callers pass its own keys
  } catch {
    return unreadable
  }
}

const redactMap = (value: ReadonlyMap<unknown, unknown>, depth: number, copy: Copy): unknown =>
  Object.fromEntries(
    affordable([...value], copy).map(([key, item]) => {
      const name = String(key)
      return [name, copy.isSecret(name) ? hidden : redactValue(item, depth - 1, copy)]
    }),
  )

const redactObject = (value: object, depth: number, copy: Copy): Fields =>
  Object.fromEntries(
    affordable(Object.keys(value), copy).map((name) => [
      name,
      copy.isSecret(name) ? hidden : redactValue(toMember(value, name), depth - 1, copy),
    ]),
  )

const redactMembers = (value: unknown, depth: number, copy: Copy): unknown => {
  if (typeof value === 'string') return copy.toText(value)
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Set) return redactMembers([...value], depth, copy)
  if (Array.isArray(value)) {
    return depth < 0 ? '[…]' : affordable(value, copy).map((item) => redactValue(item, depth - 1, copy))
  }
  if (depth < 0) return '{…}'
  return value instanceof Map ? redactMap(value, depth, copy) : redactObject(value, depth, copy)
}

const redactValue = (value: unknown, depth: number, copy: Copy): unknown => {
  if (typeof value === 'string') return copy.toText(value)
  if (typeof value !== 'object' || value === null) return value
  if (copy.left < 0) return '…'
  try {
    if (ArrayBuffer.isView(value)) return value.byteLength > most.bytes ? `[${value.byteLength} bytes]` : value
    return redactMembers(asJson(value), depth, copy)
  } catch {
    return unreadable // a throwing proxy, getter or toJSON
  }
}

/** Whether a field of this name is secret: by the words of its name, or because it is one of the given ones. */
export const secretNames = (more: ReadonlyArray<string> = []): ((name: string) => boolean) => {
  if (more.length === 0) return (name) => secretName.test(name)
  const names = new Set(more.map((name) => name.toLowerCase()))
  return (name) => secretName.test(name) || names.has(name.toLowerCase())
}

/** How fields are redacted. */
export interface Redaction {
  /** How deep values are shown. Default 6. */
  readonly depth?: number
  /** Default: `secretNames()`. */
  readonly isSecret?: (name: string) => boolean
  /** What becomes of a text. Default: `cut`. */
  readonly toText?: (text: string) => string
}

const byWords = secretNames()

/**
 * Redacts secret fields, at any depth that is shown; everything else is as in its JSON. Unreadable values become
 * `[unreadable]`, and values that are too long are truncated.
 */
export const redact = (fields: Fields, { depth = 6, isSecret = byWords, toText = cut }: Redaction = {}): Fields =>
  redactObject(fields, depth, { left: most.members, isSecret, toText })

const withScheme = /\b(bearer|basic)\s+[\w.~+/=-]{8,}/gi

const signature = /\b(Signature|X-Amz-Signature|X-Amz-Security-Token)=[\w%.~+/-]+/gi

/** Redacts bearer tokens, signatures and the given secrets in a text. */
export const scrub = (secrets: ReadonlyArray<string>): ((text: string) => string) => {
  if (secrets.length === 0) return scrubForms
  const known = secrets.filter((secret) => secret.length >= 4).sort((a, b) => b.length - a.length) // longest first: a short one may be part of a long one
  return (text) => scrubForms(known.reduce((left, secret) => left.replaceAll(secret, hidden), text))
}

/** Redacts what has the form of a secret. Most texts are ids, which do not: both patterns would walk them for nothing. */
const scrubForms = (text: string): string =>
  mayHoldSecret.test(text) ? text.replace(withScheme, `$1 ${hidden}`).replace(signature, `$1=${hidden}`) : text

const mayHoldSecret = /[=\s]/
