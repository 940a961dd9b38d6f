/**
 * What others see of a failure: the total folds of `AgentError`. A client gets its problem or close code, a log its
 * cause.
 *
 * @since 0.1.0
 */
import type { AgentError } from './AgentError'

/** A failure as an HTTP response: the status and the parts of `{"error","code","requestId","details"?}`. */
export interface Problem {
  readonly status: number
  readonly code: string
  readonly message: string
  readonly details?: unknown
  /** Headers that belong to the status, such as `Allow` with 405. */
  readonly headers?: Readonly<Record<string, string>>
}

/**
 * Explains a failure as an HTTP response: status, code and message. It never reveals what was thrown.
 *
 * @example
 * ```ts
 * import { AgentError } from 'agentcore-fp'
 *
 * export const { status, code, message } = AgentError.problem(AgentError.notFound()) // 404, 'NOT_FOUND', 'Not Found'
 * ```
 */
export const problem = (error: AgentError): Problem => {
  switch (error._tag) {
    case 'BadRequest':
      return at(400, 'BAD_REQUEST', error.message)
    case 'InvalidJson':
      return at(400, 'INVALID_JSON', 'Invalid JSON', error.reason)
    case 'InvalidEncoding':
      return at(400, 'INVALID_ENCODING', 'Invalid encoding', error.reason)
    case 'InvalidPayload':
      return at(400, 'INVALID_PAYLOAD', 'Invalid payload', error.issues)
    case 'InvalidSessionId':
      return at(400, 'INVALID_SESSION_ID', 'The session id must be 1 to 256 visible ASCII characters')
    case 'MissingSessionId':
      return at(400, 'MISSING_SESSION_ID', 'The header X-Amzn-Bedrock-AgentCore-Runtime-Session-Id is missing')
    case 'UnknownAction':
      return at(400, 'UNKNOWN_ACTION', `Unknown action: ${error.action}`)
    case 'Unauthorized':
      return { ...at(401, 'UNAUTHORIZED', error.message), headers: { 'www-authenticate': error.challenge } }
    case 'AwsRefused':
      return { ...at(403, error.name, error.message), headers: { 'x-amzn-errortype': error.name } }
    case 'ForbiddenHost':
      return at(403, 'FORBIDDEN_HOST', hostMessage(error.host))
    case 'ForbiddenOrigin':
      return at(403, 'FORBIDDEN_ORIGIN', originMessage(error.origin))
    case 'ForbiddenCaller':
      return at(
        403,
        'FORBIDDEN_CALLER',
        'This port accepts requests only from the agentcore command that started the agent: use the URL it printed',
      )
    case 'NotFound':
      return at(404, 'NOT_FOUND', error.message)
    case 'MethodNotAllowed':
      return { ...at(405, 'METHOD_NOT_ALLOWED', 'Method Not Allowed'), headers: { allow: error.allow } }
    case 'NotAcceptable':
      return at(406, 'NOT_ACCEPTABLE', 'The response is an event stream: accept text/event-stream or */*')
    case 'RequestTimeout':
      return at(408, 'REQUEST_TIMEOUT', 'The request did not arrive in time')
    case 'PayloadTooLarge':
      return at(
        413,
        'PAYLOAD_TOO_LARGE',
        `The ${error.isDecompressed ? 'decompressed ' : ''}body is larger than ${error.limit} bytes`,
      )
    case 'UnsupportedMediaType':
      return {
        ...at(415, 'UNSUPPORTED_MEDIA_TYPE', `Unsupported content encoding: ${error.encoding}`),
        headers: { 'accept-encoding': 'gzip, deflate, br' }, // RFC 9110, section 15.5.16
      }
    case 'UpgradeRequired':
      return {
        ...at(426, 'UPGRADE_REQUIRED', 'This path accepts only WebSocket connections'),
        // Without `close`, Node keeps the connection open even if the client asked to close it.
        headers: { upgrade: 'websocket', connection: 'upgrade, close' },
      }
    case 'HeadersTooLarge':
      return at(431, 'HEADERS_TOO_LARGE', 'The request headers are too large')
    case 'Interrupted':
      return at(409, 'INTERRUPTED', 'The work of this session was cancelled')
    case 'Cancelled':
      return at(499, 'CANCELLED', 'The client closed the connection')
    case 'Rejected':
      return at(hasBody(error.status) ? error.status : 500, 'REJECTED', error.message, error.details)
    case 'Unexpected':
      return at(500, 'INTERNAL_ERROR', 'Internal Server Error')
    case 'Unencodable':
      return at(500, 'UNENCODABLE', `The response cannot be encoded as JSON: ${error.reason}`)
    case 'InvalidState':
      return at(500, 'INVALID_STATE', 'The state does not match its codec', error.issues)
    case 'NoEntrypoint':
      return at(500, 'NO_ENTRYPOINT', 'No entrypoint defined')
    case 'StoreFailed':
      return at(500, 'SESSION_STORE_FAILED', 'The session store failed')
    case 'TooManySessions':
      return at(503, 'TOO_MANY_SESSIONS', `All ${error.limit} sessions are in use`)
    case 'Overloaded':
      return {
        ...at(503, 'OVERLOADED', 'The server is reading too many large requests: try again later'),
        headers: { 'retry-after': String(error.retryAfter) },
      }
    case 'TooManyTasks':
      return at(503, 'TOO_MANY_TASKS', `All ${error.limit} background tasks are running`)
    case 'Stopping':
      return at(503, 'STOPPING', 'The server is shutting down')
    case 'AuthorizerUnavailable':
      return {
        ...at(503, 'AUTHORIZER_UNAVAILABLE', "Could not fetch the provider's signing keys"),
        headers: { 'retry-after': String(error.retryAfter) },
      }
    case 'ContextTooLong':
      return at(413, 'CONTEXT_TOO_LONG', 'The conversation is too long for the model')
    case 'BudgetExceeded':
      return at(422, 'BUDGET_EXCEEDED', 'The agent reached its limit of steps or tokens before it had an answer')
    case 'ModelFailed':
      return at(502, 'MODEL_FAILED', 'The model could not answer')
    case 'ModelThrottled':
      return {
        ...at(503, 'MODEL_THROTTLED', 'The model is busy: try again later'),
        headers: { 'retry-after': String(error.retryAfter) },
      }
    case 'DeadlineExceeded':
      return at(504, 'DEADLINE_EXCEEDED', 'The deadline has passed')
    case 'InvalidMessage':
      return at(400, 'INVALID_MESSAGE', 'Invalid message', error.issues)
    case 'MessageTooLarge':
      return at(500, 'MESSAGE_TOO_LARGE', `The message is larger than ${error.limit} bytes`)
    case 'SocketClosed':
      return at(499, 'SOCKET_CLOSED', `The socket was closed (${error.closeCode})`)
  }
}

