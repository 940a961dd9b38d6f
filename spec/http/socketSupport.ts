/** What the specs of sockets, sessions, tasks and processes stand on: servers, clients and children that end with the test. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { request, type IncomingHttpHeaders, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket as NetSocket } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type ClientOptions, WebSocket } from 'ws'
import type { App } from '../../lib'

// ---------------------------------------------------------------------------------------------------------------------
// events
// ---------------------------------------------------------------------------------------------------------------------

/** A promise that the test settles. */
export interface Deferred<A> {
  readonly promise: Promise<A>
  readonly resolve: (value: A) => void
  readonly reject: (cause: unknown) => void
}

/** A promise for the test to settle. */
export const deferred = <A = void>(): Deferred<A> => {
  let resolve: Deferred<A>['resolve'] = () => undefined
  let reject: Deferred<A>['reject'] = () => undefined
  const promise = new Promise<A>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}

/** A promise that never settles. */
export const never = <A = never>(): Promise<A> => new Promise(() => undefined)

/** So many turns of the event loop. */
export const turns = async (count = 1): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

/** Waits until a condition holds that no event tells of. */
export const eventually = async (holds: () => boolean | Promise<boolean>, within = 5000): Promise<void> => {
  const end = performance.now() + within
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`did not become true within ${within} ms: ${String(holds)}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

/** A queue that a test waits on for its next entry that passes. */
export interface Seen<A> {
  readonly all: ReadonlyArray<A>
  readonly add: (entry: A) => void
  readonly find: (passes: (entry: A) => boolean) => Promise<A>
}

/** Nothing seen yet. */
export const seen = <A>(): Seen<A> => {
  const all: Array<A> = []
  const waiting = new Set<(entry: A) => void>()
  return {
    all,
    add: (entry) => {
      all.push(entry)
      for (const look of waiting) look(entry)
    },
    find: (passes) =>
      new Promise((resolve) => {
        const known = all.find(passes)
        if (known !== undefined) return resolve(known)
        const look = (entry: A): void => {
          if (!passes(entry)) return
          waiting.delete(look)
          resolve(entry)
        }
        waiting.add(look)
      }),
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// logs
// ---------------------------------------------------------------------------------------------------------------------

/** A parsed line of the log. */
export type Line = Readonly<Record<string, unknown>>

/** Options that log into a test. */
export interface LogSink extends Seen<Line> {
  readonly options: { readonly format: 'json'; readonly destination: (line: string) => void }
  /** The first line with the message, now or later. */
  readonly line: (message: string) => Promise<Line>
}

/** A log that a test reads. */
export const logSink = (): LogSink => {
  const lines = seen<Line>()
  return {
    ...lines,
    options: { format: 'json', destination: (line) => lines.add(JSON.parse(line) as Line) },
    line: (message) => lines.find((line) => String(line['message']).includes(message)),
  }
}

/** Options of an app that logs nothing. */
export const quiet = { log: { level: 'silent' } } as const

// ---------------------------------------------------------------------------------------------------------------------
// servers
// ---------------------------------------------------------------------------------------------------------------------

/** An app that listens. */
export interface Served {
  readonly server: Server
  readonly port: number
  readonly url: string
  readonly ws: string
}

/** An app on a free port, stopped whatever happens. */
export const served = async <A>(app: App, use: (served: Served) => Promise<A>): Promise<A> => {
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  try {
    return await use({ server, port, url: `http://127.0.0.1:${port}`, ws: `ws://127.0.0.1:${port}/ws` })
  } finally {
    await app.stop({ timeout: 0 })
  }
}

/** How many connections a server has. */
export const connectionsOf = (server: Server): Promise<number> =>
  new Promise((resolve, reject) => server.getConnections((error, count) => (error ? reject(error) : resolve(count))))

export const sessionHeader = 'x-amzn-bedrock-agentcore-runtime-session-id'
export const requestHeader = 'x-amzn-bedrock-agentcore-runtime-request-id'

/** An answer, read to its end. */
export interface Answered {
  readonly status: number
  readonly headers: Headers
  readonly body: unknown
}

