/** Requests without a port: a real server and a real client, connected in memory. */
import { request as httpRequest, type Server } from 'node:http'
import { Duplex, Readable } from 'node:stream'
import type { IO } from 'fp-ts/IO'
import { anything, checkOptions, object, type Shape, string, texts } from '../../core/OptionCheck'

/** Options of an injected request, as for `fetch`. The method defaults to POST with a body, else GET. */
export interface InjectInit {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Text and bytes are sent unchanged; any other value as JSON. */
  readonly body?: unknown
  readonly signal?: AbortSignal
}

const shape: Shape<InjectInit> = { method: string, headers: texts, body: anything, signal: object }

const nothing: IO<void> = () => undefined

/**
 * A pair of connected in-memory streams. Events reach the other end in a later tick, as over a network: Node's
 * `duplexPair` delivers them synchronously, reentering the code that caused them.
 */
const connection = (): readonly [Duplex, Duplex] => {
  const onRead = [nothing, nothing]
  const end = (me: 0 | 1): Duplex =>
    new Duplex({
      read: () => {
        const go = onRead[me]
        onRead[me] = nothing
        go?.()
      },
      write: (part: Buffer, _, done) => {
        process.nextTick(() => {
          const other = ends[1 - me]
          if (other === undefined || other.destroyed || other.push(part)) done()
          else onRead[1 - me] = done
        })
      },
      final: (done) => {
        process.nextTick(() => {
          ends[1 - me]?.push(null)
          done()
        })
      },
      destroy: (error, done) => {
        setImmediate(() => ends[1 - me]?.destroy())
        done(error)
      },
    })
  const ends = [end(0), end(1)] as const
  return ends
}

/** The client end of a connection to a server that need not listen. When one end closes, so does the other. */
export const connectTo = (server: Server): Duplex => {
  const [client, other] = connection()
  other.on('error', nothing) // the client end reports it
  server.emit('connection', other)
  return client
}

const isBytes = (body: unknown): body is string | Uint8Array => typeof body === 'string' || body instanceof Uint8Array

/** Sends a request and resolves with its response once the headers are in; the body may still be streaming. */
export const injectTo = (connect: () => Duplex, path: string, init: InjectInit = {}): Promise<Response> =>
  new Promise((resolve, reject) => {
    checkOptions('inject', shape, init)
    const { body, headers, signal, method = body === undefined ? 'GET' : 'POST' } = init
    const request = httpRequest({
      createConnection: connect,
      path,
      method,
      headers: { host: 'localhost', connection: 'close', ...headers },
      ...(signal === undefined ? {} : { signal }),
    })
    request.once('error', reject)
    request.once('response', (res) => {
      request.on('error', () => undefined) // from here on the body reports errors
      const status = res.statusCode ?? 500
      const isEmpty = method === 'HEAD' || [204, 205, 304].includes(status)
      if (isEmpty) res.resume()
      const pairs = Object.entries(res.headersDistinct).flatMap(([name, values]) =>
        (values ?? []).map((value): [string, string] => [name, value]),
      )
      // The ReadableStream types of Node and the web differ only in name.
      const stream = isEmpty ? null : (Readable.toWeb(res) as ReadableStream<Uint8Array>)
      resolve(new Response(stream, { status, headers: pairs }))
    })
    if (body === undefined) request.end()
    else request.end(isBytes(body) ? body : JSON.stringify(body))
  })