/**
 * The close code for a WebSocket whose handler failed (RFC 6455, section 7.4.1).
 *
 * @example
 * ```ts
 * import { AgentError } from 'agentcore-fp'
 *
 * export const code = AgentError.closeCode(AgentError.stopping) // 1001
 * ```
 */
export const closeCode = (error: AgentError): number =>
  error._tag === 'InvalidMessage' ? 1007 : error._tag === 'Stopping' ? 1001 : 1011

/**
 * The thrown value behind a failure, if any: for logs, never for clients.
 *
 * @example
 * ```ts
 * import { AgentError } from 'agentcore-fp'
 *
 * export const thrown = AgentError.cause(AgentError.unexpected('no disk')) // 'no disk'
 * ```
 */
export const cause = (error: AgentError): unknown => ('cause' in error ? error.cause : undefined)

const hasBody = (status: number): boolean =>
  Number.isInteger(status) && status >= 200 && status <= 599 && ![204, 205, 304].includes(status)

const at = (status: number, code: string, message: string, details?: unknown): Problem =>
  details === undefined ? { status, code, message } : { status, code, message, details }

/** Text from a request, shortened for a message. */
const quoted = (text: string): string => JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text)

const hostMessage = (host: string): string =>
  host === ''
    ? 'The request must have exactly one valid Host header'
    : `Host ${quoted(host)} is not allowed. To allow it, add its name to allowedHosts (--allow-host with agentcore)`

const originMessage = (origin: string | undefined): string =>
  origin === undefined
    ? 'Requests from pages of another site are not allowed. To allow a page, add its origin to allowedOrigins ' +
      '(--allow-origin with agentcore) and send the request with CORS'
    : `Origin ${quoted(origin)} is not allowed. To allow it, add it to allowedOrigins (--allow-origin with agentcore)`
