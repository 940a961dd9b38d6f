/** Strict io-ts codecs: they reject unknown fields, because a misspelt field would be a check that never runs. */
import * as E from 'fp-ts/Either'
import * as t from 'io-ts'

/** A string that passes; what it must be is the name, unless `explain` says why one does not. */
export const text = (
  name: string,
  passes: (value: string) => boolean,
  explain?: (value: string) => string,
): t.Type<string, string> => {
  const is = (value: unknown): value is string => typeof value === 'string' && passes(value)
  return new t.Type(
    name,
    is,
    (value, context) => {
      if (is(value)) return t.success(value)
      return typeof value === 'string' ? t.failure(value, context, explain?.(value)) : t.failure(value, context)
    },
    t.identity,
  )
}

/** Something wrong with a decoded value: at one of its fields, or with the whole. */
export interface Flaw {
  readonly field: string | undefined
  readonly message: string
}

/** A codec whose values must be without flaw. */
export const checked = <A>(codec: t.Type<A, unknown>, flawsOf: (value: A) => ReadonlyArray<Flaw>): t.Type<A, unknown> =>
  new t.Type(
    codec.name,
    (value): value is A => codec.is(value) && flawsOf(value).length === 0,
    (value, context) => {
      const decoded = codec.validate(value, context)
      if (E.isLeft(decoded)) return decoded
      const errors = flawsOf(decoded.right).map(({ field: at, message }) => ({
        value,
        context: at === undefined ? context : t.appendContext(context, at, t.unknown),
        message,
      }))
      return errors.length === 0 ? decoded : t.failures(errors)
    },
    codec.encode,
  )

/** Something that may be left out. */
export const optional = <A>(codec: t.Type<A, unknown>): t.Type<A | undefined, unknown> =>
  new t.Type(
    codec.name,
    (value): value is A | undefined => value === undefined || codec.is(value),
    (value, context) => (value === undefined ? t.success(undefined) : codec.validate(value, context)),
    (value) => (value === undefined ? undefined : codec.encode(value)),
  )

/** At least one of something. */
export const list = <A>(item: t.Type<A, unknown>): t.Type<ReadonlyArray<A>, unknown> =>
  checked(t.readonlyArray(item, `a list: ${item.name}`), (items) =>
    items.length === 0 ? [{ field: undefined, message: 'the list is empty' }] : [],
  )

const toKeys = (value: unknown): ReadonlyArray<string> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : []

/** A record without any other fields: one that is misspelt would otherwise be a check that is not made. */
export const closed = <A>(codec: t.Type<A, unknown>, known: ReadonlyArray<string>): t.Type<A, unknown> =>
  new t.Type(
    codec.name,
    (value): value is A => codec.is(value) && toKeys(value).every((key) => known.includes(key)),
    (value, context) => {
      const decoded = codec.validate(value, context)
      const strangers = toKeys(value)
        .filter((key) => !known.includes(key))
        .map((key) => ({
          value,
          context: t.appendContext(context, key, t.unknown),
          message: `unknown field; expected one of ${known.join(', ')}`,
        }))
      if (strangers.length === 0) return decoded
      return t.failures([...(E.isLeft(decoded) ? decoded.left : []), ...strangers])
    },
    codec.encode,
  )