/** Posts an invocation and reads the answer as JSON. */
export const invoke = async (
  app: Pick<App, 'inject'>,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answered> => {
  const response = await app.inject('/invocations', { body: JSON.stringify(body), headers })
  return { status: response.status, headers: response.headers, body: await response.json() }
}

// ---------------------------------------------------------------------------------------------------------------------
// clients
// ---------------------------------------------------------------------------------------------------------------------

/** How a connection ended. */
export interface Closed {
  readonly code: number
  readonly reason: string
}

/** A `ws` client whose messages wait until they are asked for. */
export interface Peer {
  readonly ws: WebSocket
  /** The next message: text as JSON, or bytes. */
  readonly next: () => Promise<unknown>
  readonly say: (...values: ReadonlyArray<unknown>) => void
  readonly closed: Promise<Closed>
}

/** Watches a client that is not open yet. */
export const peerOf = (ws: WebSocket): Peer => {
  const messages: Array<unknown> = []
  const readers: Array<(message: unknown) => void> = []
  ws.on('message', (data: Buffer, isBinary) => {
    const message: unknown = isBinary ? new Uint8Array(data) : JSON.parse(data.toString())
    const reader = readers.shift()
    if (reader === undefined) messages.push(message)
    else reader(message)
  })
  ws.on('error', () => undefined) // `closed` tells
  return {
    ws,
    next: () => (messages.length > 0 ? Promise.resolve(messages.shift()) : new Promise((read) => readers.push(read))),
    say: (...values) => values.forEach((value) => ws.send(JSON.stringify(value))),
    closed: new Promise((resolve) => ws.once('close', (code, reason) => resolve({ code, reason: String(reason) }))),
  }
}

/** A client of `/ws`, open. */
export const dial = async (
  url: string,
  { protocols = [], ...options }: ClientOptions & { readonly protocols?: ReadonlyArray<string> } = {},
): Promise<Peer> => {
  const ws = new WebSocket(url, [...protocols], { perMessageDeflate: false, ...options })
  const peer = peerOf(ws)
  await once(ws, 'open')
  return peer
}

/** An answer to a request for an upgrade. */
export interface Refusal {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: unknown
}

export const handshake: Readonly<Record<string, string>> = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
}

/** Asks for an upgrade that is refused. */
export const refused = (
  port: number,
  headers: Readonly<Record<string, string>> = {},
  { path = '/ws', method = 'GET' }: { readonly path?: string; readonly method?: string } = {},
): Promise<Refusal> =>
  new Promise((resolve, reject) => {
    const all = Object.entries({ ...handshake, ...headers }).filter(([, value]) => value !== '')
    const asked = request({ port, host: '127.0.0.1', path, method, headers: Object.fromEntries(all) })
    asked.once('error', reject)
    asked.once('upgrade', (_, socket) => {
      socket.destroy()
      reject(new Error('it became a socket'))
    })
    asked.once('response', (response) => {
      const parts: Array<Buffer> = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.once('end', () => {
        const text = Buffer.concat(parts).toString()
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: text === '' ? undefined : JSON.parse(text),
        })
      })
    })
    asked.end()
  })

/** A bare TCP connection. */
export interface Raw {
  readonly socket: NetSocket
  readonly received: () => Buffer
  /** Waits until what was received passes. */
  readonly until: (passes: (received: Buffer) => boolean) => Promise<Buffer>
  readonly closed: Promise<void>
}

/** A bare TCP connection to a server. */
export const dialRaw = async (port: number): Promise<Raw> => {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  const chunks = seen<Buffer>()
  let all = Buffer.alloc(0)
  socket.on('data', (chunk) => {
    all = Buffer.concat([all, chunk])
    chunks.add(all)
  })
  socket.on('error', () => undefined) // `closed` tells
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  await once(socket, 'connect')
  return { socket, received: () => all, until: chunks.find, closed }
}

