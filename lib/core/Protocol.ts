/**
 * Constants of the AgentCore service contract: the paths, the header names, and which request headers are forwarded to
 * handlers.
 *
 * @since 0.1.0
 */
import * as O from 'fp-ts/Option'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** The paths that the service calls on a container. */
export const path = { invocations: '/invocations', ping: '/ping', websocket: '/ws' } as const

/** Header names of the contract, in lower case as Node reports them. */
export const header = {
  sessionId: 'x-amzn-bedrock-agentcore-runtime-session-id',
  requestId: 'x-amzn-bedrock-agentcore-runtime-request-id',
  userId: 'x-amzn-bedrock-agentcore-runtime-user-id',
  workloadAccessToken: 'x-amz-bedrock-agentcore-identity-wat',
  legacyWorkloadAccessToken: 'workloadaccesstoken',
  oauth2CallbackUrl: 'oauth2callbackurl',
  xAmznTraceId: 'x-amzn-trace-id',
  traceparent: 'traceparent',
  tracestate: 'tracestate',
  baggage: 'baggage',
} as const

/**
 * The subprotocol that announces a bearer token on `/ws`, for browsers, which cannot set headers. A client offers it
 * together with the same name, a dot and the token in base64url; only the plain name may be accepted.
 */
export const bearerProtocol = 'base64UrlBearerAuthorization'

/** The base64url token in an offered subprotocol. */
export const tokenOfProtocol = (offered: string): O.Option<string> =>
  offered.startsWith(`${bearerProtocol}.`) ? O.some(offered.slice(bearerProtocol.length + 1)) : O.none

/**
 * How an agent reports its number of running tasks to the local runtime, beyond the contract: if the variable is `1`,
 * as the local runtime sets it, every response to `/ping` has the header.
 */
export const localRuntime = { variable: 'AGENTCORE_LOCAL_RUNTIME', tasksHeader: 'x-agentcore-tasks' } as const

/**
 * The content type of a refusal that is sent with status 200, since AgentCore replaces every response of an agent with
 * another status. A client that understands it lists it in `Accept`.
 */
export const refusalType = 'application/vnd.agentcore-fp.refusal+json'

/**
 * Headers by which the local runtime explains a failed agent, beside the fixed text that AgentCore sends: the reason, the
 * log file, and the start of the agent's own response in ASCII.
 */
export const localFailure = {
  reason: 'x-agentcore-local-reason',
  log: 'x-agentcore-local-log',
  answer: 'x-agentcore-local-answer',
} as const

/**
 * How `agentcore invoke` asks the local runtime, with the value `true`, to end a turn when its caller leaves, as Ctrl-C
 * means it. AgentCore, and the local runtime otherwise, let the agent finish.
 */
export const endsWithCaller = 'x-agentcore-local-ends-with-caller'

/**
 * The launch secret, by which an agent recognizes requests of the tool that started it: the variable contains a random
 * secret, and every request sends it in the header. Agents of other SDKs ignore both.
 */
export const launchSecret = { variable: 'AGENTCORE_LAUNCH_SECRET', header: 'x-agentcore-launch-secret' } as const

/** The beginning of a launch secret of `agentcore dev`, whose agents show their callers what was thrown. */
export const developmentSecret = 'development.'

/** The prefix of custom headers, which `/ws` also accepts as query parameters. */
export const customPrefix = 'x-amzn-bedrock-agentcore-runtime-custom-'

/** Headers as a Node server reports them: lower-case names, repeated values joined or listed. */
export type RawHeaders = Readonly<Record<string, string | ReadonlyArray<string> | undefined>>

/** The forwardable headers of a request; names are case-insensitive. */
export interface Headers {
  /** The value of a header; repeated values are joined by `, `. */
  readonly get: (name: string) => O.Option<string>
  /** All forwardable headers by their lower-case name. */
  readonly toRecord: () => Readonly<Record<string, string>>
}

// ---------------------------------------------------------------------------------------------------------------------
// forwardable headers
// ---------------------------------------------------------------------------------------------------------------------

const words = (text: string): ReadonlyArray<string> => text.trim().split(/\s+/)

/** The service's own headers, forwardable despite their reserved prefix. */
const serviceHeaders: ReadonlySet<string> = new Set<string>([
  header.sessionId,
  header.requestId,
  header.userId,
  header.workloadAccessToken,
  header.xAmznTraceId,
])

