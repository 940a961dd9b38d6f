/** What a Node server needs beside its request listener: upgrades, broken requests, and watching the event loop. */
import { type IncomingMessage, type Server, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { type AgentError, badRequest, headersTooLarge, problem, requestTimeout } from '../core/AgentError'
import { problemText } from './Answer'
import type { Runtime } from './Runtime'
import type { Sockets } from './Upgrade'

/** What Node's parser says of a request that it gave up. */
const errorOf = (error: Error): AgentError | undefined => {
  switch ('code' in error ? error.code : undefined) {
    case 'ECONNRESET':
    case 'EPIPE':
      return undefined
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return requestTimeout
    case 'HPE_HEADER_OVERFLOW':
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return headersTooLarge
    default:
      return badRequest('The request is not valid HTTP')
  }
}

/** Answers a request that never became one, in the one shape, and closes its connection. */
const onClientError =
  ({ settings, logs }: Runtime) =>
  (error: Error, socket: Duplex): void => {
    const told = errorOf(error)
    if (told === undefined || !socket.writable) return void socket.destroy()
    const requestId = settings.newId()
    const { status, code } = problem(told)
    logs({ requestId }).warn('Request refused', { status, code, reason: error.message })()
    const body = problemText(problem(told), requestId)
    const head = [
      `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
      'content-type: application/json',
      `content-length: ${Buffer.byteLength(body)}`,
      'connection: close',
    ]
    socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy())
  }

/** How often the event loop is looked at, in milliseconds. */
const lookEvery = 500

/** Warns when something has blocked the event loop for long: `/ping` could not be answered meanwhile. */
const watchLoop = ({ settings: { maxLag }, logs }: Runtime): (() => void) => {
  if (maxLag <= 0) return () => undefined
  let last = performance.now()
  const timer = setInterval(() => {
    const now = performance.now()
    const lag = Math.round(now - last - lookEvery)
    last = now
    if (lag >= maxLag) {
      logs({}).warn('The event loop was blocked, /ping could not be answered', { lag })()
    }
  }, lookEvery)
  timer.unref()
  return () => clearInterval(timer)
}

/** Makes a server serve `/ws` and tell every failure in the one shape. */
export const attach = (
  server: Server,
  runtime: Runtime,
  sockets: Sockets,
  onUpgrade: (req: IncomingMessage, duplex: Duplex, head: Buffer) => void,
): void => {
  server.on('upgrade', onUpgrade)
  server.on('clientError', onClientError(runtime))
  server.on('listening', () => {
    const ends = [watchLoop(runtime), sockets.beat()]
    server.once('close', () => ends.forEach((end) => end()))
  })
}
