/**
 * Every failure between a request and its response, as one closed union. The total folds `problem` and `closeCode` in
 * `Problem`, and `Sse.lastFrame`, decide what the client sees of it.
 *
 * @since 0.1.0
 */
import * as E from 'fp-ts/Either'
import { advice, disregard } from './Call'
import { fields, isWellFormed, type Shape } from './WellFormed'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** One issue of a value: the path (`items[0].name`, empty for the value itself) and the message. */
export interface Issue {
  readonly path: string
  readonly message: string
}

/** A failure. Create one with a constructor of this module, which marks it so that it is recognized when thrown. */
export type AgentError = { readonly [brand]: true } & (
  | { readonly _tag: 'BadRequest'; readonly message: string }
  | { readonly _tag: 'InvalidJson'; readonly reason: string }
  | { readonly _tag: 'InvalidEncoding'; readonly reason: string }
  | { readonly _tag: 'InvalidPayload'; readonly issues: ReadonlyArray<Issue> }
  | { readonly _tag: 'InvalidSessionId' }
  | { readonly _tag: 'MissingSessionId' }
  | { readonly _tag: 'UnknownAction'; readonly action: string }
  | { readonly _tag: 'Unauthorized'; readonly message: string; readonly challenge: string }
  | { readonly _tag: 'AwsRefused'; readonly name: AwsErrorName; readonly message: string }
  | { readonly _tag: 'ForbiddenHost'; readonly host: string }
  | { readonly _tag: 'ForbiddenOrigin'; readonly origin: string | undefined }
  | { readonly _tag: 'ForbiddenCaller' }
  | { readonly _tag: 'NotFound'; readonly message: string }
  | { readonly _tag: 'MethodNotAllowed'; readonly allow: string }
  | { readonly _tag: 'NotAcceptable' }
  | { readonly _tag: 'RequestTimeout' }
  | { readonly _tag: 'PayloadTooLarge'; readonly limit: number; readonly isDecompressed: boolean }
  | { readonly _tag: 'UnsupportedMediaType'; readonly encoding: string }
  | { readonly _tag: 'UpgradeRequired' }
  | { readonly _tag: 'HeadersTooLarge' }
  | { readonly _tag: 'Interrupted' }
  | { readonly _tag: 'Cancelled' }
  | { readonly _tag: 'Rejected'; readonly status: number; readonly message: string; readonly details?: unknown }
  | { readonly _tag: 'Unexpected'; readonly cause: unknown }
  | { readonly _tag: 'Unencodable'; readonly reason: string }
  | { readonly _tag: 'InvalidState'; readonly issues: ReadonlyArray<Issue> }
  | { readonly _tag: 'NoEntrypoint' }
  | { readonly _tag: 'StoreFailed'; readonly cause: unknown }
  | { readonly _tag: 'TooManySessions'; readonly limit: number }
  | { readonly _tag: 'Overloaded'; readonly retryAfter: number }
  | { readonly _tag: 'TooManyTasks'; readonly limit: number }
  | { readonly _tag: 'Stopping' }
  | { readonly _tag: 'AuthorizerUnavailable'; readonly cause: unknown; readonly retryAfter: number }
  | { readonly _tag: 'ContextTooLong'; readonly cause: unknown }
  | { readonly _tag: 'BudgetExceeded'; readonly cause: unknown }
  | { readonly _tag: 'ModelFailed'; readonly cause: unknown }
  | { readonly _tag: 'ModelThrottled'; readonly cause: unknown; readonly retryAfter: number }
  | { readonly _tag: 'DeadlineExceeded' }
  | { readonly _tag: 'InvalidMessage'; readonly issues: ReadonlyArray<Issue> }
  | { readonly _tag: 'MessageTooLarge'; readonly limit: number }
  | { readonly _tag: 'SocketClosed'; readonly closeCode: number }
)

/** AWS error names for invalid signatures, which AWS clients recognize. */
export type AwsErrorName =
  | 'AccessDeniedException'
  | 'ExpiredTokenException'
  | 'IncompleteSignatureException'
  | 'InvalidSignatureException'
  | 'MissingAuthenticationTokenException'
  | 'UnrecognizedClientException'