/** Names that the service never forwards: the allow-list rules of the AgentCore developer guide. */
const restricted: ReadonlySet<string> = new Set(
  words(`
    proxy-authorization www-authenticate
    accept accept-charset accept-encoding accept-language
    content-type content-length content-encoding content-language content-location content-range
    cache-control etag expires last-modified pragma vary
    if-match if-modified-since if-none-match if-range if-unmodified-since
    connection keep-alive proxy-connection upgrade host user-agent referer from
    range accept-ranges transfer-encoding te trailer server date location retry-after cookie set-cookie
    content-security-policy content-security-policy-report-only strict-transport-security
    x-content-type-options x-frame-options x-xss-protection referrer-policy permissions-policy
    cross-origin-embedder-policy cross-origin-opener-policy cross-origin-resource-policy origin
    access-control-allow-origin access-control-allow-methods access-control-allow-headers
    access-control-allow-credentials access-control-expose-headers access-control-max-age
    access-control-request-method access-control-request-headers
    accept-ch accept-ch-lifetime dpr width viewport-width downlink ect rtt save-data
    clear-site-data feature-policy expect-ct public-key-pins public-key-pins-report-only
    via forwarded x-forwarded-for x-forwarded-host x-forwarded-proto x-real-ip x-requested-with x-csrf-token
    true-client-ip x-client-ip x-cluster-client-ip x-originating-ip x-source-ip
    x-original-url x-original-host x-rewrite-url cf-ray cf-connecting-ip x-cache x-served-by link
    sec-websocket-key sec-websocket-accept sec-websocket-version sec-websocket-protocol sec-websocket-extensions
    ${launchSecret.header}
  `),
)

const restrictedPrefixes = ['x-amz-', 'x-amzn-', ':'] as const

/** Whether a request header is forwarded to the handler. */
export const isForwardable = (name: string): boolean => {
  const lower = name.toLowerCase()
  if (serviceHeaders.has(lower) || lower.startsWith(customPrefix)) return true
  return !restricted.has(lower) && !restrictedPrefixes.some((prefix) => lower.startsWith(prefix))
}

/**
 * Whether a configuration may allow-list a header name. That `Authorization` requires a JWT authorizer is checked with
 * the configuration as a whole.
 */
export const isConfigurable = (name: string): boolean => {
  const lower = name.toLowerCase()
  if (!/^[a-z][a-z0-9_-]{0,255}$/.test(lower)) return false
  if (lower.startsWith(customPrefix)) return lower.length > customPrefix.length
  return !restricted.has(lower) && !restrictedPrefixes.some((prefix) => lower.startsWith(prefix))
}

// ---------------------------------------------------------------------------------------------------------------------
// destructors
// ---------------------------------------------------------------------------------------------------------------------

/** The value of a header as one string; repeated values are joined. */
export const joined = (value: string | ReadonlyArray<string> | undefined): string | undefined =>
  value === undefined || typeof value === 'string' ? value : value.join(', ')

/** A header by its lower-case name, forwardable or not; an empty one counts as missing. */
export const lookup =
  (name: string) =>
  (raw: RawHeaders): O.Option<string> => {
    const value = Object.hasOwn(raw, name) ? joined(raw[name]) : undefined
    return value === undefined || value === '' ? O.none : Object.freeze(O.some(value))
  }

/** The view of a request's headers that a handler receives. */
export const headers = (raw: RawHeaders): Headers =>
  Object.freeze({
    get: (name: string) => {
      const lower = name.toLowerCase()
      const value = Object.hasOwn(raw, lower) && isForwardable(lower) ? joined(raw[lower]) : undefined
      return value === undefined ? O.none : O.some(value)
    },
    toRecord: () =>
      Object.freeze(
        Object.fromEntries(
          Object.entries(raw).flatMap(([name, value]) => {
            const text = joined(value)
            return text !== undefined && isForwardable(name) ? [[name.toLowerCase(), text]] : []
          }),
        ),
      ),
  })

/** Whether an `Accept` header admits a stream of events. */
export const admitsEvents = (accept: string | undefined): boolean => {
  if (accept === undefined || accept === 'text/event-stream' || accept === '*/*' || accept.trim() === '') return true
  const ranges = accept
    .toLowerCase()
    .split(',')
    .map((range) => range.split(';').map((part) => part.trim()))
  const quality = (type: string): number | undefined => {
    const range = ranges.find(([name]) => name === type)
    if (range === undefined) return undefined
    const q = range.find((part) => part.startsWith('q='))
    return q === undefined ? 1 : Number(q.slice(2))
  }
  return (quality('text/event-stream') ?? quality('text/*') ?? quality('*/*') ?? 0) > 0
}
