/**
 * The connection pool of one agent. Keep-alive connections are reused; one that breaks during an exchange fails that
 * exchange, and no request is ever sent twice.
 */
import { Agent, type ClientRequest, request } from 'node:http'
import { launchSecret } from '../../core/Protocol'
import { errorCode } from '../../node/SystemError'
import type { Launched } from './Launcher'
import type { Line } from '../service/RequestHeaders'

/** The head of a request to an agent. */
export interface AgentRequest {
  readonly method: string
  readonly path: string
  readonly headers: ReadonlyArray<Line>
}

/** The connections to one agent. */
export interface Connections {
  /** The launch secret as a header, if the agent requires one. */
  readonly secret: ReadonlyArray<Line>
  /** Begins a request with the given headers, `host` and the secret. Throws if they are invalid in HTTP. */
  readonly request: (head: AgentRequest) => ClientRequest
  /** Explains why an exchange failed. */
  readonly explain: (cause: unknown) => string
  /** Closes all connections; exchanges in flight fail. */
  readonly close: () => void
}

/**
 * The keep-alive timeout in milliseconds, unless the agent announces a shorter one: below that of common servers, so
 * that a request rarely meets a connection that is just being closed.
 */
const idleTimeout = 900

/** The maximum size of a response head, in bytes. */
const maxHead = 65_536

const toReason = (cause: unknown): string => {
  const code = errorCode(cause) ?? ''
  if (code === 'ECONNREFUSED') return 'it is not listening on its port'
  if (code.startsWith('HPE_')) return `it does not speak HTTP (${code})`
  return `its connection failed${code === '' || !isOfSystem(cause) ? '' : ` (${code})`}`
}

/** Node reports `ECONNRESET` also for a connection that merely ended. */
const isOfSystem = (cause: unknown): boolean => typeof cause === 'object' && cause !== null && 'syscall' in cause

/**
 * A pool for an agent at the given address; no connection is open yet.
 *
 * Only the `Agent` knows the requests in flight, by their connections. A set of them, in which each is added and deleted,
 * outgrows its table again and again, and an outgrown table that has reached the old generation keeps its requests and
 * every later table alive until a major collection: garbage collection then took 13 % of the busy time instead of 5 %.
 */
export const connections = ({ host, port, secret }: Pick<Launched, 'host' | 'port' | 'secret'>): Connections => {
  const agent = new Agent({ keepAlive: true, timeout: idleTimeout, scheduling: 'lifo' })
  const ours: ReadonlyArray<Line> = secret === undefined ? [] : [[launchSecret.header, secret]]
  let isClosed = false

  return {
    secret: ours,
    request: ({ method, path, headers }) => {
      const fields = Object.fromEntries([...ours, ...headers])
      const asked = request({ host, port, method, path, headers: fields, agent, maxHeaderSize: maxHead })
      asked.removeHeader('connection') // hop-by-hop, so not the caller's
      if (isClosed) asked.destroy()
      return asked
    },
    explain: (cause) => (isClosed ? 'it was stopped' : toReason(cause)),
    close: () => {
      isClosed = true
      agent.destroy()
    },
  }
}