/** Fails to compile for a case that the table of fields lacks. */
const shapes: Readonly<Record<AgentError['_tag'], Shape>> = fields

const brand: unique symbol = Symbol.for('agentcore-fp/AgentError')

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

const mark = { [brand]: true } as const

/**
 * 400 `BAD_REQUEST`: HTTP or the WebSocket handshake does not allow such a request.
 *
 * @example
 * ```ts
 * import { AgentError, entrypoint } from 'agentcore-fp'
 * import { TE } from 'agentcore-fp/fp'
 *
 * export const agent = entrypoint(() => TE.left(AgentError.rejected(409, 'Sold out', { item: 'tea' })))
 * ```
 */
export const badRequest = (message: string): AgentError => ({ ...mark, _tag: 'BadRequest', message })

/** 400 `INVALID_JSON`: the body is not valid JSON, or contains a value that JavaScript cannot represent. */
export const invalidJson = (reason: string): AgentError => ({ ...mark, _tag: 'InvalidJson', reason })

/** 400 `INVALID_ENCODING`: the body is not valid UTF-8, or not encoded as `Content-Encoding` claims. */
export const invalidEncoding = (reason: string): AgentError => ({ ...mark, _tag: 'InvalidEncoding', reason })

/** 400 `INVALID_PAYLOAD`: the entrypoint's codec rejects the payload. */
export const invalidPayload = (issues: ReadonlyArray<Issue>): AgentError => ({
  ...mark,
  _tag: 'InvalidPayload',
  issues,
})

/** 400 `INVALID_SESSION_ID`: the session header is not 1 to 256 visible ASCII characters. */
export const invalidSessionId: AgentError = { ...mark, _tag: 'InvalidSessionId' }

/** 400 `MISSING_SESSION_ID`: the session header is missing and the policy is `require`. */
export const missingSessionId: AgentError = { ...mark, _tag: 'MissingSessionId' }

/** 400 `UNKNOWN_ACTION`: an unknown debug action. */
export const unknownAction = (action: string): AgentError => ({ ...mark, _tag: 'UnknownAction', action })

/** 401 `UNAUTHORIZED`, with a challenge in `WWW-Authenticate`: the bearer token is missing or invalid. */
export const unauthorized = (message: string, challenge = 'Bearer'): AgentError => ({
  ...mark,
  _tag: 'Unauthorized',
  message,
  challenge,
})

/**
 * 403 with an AWS error name as the code, also sent in `x-amzn-ErrorType`: `AccessDeniedException`,
 * `ExpiredTokenException`, `IncompleteSignatureException`, `InvalidSignatureException`,
 * `MissingAuthenticationTokenException` or `UnrecognizedClientException`.
 */
export const awsRefused = (name: AwsErrorName, message: string): AgentError => ({
  ...mark,
  _tag: 'AwsRefused',
  name,
  message,
})

/**
 * 403 `FORBIDDEN_HOST`: on a loopback address, `Host` is missing, repeated, or a name that is neither this machine's
 * nor in `allowedHosts`.
 */
export const forbiddenHost = (host: string): AgentError => ({ ...mark, _tag: 'ForbiddenHost', host })

/**
 * 403 `FORBIDDEN_ORIGIN`: on a loopback address, a web page sent the request and its origin is not in `allowedOrigins`.
 * `origin` is undefined if the browser sent only `Sec-Fetch-Site`.
 */
export const forbiddenOrigin = (origin: string | undefined): AgentError => ({
  ...mark,
  _tag: 'ForbiddenOrigin',
  origin,
})

/** 403 `FORBIDDEN_CALLER`: `agentcore` started this server, but the request bypassed it. */
export const forbiddenCaller: AgentError = { ...mark, _tag: 'ForbiddenCaller' }

/** 404 `NOT_FOUND`. */
export const notFound = (message = 'Not Found'): AgentError => ({ ...mark, _tag: 'NotFound', message })

/** 405 `METHOD_NOT_ALLOWED`, with the `Allow` header. */
export const methodNotAllowed = (allow: string): AgentError => ({ ...mark, _tag: 'MethodNotAllowed', allow })

