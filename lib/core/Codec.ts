/**
 * Codecs that decode unknown values: an io-ts codec, or any schema that implements Standard Schema (zod, valibot,
 * arktype). Errors are issues with a path, the same for both.
 *
 * @since 0.1.0
 */
import * as E from 'fp-ts/Either'
import type { Context, Decoder, Encoder, Errors, Type, ValidationError } from 'io-ts'
import { type AgentError, type Issue, unencodable } from './AgentError'
import { disregard } from './Call'
import { checkOptions, func, type Kind, oneOf, required, type Shape } from './OptionCheck'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** The part of Standard Schema (version 1) that decoding needs: https://standardschema.dev */
export interface StandardSchema<A> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => StandardResult<A> | Promise<StandardResult<A>>
  }
}

/** The result of a Standard Schema. */
export type StandardResult<A> =
  { readonly value: A; readonly issues?: undefined } | { readonly issues: ReadonlyArray<StandardIssue> }

/** An issue of a Standard Schema. */
export interface StandardIssue {
  readonly message: string
  readonly path?: ReadonlyArray<PropertyKey | { readonly key: PropertyKey }> | undefined
}

/** Decodes unknown values as `A`. */
export type Codec<A> = Decoder<unknown, A> | StandardSchema<A>

/** Encodes `A`s to be sent: an io-ts codec encodes, a Standard Schema only validates. */
export type Out<A> = Encoder<A, unknown> | StandardSchema<A>

/**
 * Reads and writes state in a store: an io-ts codec decodes and encodes it, a Standard Schema validates it each time and
 * leaves it as it is.
 */
export type StateCodec<S> = Type<S, unknown> | StandardSchema<S>

/** Codecs for both directions of an invocation or a WebSocket. */
export interface Codecs<In, Answer> {
  readonly inbound: Codec<In>
  readonly outbound: Out<Answer>
}

/** Codecs for a WebSocket that answers what cannot be decoded. */
export interface AnsweringCodecs<In, Says> extends Codecs<In, Says> {
  /** What to send for a message that cannot be decoded, or that the handler calls invalid. */
  readonly invalid: (issues: ReadonlyArray<Issue>) => NoInfer<Says>
}

/** Codecs for a WebSocket. Without `invalid`, a message that cannot be decoded closes it with 1007. */
export type SocketCodecs<In, Says> = Codecs<In, Says> & Partial<Pick<AnsweringCodecs<In, Says>, 'invalid'>>

/** The result of decoding; a promise only if the schema is asynchronous. */
export type Decoded<A> = E.Either<ReadonlyArray<Issue>, A> | Promise<E.Either<ReadonlyArray<Issue>, A>>

// ---------------------------------------------------------------------------------------------------------------------
// issues of io-ts
// ---------------------------------------------------------------------------------------------------------------------

const shown = (value: unknown): string => {
  switch (typeof value) {
    case 'string':
      return value.length > 40 ? `a string of ${value.length} characters` : `the string ${JSON.stringify(value)}`
    case 'undefined':
      return 'nothing'
    case 'object':
      return value === null ? 'null' : Array.isArray(value) ? 'an array' : 'an object'
    default:
      return `the ${typeof value} ${String(value).slice(0, 40)}`
  }
}

const short = (name: string): string => (name.length > 80 ? `${name.slice(0, 79)}…` : name)

const toTag = (type: object | undefined): unknown => (type !== undefined && '_tag' in type ? type._tag : undefined)

const isBranching = (type: object | undefined): boolean => {
  const tag = toTag(type)
  return tag === 'UnionType' || tag === 'IntersectionType'
}

