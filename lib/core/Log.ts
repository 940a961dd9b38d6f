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

/** Fields without the values that a log must not hold, at any depth down to `depth`; all else as its JSON has it. */
export const redact = (fields: Fields, depth = 6): Fields =>
  Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      secretName.test(name) ? hidden : redactValue(value, depth - 1),
    ]),
  )

const hasJson = (value: object): value is { readonly toJSON: () => unknown } =>
  'toJSON' in value && typeof value.toJSON === 'function'

/** What `JSON.stringify` would look at: a value may say itself what it is as JSON. */
const asJson = (value: object): unknown => {
  if (!hasJson(value)) return value
  try {
    return value.toJSON()
  } catch {
    return '[unreadable]'
  }
}

const redactMembers = (value: unknown, depth: number): unknown => {
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Set) return redactMembers([...value], depth)
  if (Array.isArray(value)) return depth < 0 ? '[…]' : value.map((item) => redactValue(item, depth - 1))
  return depth < 0 ? '{…}' : redact(value instanceof Map ? Object.fromEntries<unknown>(value) : { ...value }, depth)
}

const redactValue = (value: unknown, depth: number): unknown =>
  typeof value !== 'object' || value === null || ArrayBuffer.isView(value) ? value : redactMembers(asJson(value), depth)

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
