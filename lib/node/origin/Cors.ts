/**
 * CORS for the web pages that a command allows: headers that let a page read the response, and the response to its
 * preflight request. AgentCore answers pages itself; on this machine, a server of a command does.
 *
 * @since 0.2.0
 */
import type { IncomingMessage } from 'node:http'
import { allowsOrigin, type GuardPolicy } from './LoopbackGuard'

/** Names and values of response headers. */
type CorsHeaders = ReadonlyArray<readonly [name: string, value: string]>

/** What CORS adds to the response of one request. */
export interface Cors {
  readonly headers: CorsHeaders
  /** Whether the browser asks first. The response is then 204 with these headers, and the agent is not called. */
  readonly isPreflight: boolean
}

/** The CORS of a request. Undefined if no page, or a page that is not allowed, has sent it. */
export type CorsOf = (req: Pick<IncomingMessage, 'method' | 'headers'>) => Cors | undefined

/** CORS for the origins of a policy, and for no others: those that a server accepts as its own need none. */
export const corsFor = (policy: GuardPolicy): CorsOf => {
  const isAllowed = allowsOrigin(policy)
  return ({ method, headers }) => {
    const { origin } = headers
    if (origin === undefined || !isAllowed(origin)) return undefined
    const wanted = headers['access-control-request-method']
    return method === 'OPTIONS' && wanted !== undefined
      ? { headers: preflight(origin, wanted, headers['access-control-request-headers']), isPreflight: true }
      : { headers: readable(origin), isPreflight: false }
  }
}

/** The origin itself instead of `*`, so that a cache keeps the responses of several pages apart. */
const readable = (origin: string): CorsHeaders => [
  ['access-control-allow-origin', origin],
  ['access-control-expose-headers', '*'],
  ['vary', 'Origin'],
]

/** The names of headers are repeated, because `*` would not include `Authorization`. */
const preflight = (origin: string, method: string, names: string | undefined): CorsHeaders => [
  ['access-control-allow-origin', origin],
  ['access-control-allow-methods', method],
  ...(names === undefined ? [] : [['access-control-allow-headers', names] as const]),
  ['vary', 'Origin'],
]