/** The text of a handshake for `/ws`. */
export const handshakeText = (headers: Readonly<Record<string, string>> = {}, path = '/ws'): string =>
  [
    `GET ${path} HTTP/1.1`,
    'Host: localhost',
    ...Object.entries({ ...handshake, ...headers }).map(([name, value]) => `${name}: ${value}`),
    '',
    '',
  ].join('\r\n')

export const isUpgraded = (received: Buffer): boolean => received.includes('\r\n\r\n')

const lengthOf = (length: number): Buffer => {
  if (length < 126) return Buffer.from([0x80 | length])
  const head = Buffer.alloc(length < 65_536 ? 3 : 9)
  head[0] = 0x80 | (length < 65_536 ? 126 : 127)
  if (length < 65_536) head.writeUInt16BE(length, 1)
  else head.writeBigUInt64BE(BigInt(length), 1)
  return head
}

/** A frame as a client sends it: final unless told otherwise, masked. */
export const frameOf = (payload: string | Uint8Array, opcode = 1, isFinal = true): Buffer => {
  const mask = Buffer.from([1, 2, 3, 4])
  const body = Buffer.from(payload)
  return Buffer.concat([
    Buffer.from([(isFinal ? 0x80 : 0) | opcode]),
    lengthOf(body.length),
    mask,
    body.map((byte, at) => byte ^ (mask[at % 4] ?? 0)),
  ])
}

/** A frame of a server. */
export interface Frame {
  readonly opcode: number
  readonly payload: Buffer
}

/** The frames that came after the handshake, as far as they are complete. */
export const framesIn = (received: Buffer): ReadonlyArray<Frame> => {
  const frames: Array<Frame> = []
  let at = received.indexOf('\r\n\r\n') + 4
  while (at + 2 <= received.length) {
    const short = received.readUInt8(at + 1) & 0x7f
    const head = short === 126 ? 4 : short === 127 ? 10 : 2
    const length =
      short === 126 ? received.readUInt16BE(at + 2) : short === 127 ? Number(received.readBigUInt64BE(at + 2)) : short
    const payload = received.subarray(at + head, at + head + length)
    if (payload.length < length) break
    frames.push({ opcode: received.readUInt8(at) & 0x0f, payload })
    at += head + length
  }
  return frames
}

// ---------------------------------------------------------------------------------------------------------------------
// children
// ---------------------------------------------------------------------------------------------------------------------

/** A child process, and what it has printed. */
export interface Child {
  readonly process: ChildProcess
  readonly lines: Seen<string>
  /** The first line of output that contains a text. */
  readonly line: (text: string) => Promise<string>
  readonly exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>
}

/** Runs a compiled script of this folder with arguments, and kills it in the end whatever happens. */
export const withChild = async <A>(
  script: string,
  {
    args = [],
    env = {},
    flags = [],
  }: {
    readonly args?: ReadonlyArray<string>
    readonly env?: Readonly<Record<string, string>>
    readonly flags?: ReadonlyArray<string>
  },
  use: (child: Child) => Promise<A>,
): Promise<A> => {
  const { PORT: _, HOST: __, DOCKER_CONTAINER: ___, ...rest } = process.env
  const child = spawn(process.execPath, [...flags, join(__dirname, `${script}.js`), ...args], {
    env: { ...rest, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const lines = seen<string>()
  createInterface(child.stdout).on('line', lines.add)
  createInterface(child.stderr).on('line', lines.add)
  // `close` comes after all output was read.
  const exited = new Promise<Awaited<Child['exited']>>((resolve) =>
    child.once('close', (code, signal) => resolve({ code, signal })),
  )
  const line = (text: string): Promise<string> =>
    Promise.race([
      lines.find((printed) => printed.includes(text)),
      exited.then(({ code }) => {
        const late = lines.all.find((printed) => printed.includes(text))
        if (late !== undefined) return late
        throw new Error(`the child ended with ${code} and never said ${text}:\n${lines.all.join('\n')}`)
      }),
    ])
  try {
    return await use({ process: child, lines, line, exited })
  } finally {
    child.kill('SIGKILL')
    await exited
  }
}
