/**
 * Decodes an error response to a `ClientError`, from its status, headers and the start of its body. Total.
 *
 * @since 0.2.0
 */
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import { header } from '../../core/Protocol'
import type { ClientError, ServiceErrorName, Told } from '../error/ClientError'
import { parseJson } from './JsonText'
import { fromHeaders } from './LocalFailureHeaders'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** The head of an answer, and its body as text: the first 64 KB are enough. */
export interface ErrorResponse {
  readonly status: number
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** So many bytes of a refusal are read. */
export const maxBody = 65_536

/** A message has at most so many characters. */
const maxMessage = 1000

type Fields = Readonly<Record<string, unknown>>

// ---------------------------------------------------------------------------------------------------------------------
// parts
// ---------------------------------------------------------------------------------------------------------------------

const isRecord = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const toFields = (body: string): Fields =>
  pipe(
    O.fromEither(parseJson(body)),
    O.filter(isRecord),
    O.getOrElse((): Fields => ({})),
  )

const textIn =
  (fields: Fields) =>
  (name: string): O.Option<string> =>
    pipe(
      O.fromNullable(Object.hasOwn(fields, name) ? fields[name] : undefined),
      O.filter((value): value is string => typeof value === 'string' && value !== ''),
    )

const first = (...found: ReadonlyArray<O.Option<string>>): O.Option<string> => found.find(O.isSome) ?? O.none

/** The first line of a text, which is never long. The lines behind it may repeat the request, and what was secret in it. */
const oneLine = (text: string): string => (text.trim().split(/[\r\n]/, 1)[0] ?? '').slice(0, maxMessage)

/** `ValidationException:http://…` and `aws.protocols#ValidationException` without what is around the name. */
const bareName = (text: string): string => text.replace(/^.*#/s, '').replace(/:.*$/s, '').trim()

const names: Readonly<Record<ServiceErrorName, true>> = {
  ValidationException: true,
  UnauthorizedException: true,
  ServiceQuotaExceededException: true,
  AccessDeniedException: true,
  ResourceNotFoundException: true,
  ConflictException: true,
  RetryableConflictException: true,
  RuntimeClientError: true,
  ThrottlingException: true,
  InternalServerException: true,
}

/** Whether the data plane has a failure of this name. */
export const isServiceErrorName = (name: string): name is ServiceErrorName => Object.hasOwn(names, name)

// ---------------------------------------------------------------------------------------------------------------------
// destructors
// ---------------------------------------------------------------------------------------------------------------------

/** What a failure of this name, as the data plane has them, is; `UnexpectedStatus` for one that is not known. */
export const named = (name: string, toDetails: Told): ClientError =>
  isServiceErrorName(name)
    ? { _tag: name, ...toDetails }
    : {
        _tag: 'UnexpectedStatus',
        ...toDetails,
        message: toDetails.message === '' ? name : `${name}: ${toDetails.message}`,
      }

/**
 * The failure that an answer tells: one of the data plane's by its name, one of an agent of this package by its code and request id,
 * else `UnexpectedStatus`.
 */
export const decode = ({ status, headers, body }: ErrorResponse): ClientError => {
  const fields = toFields(body)
  const text = textIn(fields)
  const inHead = textIn(headers)
  const requestId = O.toUndefined(first(inHead('x-amzn-requestid'), inHead(header.requestId), text('requestId')))
  const told = (message: O.Option<string>): Told => ({
    status,
    message: pipe(
      message,
      O.map(oneLine),
      O.getOrElse(() => ''),
    ),
    requestId,
  })
  const message = first(text('message'), text('Message'), text('error'))
  const name = pipe(first(inHead('x-amzn-errortype'), text('__type')), O.map(bareName))
  if (O.isSome(name) && name.value !== '') return withLocal(headers)(named(name.value, told(message)))
  const code = text('code')
  const error = text('error')
  if (O.isSome(code) && O.isSome(error) && O.isSome(text('requestId'))) {
    const failure = { _tag: 'AgentFailure', code: oneLine(code.value), ...told(error) } as const
    return 'details' in fields ? { ...failure, details: fields['details'] } : failure
  }
  return { _tag: 'UnexpectedStatus', ...told(O.alt(() => O.some(body))(message)) }
}

/** With what the local runtime says of an agent that failed. */
const withLocal =
  (headers: Readonly<Record<string, string>>) =>
  (error: ClientError): ClientError => {
    if (error._tag !== 'RuntimeClientError') return error
    const local = fromHeaders(headers)
    return O.isSome(local) ? { ...error, local: local.value } : error
  }
