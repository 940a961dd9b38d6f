/**
 * The connections to one agent. They are used again while the agent keeps them open; one that breaks in the midst of an
 * exchange fails that exchange, and nothing is ever sent twice.
 */
import { Agent, type ClientRequest, request } from 'node:http'
import { launchSecret } from '../../core/Protocol'
import { toErrorCode } from '../../node/exchange/HttpExchange'
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
  /** What every request must bring for the agent to know this runtime: a header field, or none. */
  readonly secret: ReadonlyArray<Line>
  /** Begins a request with the given headers, `host` and the secret. Throws where no request can carry them. */
  readonly request: (head: AgentRequest) => ClientRequest
  /** Why an exchange failed, in words. */
  readonly explain: (cause: unknown) => string
  /** Closes all of them; exchanges fail. */
  readonly close: () => void
}

/**
 * How long an idle connection is kept, in milliseconds, unless the agent announces less: shorter than servers keep theirs,
 * so that a request rarely meets one that is being closed.
 */
const idleTimeout = 900

/** The head of a response may have so many bytes. */
const maxHead = 65_536

const toReason = (cause: unknown): string => {
  const code = toErrorCode(cause)
  if (code === 'ECONNREFUSED') return 'it does not listen on its port'
  if (code.startsWith('HPE_')) return `it does not speak HTTP (${code})`
  return `its connection broke${code === '' || !isOfSystem(cause) ? '' : ` (${code})`}`
}

/** Node says `ECONNRESET` too where a connection merely ended. */
const isOfSystem = (cause: unknown): boolean => typeof cause === 'object' && cause !== null && 'syscall' in cause

/** The connections to an agent that listens there; none is open yet. */
export const connections = ({ host, port, secret }: Pick<Launched, 'host' | 'port' | 'secret'>): Connections => {
  const agent = new Agent({ keepAlive: true, timeout: idleTimeout, scheduling: 'lifo' })
  const open = new Set<ClientRequest>()
  const ours: ReadonlyArray<Line> = secret === undefined ? [] : [[launchSecret.header, secret]]
  let isClosed = false

  return {
    secret: ours,
    request: ({ method, path, headers }) => {
      const fields = Object.fromEntries([...ours, ...headers])
      const asked = request({ host, port, method, path, headers: fields, agent, maxHeaderSize: maxHead })
      asked.removeHeader('connection') // an agent sees the headers of its caller, and none of this connection
      open.add(asked)
      asked.once('close', () => open.delete(asked))
      if (isClosed) asked.destroy()
      return asked
    },
    explain: (cause) => (isClosed ? 'it was stopped' : toReason(cause)),
    close: () => {
      isClosed = true
      for (const asked of open) asked.destroy()
      agent.destroy()
    },
  }
}
