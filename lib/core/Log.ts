/**
 * Log lines as data, and the capability to write them. The edge adds the time and decides where a line goes.
 *
 * @since 0.1.0
 */
import type { IO } from 'fp-ts/IO'

/** How much a line matters. */
export type Level = 'debug' | 'info' | 'warn' | 'error'

/** What a line says beside its message. Values under names of secrets are not shown. */
export type Fields = Readonly<Record<string, unknown>>

/** Writes a line of one level. */
export type Write = (message: string, fields?: Fields) => IO<void>

/** What a handler logs with: `context.log`. Every line carries the request's and the session's id. */
export type Log = Readonly<Record<Level, Write>>

/** Levels by their rank; a line below the level that is set is not written. */
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

/** How many characters of a text a line shows, how many bytes of a buffer, and how many members of all values. */
const most = { characters: 100_000, bytes: 1000, members: 10_000 } as const

/** How many members may still be copied. */
interface Budget {
  left: number
}

/** Text that is cut where it would make a line too long. */
export const cut = (text: string): string =>
  text.length > most.characters ? `${text.slice(0, most.characters)}… (${text.length} characters)` : text

const hasJson = (value: object): value is { readonly toJSON: () => unknown } =>
  'toJSON' in value && typeof value.toJSON === 'function'

/** What `JSON.stringify` would look at: a value may say itself what it is as JSON. */
const asJson = (value: object): unknown => (hasJson(value) ? value.toJSON() : value)

/** So many of the given members as the budget has left, and one more that is shown to be left out. */
const affordable = <A>(members: ReadonlyArray<A>, budget: Budget): ReadonlyArray<A> => {
  const some = members.slice(0, Math.max(0, budget.left) + 1)
  budget.left -= some.length
  return some
}

const toMember = (value: object, name: string): unknown => {
  try {
    return (value as Readonly<Record<string, unknown>>)[name] // it has a key of this name
  } catch {
    return unreadable
  }
}

const redactMap = (value: ReadonlyMap<unknown, unknown>, depth: number, budget: Budget): unknown =>
  Object.fromEntries(
    affordable([...value], budget).map(([key, item]) => {
      const name = String(key)
      return [name, secretName.test(name) ? hidden : redactValue(item, depth - 1, budget)]
    }),
  )

const redactObject = (value: object, depth: number, budget: Budget): Fields =>
  Object.fromEntries(
    affordable(Object.keys(value), budget).map((name) => [
      name,
      secretName.test(name) ? hidden : redactValue(toMember(value, name), depth - 1, budget),
    ]),
  )

const redactMembers = (value: unknown, depth: number, budget: Budget): unknown => {
  if (typeof value === 'string') return cut(value)
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Set) return redactMembers([...value], depth, budget)
  if (Array.isArray(value)) {
    return depth < 0 ? '[…]' : affordable(value, budget).map((item) => redactValue(item, depth - 1, budget))
  }
  if (depth < 0) return '{…}'
  return value instanceof Map ? redactMap(value, depth, budget) : redactObject(value, depth, budget)
}

const redactValue = (value: unknown, depth: number, budget: Budget): unknown => {
  if (typeof value === 'string') return cut(value)
  if (typeof value !== 'object' || value === null) return value
  if (budget.left < 0) return '…'
  try {
    if (ArrayBuffer.isView(value)) return value.byteLength > most.bytes ? `[${value.byteLength} bytes]` : value
    return redactMembers(asJson(value), depth, budget)
  } catch {
    return unreadable // a proxy, a getter or a toJSON that throws
  }
}

/**
 * Fields without the values that a log must not hold, at any depth down to `depth`; all else as its JSON has it. Values
 * that cannot be read are `[unreadable]`, and what is too long for a line is cut.
 */
export const redact = (fields: Fields, depth = 6): Fields => redactObject(fields, depth, { left: most.members })

/** Text without bearer tokens, signatures and the given secrets. */
export const scrub =
  (secrets: ReadonlyArray<string>) =>
  (text: string): string =>
    secrets
      .filter((secret) => secret.length >= 4)
      .sort((a, b) => b.length - a.length) // a short one may be a part of a long one
      .reduce((rest, secret) => rest.replaceAll(secret, hidden), text)
      .replace(/\b(bearer|basic)\s+[\w.~+/=-]{8,}/gi, `$1 ${hidden}`)
      .replace(/\b(Signature|X-Amz-Signature|X-Amz-Security-Token)=[\w%.~+/-]+/gi, `$1=${hidden}`)