/** 406 `NOT_ACCEPTABLE`: the response is a stream and `Accept` rules out `text/event-stream`. */
export const notAcceptable: AgentError = { ...mark, _tag: 'NotAcceptable' }

/** 408 `REQUEST_TIMEOUT`: the request did not arrive in time. */
export const requestTimeout: AgentError = { ...mark, _tag: 'RequestTimeout' }

/** 413 `PAYLOAD_TOO_LARGE`: the body exceeds `limit` bytes, as sent or decompressed. */
export const payloadTooLarge = (limit: number, isDecompressed = false): AgentError => ({
  ...mark,
  _tag: 'PayloadTooLarge',
  limit,
  isDecompressed,
})

/** 415 `UNSUPPORTED_MEDIA_TYPE`: an unsupported content encoding. */
export const unsupportedMediaType = (encoding: string): AgentError => ({
  ...mark,
  _tag: 'UnsupportedMediaType',
  encoding,
})

/** 426 `UPGRADE_REQUIRED`: a request for the WebSocket path without an upgrade. */
export const upgradeRequired: AgentError = { ...mark, _tag: 'UpgradeRequired' }

/** 431 `HEADERS_TOO_LARGE`: the headers exceed Node's limit. */
export const headersTooLarge: AgentError = { ...mark, _tag: 'HeadersTooLarge' }

/** 409 `INTERRUPTED`: the invocation was cancelled by `context.session.cancel` or `app.cancel`. */
export const interrupted: AgentError = { ...mark, _tag: 'Interrupted' }

/** 499 `CANCELLED`: the client disconnected before the response; only logs show it. */
export const cancelled: AgentError = { ...mark, _tag: 'Cancelled' }

/**
 * A deliberate rejection, sent with the given status and the code `REJECTED`. A `status` that is not valid for a
 * response with a body (200 to 599, except 204, 205 and 304) is sent as 500.
 */
export const rejected = (status: number, message: string, details?: unknown): AgentError =>
  details === undefined
    ? { ...mark, _tag: 'Rejected', status, message }
    : { ...mark, _tag: 'Rejected', status, message, details }

/** 500 `INTERNAL_ERROR`: an unexpected error. The cause is logged, and sent only with `debug`. */
export const unexpected = (cause: unknown): AgentError => ({ ...mark, _tag: 'Unexpected', cause })

/** 500 `UNENCODABLE`: the response cannot be encoded as JSON (a BigInt, a function, a cycle). */
export const unencodable = (reason: string): AgentError => ({ ...mark, _tag: 'Unencodable', reason })

/** 500 `INVALID_STATE`: a codec rejects the state from middleware or a session store. */
export const invalidState = (issues: ReadonlyArray<Issue>): AgentError => ({ ...mark, _tag: 'InvalidState', issues })

/** 500 `NO_ENTRYPOINT`: the agent was composed without `entrypoint`. */
export const noEntrypoint: AgentError = { ...mark, _tag: 'NoEntrypoint' }

/** 500 `SESSION_STORE_FAILED`: the session store could not read or write. */
export const storeFailed = (cause: unknown): AgentError => ({ ...mark, _tag: 'StoreFailed', cause })

/** 503 `TOO_MANY_SESSIONS`: all `limit` sessions with state are in use. */
export const tooManySessions = (limit: number): AgentError => ({ ...mark, _tag: 'TooManySessions', limit })

/** 503 `OVERLOADED`, with `Retry-After` in seconds: the bodies that are being read already fill `maxBuffered`. */
export const overloaded = (retryAfter = 1): AgentError => ({ ...mark, _tag: 'Overloaded', retryAfter })

/** 503 `TOO_MANY_TASKS`: `limit` background tasks are running, so this one was not started. */
export const tooManyTasks = (limit: number): AgentError => ({ ...mark, _tag: 'TooManyTasks', limit })

/** 503 `STOPPING`: the server is shutting down; a WebSocket is closed with 1001. */
export const stopping: AgentError = { ...mark, _tag: 'Stopping' }

/**
 * 503 `AUTHORIZER_UNAVAILABLE`, with `Retry-After` in seconds: the provider's signing keys could not be fetched, so
 * that no token can be verified.
 */
