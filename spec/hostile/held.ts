/** What the specs of attacks that must keep failing stand on: one app for a whole file, bytes in, and what came back. */
import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { IncomingMessage, type Server } from 'node:http'
import { type App, createApp, type Options } from '../../lib'
import { type Closed, eventually, type Line } from '../http/support'

/** An app that serves a whole file of specs. */
export interface Standing {
  readonly app: App
  readonly server: Server
  readonly port: number
  readonly url: string
  readonly lines: ReadonlyArray<string>
  readonly logged: () => ReadonlyArray<Line>
}

/**
 * Serves an agent for all specs of the surrounding block. When they are over it must answer `/ping`, have no connection
 * left, have logged no error but those that `errors` matches, and leave every prototype as it was.
 */
export const standing = <Has extends object>(
  agent: Closed<Has>,
  options: Options = {},
  errors?: RegExp,
): (() => Standing) => {
  const cell: { current?: Standing } = {}
  beforeAll(async () => {
    const lines: Array<string> = []
    const app = createApp<Has, Has>(agent, {
      ...options,
      log: { level: 'debug', format: 'json', destination: (line) => void lines.push(line), ...options.log },
    })
    const server = app.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const logged = (): ReadonlyArray<Line> => lines.map((line) => JSON.parse(line) as Line)
    cell.current = { app, server, port, url: `http://127.0.0.1:${port}`, lines, logged }
  })
  const at = (): Standing => {
    if (cell.current === undefined) throw new Error('it is not serving')
    return cell.current
  }
  afterAll(async () => {
    const { app, server, port, logged } = at()
    try {
      await connectionsOf(server, 0)
      expect(await exchange(port, request(['GET /ping HTTP/1.1', ...closing]))).toMatchObject([{ status: 200 }])
      const isExpected = (message: unknown): boolean => errors?.test(String(message)) === true
      expect(logged().filter(({ level, message }) => level === 'ERROR' && !isExpected(message))).toEqual([])
      expect(pollution()).toEqual([])
    } finally {
      await app.stop({ timeout: 0 })
    }
  })
  return at
}

/** Waits until a server has so many connections. */
export const connectionsOf = async (server: Server, wanted: number): Promise<void> => {
  const seen = { count: -1 }
  await eventually(() => {
    server.getConnections((_, count) => (seen.count = count))
    return seen.count === wanted
  }, `${wanted} connections`)
}

// ---------------------------------------------------------------------------------------------------------------------
// bytes
// ---------------------------------------------------------------------------------------------------------------------

/** The fields that every proper request of these specs has. */
export const closing = ['Host: localhost', 'Connection: close']

/** The text of a request. */
export const request = (head: ReadonlyArray<string>, body = ''): string => `${head.join('\r\n')}\r\n\r\n${body}`

/** A response, as it stood on the wire. */
export interface Response {
  readonly status: number
  readonly head: string
  readonly body: string
}

/** Sends bytes and reads until the server closes: it must. Resolves with all that came, as Latin-1. */
export const heardAfter = (port: number, sent: string | Uint8Array, within = 10_000): Promise<string> =>
  new Promise((resolve, reject) => {
    const parts: Array<Buffer> = []
    const socket = connect({ port, host: '127.0.0.1' }, () => void socket.write(sent))
    const late = setTimeout(() => {
      socket.destroy()
      reject(new Error(`the connection was still open after ${within} ms`))
    }, within)
    socket.on('data', (part: Buffer) => void parts.push(part))
    socket.on('error', () => undefined) // a reset is a way to close
    socket.once('close', () => {
      clearTimeout(late)
      resolve(Buffer.concat(parts).toString('latin1'))
    })
  })

/** Sends bytes and reads every response until the server closes. */
export const exchange = async (port: number, sent: string | Uint8Array): Promise<ReadonlyArray<Response>> =>
  responsesIn(await heardAfter(port, sent))

/** All responses in a text, each body by its length, its chunks, or the end of the text. */
export const responsesIn = (text: string): ReadonlyArray<Response> => {
  if (text === '') return []
  const end = text.indexOf('\r\n\r\n')
  const head = end < 0 ? text : text.slice(0, end)
  const rest = end < 0 ? '' : text.slice(end + 4)
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1])
  const length = /^content-length: (\d+)$/im.exec(head)?.[1]
  const isChunked = /^transfer-encoding: chunked$/im.test(head)
  const isEmpty = status < 200 || status === 204 || status === 304
  const [body, next] = isEmpty
    ? ['', rest]
    : isChunked
      ? unchunked(rest)
      : length === undefined
        ? [rest, '']
        : [rest.slice(0, Number(length)), rest.slice(Number(length))]
  return [{ status, head, body }, ...responsesIn(next)]
}

const unchunked = (text: string): readonly [string, string] => {
  const end = text.indexOf('\r\n')
  const size = parseInt(text.slice(0, end), 16)
  if (end < 0 || Number.isNaN(size)) return [text, '']
  const after = end + 2 + size + 2
  if (size === 0) return ['', text.slice(after)]
  const [body, next] = unchunked(text.slice(after))
  return [text.slice(end + 2, end + 2 + size) + body, next]
}

/** The statuses that were answered. */
export const statusesOf = (responses: ReadonlyArray<Response>): ReadonlyArray<number> =>
  responses.map(({ status }) => status)

// ---------------------------------------------------------------------------------------------------------------------
// prototypes
// ---------------------------------------------------------------------------------------------------------------------

/** The last of a chain of prototypes: the `Object.prototype` of the realm that made the value. */
const rootOf = (value: object): object => {
  const parent: unknown = Object.getPrototypeOf(value)
  return typeof parent === 'object' && parent !== null ? rootOf(parent) : value
}

/** Jest gives specs a realm of their own; Node's modules live in another, and both can be polluted. */
const roots: ReadonlyArray<object> = [
  ...new Set([rootOf({}), rootOf([]), rootOf(IncomingMessage.prototype), Array.prototype]),
]

const namesOf = (root: object): ReadonlyArray<string> => Reflect.ownKeys(root).map(String)

const before = roots.map(namesOf)

/** The names that were added to a prototype since this file was loaded, and those that can be seen in any object. */
export const pollution = (): ReadonlyArray<string> => [
  ...roots.flatMap((root, index) => namesOf(root).filter((name) => before[index]?.includes(name) !== true)),
  ...((): ReadonlyArray<string> => {
    const seen: Array<string> = []
    for (const name in {}) seen.push(name)
    return seen
  })(),
]