const step = (key: PropertyKey): string => {
  if (typeof key === 'symbol') return `[${String(key)}]`
  if (typeof key === 'number' || /^\d+$/.test(key)) return `[${key}]`
  return /^[\w$-]+$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`
}

const toPath = (keys: ReadonlyArray<PropertyKey>): string => keys.map(step).join('').replace(/^\./, '')

/** The path to a value; keys of union and intersection members are not part of it. */
const toKeys = (context: Context): ReadonlyArray<string> =>
  context.flatMap(({ key }, i) => (key === '' || isBranching(context[i - 1]?.type) ? [] : [key]))

const toIssue = ({ context, message }: ValidationError): Issue => {
  const last = context[context.length - 1]
  return {
    path: toPath(toKeys(context)),
    message: message ?? `expected ${short(last?.type.name ?? 'another value')}, got ${shown(last?.actual)}`,
  }
}

/** The index of the first union at or after `from` in the context of an error. */
const unionAt =
  (from: number) =>
  ({ context }: ValidationError): number =>
    context.findIndex(({ type }, i) => i >= from && i < context.length - 1 && toTag(type) === 'UnionType')

const groupBy = <A>(items: ReadonlyArray<A>, key: (item: A) => string): ReadonlyArray<ReadonlyArray<A>> => {
  const groups = new Map<string, Array<A>>()
  for (const item of items) {
    const name = key(item)
    const group = groups.get(name)
    if (group === undefined) groups.set(name, [item])
    else group.push(item)
  }
  return [...groups.values()]
}

const missesTag =
  (member: number) =>
  ({ context }: ValidationError): boolean =>
    context.length === member + 2 && toTag(context[member + 1]?.type) === 'LiteralType'

/** The union member that the value's tag selects; the union as a whole if none matches. */
const issuesOfUnion = (errors: ReadonlyArray<ValidationError>, at: number): ReadonlyArray<Issue> => {
  const members = groupBy(errors, ({ context }) => context[at + 1]?.key ?? '')
  const meant = members.filter((member) => !member.some(missesTag(at + 1)))
  const [only] = meant
  if (only !== undefined && meant.length === 1) return issuesFrom(at + 1)(only)
  return errors
    .slice(0, 1)
    .map(({ context }) => toIssue({ value: context[at]?.actual, context: context.slice(0, at + 1) }))
}

const issuesFrom =
  (from: number) =>
  (errors: ReadonlyArray<ValidationError>): ReadonlyArray<Issue> =>
    groupBy(errors, (error) => {
      const at = unionAt(from)(error)
      return at < 0 ? '' : `${at} ${toKeys(error.context.slice(0, at + 1)).join('\0')}`
    }).flatMap((group) => {
      const at = group[0] === undefined ? -1 : unionAt(from)(group[0])
      return at < 0 ? group.map(toIssue) : issuesOfUnion(group, at)
    })

/** The maximum number of issues in a response. */
const most = 20

const toIssues = (errors: Errors): ReadonlyArray<Issue> =>
  groupBy(issuesFrom(0)(errors), ({ path, message }) => `${path}\0${message}`)
    .flatMap(([first]) => (first === undefined ? [] : [first]))
    .slice(0, most)

// ---------------------------------------------------------------------------------------------------------------------
// Standard Schema
// ---------------------------------------------------------------------------------------------------------------------

const isStandard = (codec: object): codec is StandardSchema<unknown> => '~standard' in codec

/** An issue of a union of zod, with those of each member. */
interface UnionIssue extends StandardIssue {
  readonly errors: ReadonlyArray<ReadonlyArray<StandardIssue>>
}

const isUnionIssue = (issue: StandardIssue): issue is UnionIssue =>
  'code' in issue && issue.code === 'invalid_union' && 'errors' in issue && Array.isArray(issue.errors)

const missesLiteral = (issue: StandardIssue): boolean =>
  issue.path?.length === 1 && 'values' in issue && Array.isArray(issue.values) && issue.values.length === 1

/** The union member that the value's tag selects, as for io-ts; the union as a whole if none or several match. */
const issuesOfMember = (issue: StandardIssue): ReadonlyArray<StandardIssue> => {
  if (!isUnionIssue(issue)) return [issue]
  const meant = issue.errors.filter((member) => !member.some(missesLiteral))
  const [only] = meant
  if (only === undefined || meant.length > 1) return [issue]
  return only.flatMap(issuesOfMember).map((own) => ({ ...own, path: [...(issue.path ?? []), ...(own.path ?? [])] }))
}

const fromStandard = <A>(result: StandardResult<A>): E.Either<ReadonlyArray<Issue>, A> =>
  result.issues === undefined
    ? E.right(result.value)
    : E.left(
        result.issues
          .slice(0, most)
          .flatMap(issuesOfMember)
          .slice(0, most)
          .map(({ path, message }) => ({
            path: toPath((path ?? []).map((key) => (typeof key === 'object' ? key.key : key))),
            message,
          })),
      )

const hasStandard = <A>(codec: Codec<A>): codec is StandardSchema<A> => isStandard(codec)

// ---------------------------------------------------------------------------------------------------------------------
// destructors
// ---------------------------------------------------------------------------------------------------------------------

const tooDeep: ReadonlyArray<Issue> = [{ path: '', message: 'nested too deeply' }]

const orTooDeep = (cause: unknown): E.Either<ReadonlyArray<Issue>, never> => {
  if (cause instanceof RangeError) return E.left(tooDeep)
  throw cause
}

const validate = <A>(schema: StandardSchema<A>, value: unknown): Decoded<A> => {
  const result = schema['~standard'].validate(value)
  return result instanceof Promise ? result.then(fromStandard).catch(orTooDeep) : fromStandard(result)
}

const codec: Kind = { expected: 'a codec', accepts: (value) => isObject(value) }

const pair: Shape<Codecs<never, never>> = { inbound: required(codec), outbound: required(codec) }

const answeringPair: Shape<AnsweringCodecs<never, never>> = { ...pair, invalid: func }

const format = { format: required(oneOf('json', 'text')) }

/** Throws if a pair of codecs has more, or less, than that. */
export const checkPair = (where: string, codecs: unknown): void => checkOptions(where, pair, codecs)

/** Throws if what `websocket` takes beside its handler is neither codecs nor a format. */
export const checkSocketSettings = (settings: unknown): void => {
  if (isPair(settings)) return checkOptions('websocket', answeringPair, settings)
  if (isObject(settings) && (isStandard(settings) || 'decode' in settings))
    throw new TypeError('websocket takes a pair of codecs, { inbound, outbound }, not a single one')
  checkOptions('websocket', format, settings, { inbound: 'a pair of codecs', outbound: 'a pair of codecs' })
}

/** Whether a value is a pair of codecs, rather than one. */
export const isPair = (codecs: unknown): boolean => isObject(codecs) && 'inbound' in codecs

const isObject = (value: unknown): value is object =>
  (typeof value === 'object' && value !== null) || typeof value === 'function'

/** A codec with the method that is needed. Throws if it has none: a value of another kind is a mistake of the agent. */
const checkCodec = (codec: unknown, method: 'decode' | 'encode'): void => {
  if (isObject(codec) && (isStandard(codec) || method in codec)) return
  throw new TypeError(
    `Expected a codec, got ${isObject(codec) ? 'another object' : codec === null ? 'null' : `a value of type ${typeof codec}`}: ` +
      'pass an io-ts codec, or a Standard Schema such as one of zod, valibot or arktype',
  )
}

/** Decodes a value. Left: at most 20 issues. Throws at once for what is no codec, and if a schema throws. */
export const decode = <A>(codec: Codec<A>): ((value: unknown) => Decoded<A>) => {
  checkCodec(codec, 'decode')
  return (value) => {
    try {
      if (hasStandard(codec)) return validate(codec, value)
      const result = codec.decode(value)
      disregard(result)
      return E.isRight(result) ? result : E.left(toIssues(result.left))
    } catch (cause) {
      return orTooDeep(cause)
    }
  }
}

/** Encodes a value to be sent. Left: the issues of a Standard Schema. Throws as `decode` does. */
export const encode = <A>(codec: Out<A>): ((value: A) => Decoded<unknown>) => {
  checkCodec(codec, 'encode')
  return (value) => {
    try {
      if ('~standard' in codec) return validate(codec, value)
      const encoded = codec.encode(value)
      disregard(encoded)
      return E.right(encoded)
    } catch (cause) {
      return orTooDeep(cause)
    }
  }
}

/** Encodes a state to be saved. Left: the issues of a Standard Schema, whose output is not saved: it may transform. */
export const encodeState = <S>(codec: StateCodec<S>): ((state: S) => Decoded<unknown>) => {
  const toStored = encode(codec)
  if (!isStandard(codec)) return toStored
  const original = (state: S): ((result: E.Either<ReadonlyArray<Issue>, unknown>) => typeof result) =>
    E.map(() => state)
  return (state) => {
    const validated = toStored(state)
    return validated instanceof Promise ? validated.then(original(state)) : original(state)(validated)
  }
}

/** The failure of a response that its own codec rejects. */
export const toUnencodable = (issues: ReadonlyArray<Issue>): AgentError =>
  unencodable(issues.map(({ path, message }) => `${path} ${message}`.trim()).join('; '))
