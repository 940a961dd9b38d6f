/** What a Node server needs besides its request listener: upgrades, invalid requests, and a watch on the event loop. */
import { type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { onBrokenRequest } from '../../node/http/RawResponse'
import { rejected } from '../../core/AgentError'
import { problem } from '../../core/Problem'
import { errorCode } from '../../node/SystemError'
import { lookEvery as stallEvery, stallWatch } from '../../node/network/Stall'
import { problemText, writeTo } from '../response/WireResponse'
import { toRequestId } from '../request/Incoming'
import { isOffer, serveAgain } from '../../node/http/UpgradeOffer'
import { toRoute } from '../request/RequestRoute'
import type { Runtime } from '../request/Runtime'
import type { Sockets } from '../websocket/SocketRequests'

/** How long a server waits for a request, and for the next one. Node checks every 30 seconds by default. */
export const timeLimits = ({ requestTimeout: limit, keepAliveTimeout }: Runtime['settings']): ServerOptions => ({
  requestTimeout: limit,
  keepAliveTimeout,
  headersTimeout: toHeadersTimeout(limit, keepAliveTimeout),
  requireHostHeader: false, // the gate checks it, for the uniform error format
  connectionsCheckingInterval: limit > 0 ? Math.min(30_000, Math.ceil(limit / 2)) : 30_000,
})

/** Node's default is 60 seconds. It must be longer than idle connections are kept, and no longer than a request may take. */
const toHeadersTimeout = (requestTimeout: number, keepAliveTimeout: number): number => {
  const longest = Math.max(60_000, keepAliveTimeout + 1000)
  return requestTimeout > 0 ? Math.min(longest, requestTimeout) : longest
}

const disconnects: ReadonlySet<unknown> = new Set(['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE'])

/** Whether an error means that the connection was closed. */
export const isDisconnect = (thrown: unknown): boolean => {
  try {
    return disconnects.has(errorCode(thrown))
  } catch {
    return false // a throwing proxy or getter
  }
}

/** Responds to unparsable input in the uniform error format, and closes the connection. */
const onClientError = ({ settings, logs }: Runtime): ((error: Error, socket: Duplex) => void) =>
  onBrokenRequest((told, error) => {
    const requestId = settings.newId()
    const { status, code } = problem(told)
    logs(() => ({ requestId })).warn('Request refused', { status, code, reason: error.message })()
    return { status, headers: [['content-type', 'application/json']], body: problemText(problem(told), requestId) }
  })

/** Responds to an unsupported `Expect` header, such as `Expect: tea`. */
const onExpectation =
  ({ settings, failure }: Runtime) =>
  (req: IncomingMessage, res: ServerResponse): void => {
    req.resume()
    writeTo(res, failure(toRequestId(req.headers, settings.newId))(rejected(417, 'Expectation Failed')))
  }

/**
 * Serves a request with `Expect: 100-continue`: the client is told to send its body when something reads it, so that a
 * response which does not need it is the only one. Node closes the connection after such a response, and a body that is
 * merely discarded need not be sent.
 */
const onContinue = function (this: Server, req: IncomingMessage, res: ServerResponse): void {
  const read = req._read.bind(req)
  req._read = (size) => {
    req._read = read
    if (!res.headersSent && consumers.some((event) => req.listenerCount(event) > 0)) res.writeContinue()
    read(size)
  }
  this.emit('request', req, res)
}

/** What whoever needs the body listens to, in contrast to `resume` alone. */
const consumers = ['data', 'readable', 'end'] as const

/** The interval between checks of the event loop, in milliseconds. */
const lookEvery = 500

/** Warns when the event loop was blocked for long, during which `/ping` got no response. */
const watchLoop = ({ settings: { maxLag }, logs }: Runtime): (() => void) => {
  if (maxLag <= 0) return () => undefined
  let last = performance.now()
  const timer = setInterval(() => {
    const now = performance.now()
    const lag = Math.round(now - last - lookEvery)
    last = now
    if (lag >= maxLag) {
      logs().warn('The event loop was blocked, /ping could not be answered', { lag })()
    }
  }, lookEvery)
  timer.unref()
  return () => clearInterval(timer)
}

/** Closes connections whose clients stop reading: the unsent bytes would stay in memory. */
const watchStalls = (
  { settings: { sendTimeout }, logs }: Runtime,
  connections: () => Iterable<Duplex>,
): (() => void) => {
  if (sendTimeout <= 0) return () => undefined
  const look = stallWatch<Duplex>(sendTimeout)
  const timer = setInterval(() => {
    for (const connection of look(connections(), performance.now())) {
      logs().warn('A client stopped reading; its connection is closed', { sendTimeout })()
      connection.destroy()
    }
  }, stallEvery(sendTimeout))
  timer.unref()
  return () => clearInterval(timer)
}

/** Adds `/ws` and the uniform error format to a server, and tracks its connections in a set until they are upgraded. */
export const attach = (
  server: Server,
  runtime: Runtime,
  sockets: Pick<Sockets, 'beat' | 'connections'>,
  onUpgrade: (req: IncomingMessage, duplex: Duplex, head: Buffer) => void,
  connections: Set<Socket>,
): void => {
  const forget = function (this: Socket): void {
    connections.delete(this)
  }
  server.on('connection', (connection) => {
    connections.add(connection)
    connection.on('close', forget)
  })
  server.on('upgrade', (req: IncomingMessage, duplex: Duplex, head: Buffer) => {
    connections.delete(req.socket)
    req.socket.off('close', forget)
    if (isOffer(req) && toRoute(req.url) !== 'socket') serveAgain(server, req, duplex, head)
    else onUpgrade(req, duplex, head)
  })
  server.on('clientError', onClientError(runtime))
  server.on('checkContinue', onContinue)
  server.on('checkExpectation', onExpectation(runtime))
  server.on('listening', () => {
    const all = function* (): Iterable<Duplex> {
      yield* connections
      yield* sockets.connections()
    }
    const ends = [watchLoop(runtime), watchStalls(runtime, all), sockets.beat()]
    server.once('close', () => ends.forEach((end) => end()))
  })
}
