/**
 * The connection pool of one agent. Keep-alive connections are reused; one that breaks during an exchange fails that
 * exchange, and no request is ever sent twice.
 */
import { type ClientRequest, request } from 'node:http'
import { launchSecret } from '../../core/Protocol'
import { connectionPool } from '../../node/exchange/ConnectionPool'
import { errorCode } from '../../node/SystemError'
import type { Launched } from './Launcher'
import type { HeaderList } from '../service/RequestHeaders'

/** The head of a request to an agent. Its headers are those of all lists, none of which may contain `host`. */
export interface AgentRequest {
  readonly method: string
  readonly path: string
  readonly headers: ReadonlyArray<HeaderList>
}

/** The connections to one agent. */
export interface Connections {
  /** The launch secret as a header, if the agent requires one. */
  readonly secret: HeaderList
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

/** A pool for an agent at the given address; no connection is open yet. */
export const connections = ({ host, port, secret }: Pick<Launched, 'host' | 'port' | 'secret'>): Connections => {
  const { agent, close } = connectionPool({ host, port, idleTimeout })
  const ours: HeaderList = secret === undefined ? [] : [launchSecret.header, secret]
  const fixed = ['host', `${host.includes(':') ? `[${host}]` : host}:${port}`, ...ours]
  let isClosed = false
  return {
    secret: ours,
    request: ({ method, path, headers }) => {
      const asked = request({ host, port, method, path, agent, maxHeaderSize: maxHead, setHost: false })
      asked.removeHeader('connection') // hop-by-hop, so not the caller's
      return withHeaders(asked, [fixed, ...headers])
    },
    explain: (cause) => (isClosed ? 'it was stopped' : toReason(cause)),
    close: () => {
      isClosed = true
      close()
    },
  }
}

/** Adds headers one by one: collecting them in an object first costs more. An invalid one gives the request up. */
const withHeaders = (request: ClientRequest, lists: ReadonlyArray<HeaderList>): ClientRequest => {
  try {
    for (const list of lists)
      for (let i = 0; i < list.length; i += 2) request.setHeader(list[i] ?? '', list[i + 1] ?? '')
    return request
  } catch (error) {
    request.on('error', () => undefined).destroy()
    throw error
  }
}