export const authorizerUnavailable = (cause: unknown, retryAfter = 1): AgentError => ({
  ...mark,
  _tag: 'AuthorizerUnavailable',
  cause,
  retryAfter,
})

/** 413 `CONTEXT_TOO_LONG`: the conversation exceeds what the model can read. */
export const contextTooLong = (cause: unknown): AgentError => ({ ...mark, _tag: 'ContextTooLong', cause })

/** 422 `BUDGET_EXCEEDED`: the agent reached its limit of steps or tokens before it had an answer. */
export const budgetExceeded = (cause: unknown): AgentError => ({ ...mark, _tag: 'BudgetExceeded', cause })

/** 502 `MODEL_FAILED`: the model's provider refused or failed; the cause is logged, and sent only with `debug`. */
export const modelFailed = (cause: unknown): AgentError => ({ ...mark, _tag: 'ModelFailed', cause })

/** 503 `MODEL_THROTTLED`, with `Retry-After` in seconds: the model's provider limits the rate, or is overloaded. */
export const modelThrottled = (cause: unknown, retryAfter = 1): AgentError => ({
  ...mark,
  _tag: 'ModelThrottled',
  cause,
  retryAfter,
})

/** 504 `DEADLINE_EXCEEDED`: the handler or task exceeded its deadline. */
export const deadlineExceeded: AgentError = { ...mark, _tag: 'DeadlineExceeded' }

/** Close code 1007, `INVALID_MESSAGE`: a message from the peer could not be decoded. */
export const invalidMessage = (issues: ReadonlyArray<Issue>): AgentError => ({
  ...mark,
  _tag: 'InvalidMessage',
  issues,
})

/** `MESSAGE_TOO_LARGE`: a message larger than `limit` bytes was not sent. */
export const messageTooLarge = (limit: number): AgentError => ({ ...mark, _tag: 'MessageTooLarge', limit })

/** `SOCKET_CLOSED`: the WebSocket was closed before the message was sent. */
export const socketClosed = (code: number): AgentError => ({ ...mark, _tag: 'SocketClosed', closeCode: code })

const isRecord = (value: unknown): value is Readonly<Record<PropertyKey, unknown>> =>
  typeof value === 'object' && value !== null

/** Whether a constructor of this module made a value: it is marked, and has the fields of its case. */
export const isAgentError = (value: unknown): value is AgentError => {
  try {
    return isRecord(value) && value[brand] === true && isWellFormed(shapes)(value)
  } catch {
    return false // a throwing proxy or getter
  }
}

/** A rejection from an error whose message may be exposed, such as Koa's `ctx.throw` creates. */
const exposed = (cause: unknown): AgentError | undefined => {
  if (!(cause instanceof Error) || !isRecord(cause) || cause['expose'] !== true) return undefined
  const { status, message }: Readonly<Record<string, unknown>> = cause
  return typeof status === 'number' && typeof message === 'string' ? rejected(status, message) : undefined
}

/**
 * Converts a thrown value: an `AgentError` stays itself, an error with `status` and `expose`, such as Koa's `ctx.throw`
 * creates, becomes a rejection, and anything else becomes `Unexpected`. Never throws, whatever the value.
 */
export const fromUnknown = (cause: unknown): AgentError => {
  if (isAgentError(cause)) return cause
  try {
    return exposed(cause) ?? unexpected(cause)
  } catch {
    return unexpected(cause) // a throwing proxy or getter
  }
}

/**
 * Validates the result of untyped code: anything but an Either, or a left that is not an `AgentError`, is `Unexpected`.
 */
export const checked = <A>(result: unknown): E.Either<AgentError, A> => {
  try {
    if (isRecord(result) && result['_tag'] === 'Right') return result as unknown as E.Right<A> // its value is as typed
    if (isRecord(result) && result['_tag'] === 'Left') return E.left(fromUnknown(result['left']))
  } catch (cause) {
    return E.left(unexpected(cause))
  }
  disregard(result)
  return E.left(
    unexpected(
      new TypeError(
        `Expected an Either, as TE.right(value) gives, got ${result === null ? 'null' : typeof result}. ${advice}`,
      ),
    ),
  )
}
