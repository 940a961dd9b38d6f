/**
 * The port that a developer knows. A request goes on to the server that serves now; one that comes while a server starts
 * waits for it. What a server that is retired has begun stays with it.
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { isTaken, tries } from '../process/Port'

/** Where requests go. */
export type Target =
  | { readonly _tag: 'Serving'; readonly port: number }
  /** Something is being built or started. */
  | { readonly _tag: 'Starting' }
  /** Nothing serves, and nothing will until the source changes. */
  | { readonly _tag: 'Down'; readonly why: string }

/** The port and who is behind it. */
export interface Front {
  readonly port: number
  readonly aim: (target: Target) => void
  /** Takes no connection any more, and cuts those that are left when they are not over in time. */
  readonly close: (within: number) => Promise<void>
}

/** How long a request waits for a server, in milliseconds. */
const patience = 60_000

const bodyOf = (why: string): string => JSON.stringify({ error: why, code: 'NOT_RUNNING' })

const refuse = (res: ServerResponse, why: string): void => {
  if (res.headersSent) return void res.destroy()
  const body = bodyOf(why)
  res.writeHead(503, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }).end(body)
}

/** Header fields that speak of one connection alone. */
const ofConnection = /^(connection|keep-alive|proxy-connection)$/i

/** The header fields of a message, without those of its connection, as the names and values that Node lists. */
const fields = (raw: ReadonlyArray<string>): Array<string> =>
  raw.flatMap((name, i) => (i % 2 === 0 && !ofConnection.test(name) ? [name, raw[i + 1] ?? ''] : []))

const pairs = (raw: ReadonlyArray<string>): ReadonlyArray<string> =>
  raw.flatMap((name, i) => (i % 2 === 0 ? [`${name}: ${raw[i + 1] ?? ''}`] : []))

/** Lets a server answer a request; the end of either side goes on to the other. */
const pass = (req: IncomingMessage, res: ServerResponse, port: number): void => {
  const asked = request({
    port,
    host: '127.0.0.1',
    method: req.method,
    path: req.url,
    headers: fields(req.rawHeaders),
    agent: false,
  })
  asked.once('response', (answer) => {
    res.writeHead(answer.statusCode ?? 502, answer.statusMessage, fields(answer.rawHeaders))
    res.flushHeaders()
    answer.pipe(res)
    answer.once('error', () => res.destroy())
  })
  asked.once('error', () => refuse(res, 'The agent broke the connection off: agentcore dev shows why'))
  res.once('close', () => asked.destroy())
  req.pipe(asked)
}

/** Hands a connection that is upgraded over to a server. */
const passSocket = (req: IncomingMessage, client: Duplex, head: Buffer, port: number): void => {
  const server = connect({ port, host: '127.0.0.1', noDelay: true })
  server.on('error', () => client.destroy())
  client.on('error', () => server.destroy())
  client.once('close', () => server.destroy())
  server.once('close', () => client.destroy())
  server.write(
    `${[`${req.method ?? 'GET'} ${req.url ?? '/'} HTTP/1.1`, ...pairs(req.rawHeaders)].join('\r\n')}\r\n\r\n`,
    'latin1', // as Node has read it
  )
  server.write(head)
  client.pipe(server).pipe(client)
}

const refuseSocket = (client: Duplex, why: string): void => {
  const body = bodyOf(why)
  const head = ['HTTP/1.1 503 Service Unavailable', 'content-type: application/json', 'connection: close']
  client.end([...head, `content-length: ${Buffer.byteLength(body)}`, '', body].join('\r\n'))
}

const isInUse = (cause: unknown): boolean => cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE'

const listen = async (server: Server, port: number): Promise<boolean> => {
  if (port !== 0 && (await isTaken(port))) return false
  server.listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
    return true
  } catch (cause) {
    if (isInUse(cause)) return false
    throw cause
  }
}

const listenFrom = async (server: Server, port: number): Promise<void> => {
  for (let at = port; at < port + tries && at < 65_536; at += 1) if (await listen(server, at)) return
  throw new Error(`no port from ${port} on is free`)
}

/** Something that waits for a server, or hears why there is none. */
interface Guest {
  readonly go: (port: number) => void
  readonly refuse: (why: string) => void
}

/** Takes the first free port from the given one on. Rejects where there is none, or the system refuses. */
export const openFront = async (from: number): Promise<Front> => {
  const waiting = new Map<Guest, NodeJS.Timeout>()
  const open = new Set<Duplex>()
  let target: Target = { _tag: 'Starting' }

  const leave = (guest: Guest): void => {
    clearTimeout(waiting.get(guest))
    waiting.delete(guest)
  }

  const serve = (guest: Guest): void => {
    switch (target._tag) {
      case 'Serving':
        return guest.go(target.port)
      case 'Down':
        return guest.refuse(target.why)
      case 'Starting': {
        const late = setTimeout(() => {
          leave(guest)
          guest.refuse('The agent did not start in time')
        }, patience)
        waiting.set(guest, late)
      }
    }
  }

  const server = createServer((req, res) => {
    const guest: Guest = { go: (port) => pass(req, res, port), refuse: (why) => refuse(res, why) }
    res.once('close', () => leave(guest))
    serve(guest)
  })
  server.requestTimeout = 0 // how long a request may take is the agent's to say
  server.on('connection', (client) => {
    open.add(client)
    client.once('close', () => open.delete(client))
  })
  server.on('upgrade', (req, client: Duplex, head) => {
    const guest: Guest = {
      go: (port) => passSocket(req, client, head, port),
      refuse: (why) => refuseSocket(client, why),
    }
    client.on('error', () => undefined) // a reset is a way to leave; `close` tells
    client.once('close', () => leave(guest))
    serve(guest)
  })
  await listenFrom(server, from)
  const address = server.address()

  return {
    port: typeof address === 'object' && address !== null ? address.port : from,
    aim: (to) => {
      target = to
      if (to._tag === 'Starting') return
      const guests = [...waiting.keys()]
      guests.forEach(leave)
      guests.forEach(serve)
    },
    close: async (within) => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      const cut = setTimeout(() => open.forEach((client) => client.destroy()), within)
      await closed
      clearTimeout(cut)
    },
  }
}
