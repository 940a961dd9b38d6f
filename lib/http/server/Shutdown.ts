/** Graceful shutdown: stops accepting, lets requests in flight finish, then closes everything. */
import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { stopping } from '../../core/AgentError'
import { quantity, type Shape } from '../../core/OptionCheck'
import { interrupt, type Pending } from '../request/InFlight'
import type { Runtime } from '../request/Runtime'
import type { Sockets } from '../websocket/SocketRequests'

/** Options of a shutdown. */
export interface StopOptions {
  /** How many milliseconds to wait for requests in flight. Default: the app's `stopTimeout`. */
  readonly timeout?: number
}

/** Their shape. */
export const stopOptions: Shape<StopOptions> = { timeout: quantity }

/** The connections of an app. */
export interface Open {
  readonly servers: ReadonlySet<Server>
  readonly connections: ReadonlySet<Socket>
}

/** How long an interrupted response may take to be written, in milliseconds. */
const grace = 500

/** The interval between checks for idle connections during shutdown, in milliseconds. */
const lookEvery = 20

const closed = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    if (!server.listening) return resolve()
    server.close(() => resolve())
  })

/** Resolves when all servers are closed and all requests and forked tasks have finished, or at the timeout. */
export const stopAll = async (
  runtime: Runtime,
  sockets: Pick<Sockets, 'terminate'>,
  { servers, connections }: Open,
  timeout: number,
): Promise<void> => {
  const { inFlight } = runtime
  const interruptThose = (isMeant: (pending: Pending) => boolean): void =>
    [...inFlight].filter(isMeant).forEach((pending) => interrupt(pending, stopping))
  runtime.setStopping(true)
  interruptThose(({ kind }) => kind === 'socket')
  const closing = [...servers].map(closed)
  const idle = setInterval(() => {
    servers.forEach((server) => server.closeIdleConnections())
    // Node counts a connection that was never used as busy.
    for (const connection of connections) if (connection.bytesRead === 0) connection.destroy()
  }, lookEvery)
  let cut: NodeJS.Timeout | undefined
  const late = setTimeout(() => {
    interruptThose(() => true)
    runtime.taskCell.abort()
  }, timeout)
  const over = new Promise<void>((resolve) => {
    cut = setTimeout(() => {
      sockets.terminate()
      servers.forEach((server) => server.closeAllConnections())
      resolve()
    }, timeout + grace)
  })
  await Promise.race([Promise.all([...closing, inFlight.whenEmpty().then(runtime.taskCell.whenSettled)]), over])
  await Promise.all(closing)
  clearTimeout(cut)
  clearInterval(idle)
  clearTimeout(late)
  runtime.sessions.stop()
  runtime.logs.flush()
}
