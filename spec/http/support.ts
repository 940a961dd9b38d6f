/** What the wire specs stand on: an app on a port or in memory, clients of several manners, and a check that all is left clean. */
import { once } from 'node:events'
import { type IncomingHttpHeaders, request, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { pipe } from 'fp-ts/function'
import { createParser, type EventSourceMessage } from 'eventsource-parser'
import { type Agent, type AgentRouter, type App, bodyParser, createApp, type Options, routes, use } from '../../lib'
import { type Clock, systemClock } from '../../lib/node/Clock'

// ---------------------------------------------------------------------------------------------------------------------
// apps
// ---------------------------------------------------------------------------------------------------------------------

/** A log line, parsed. */
export type Line = Readonly<Record<string, unknown>>

/** Sends a request: on the port with the `fetch` of Node, in memory with `inject`. A value as body is sent as JSON. */
export type Send = App['inject']

/** An app that is served, and what it has logged so far. */
export interface Spoken {
  readonly app: App
  readonly send: Send
  readonly lines: ReadonlyArray<string>
  readonly logged: () => ReadonlyArray<Line>
}

/** An app on a port. */
export interface Served extends Spoken {
  readonly server: Server
  readonly port: number
  readonly url: string
}

/** An agent that can be served: whatever its handlers need is provided. */
export type Closed<Has extends object> = Agent.Agent<Has, {}, Has>

/** Sends with Node's `fetch`, its arguments as `inject` has them. */
const fetchFrom =
  (url: string): Send =>
  (path, { body, ...init } = {}) =>
    fetch(`${url}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      ...init,
      ...(body === undefined ? {} : { body: isBody(body) ? body : JSON.stringify(body) }),
    })

const isBody = (body: unknown): body is string | Uint8Array<ArrayBuffer> =>
  typeof body === 'string' || body instanceof Uint8Array

const parsed = (line: string): Line => JSON.parse(line) as Line

/** The clock of this machine, with a count of the timers that wait. */
const countingClock = (): Clock & { readonly pending: () => number } => {
  const waiting = new Set<symbol>()
  return {
    now: systemClock.now,
    pending: () => waiting.size,
    after: (ms, f) => {
      const id = Symbol('timer')
      waiting.add(id)
      const cancel = systemClock.after(ms, () => {
        waiting.delete(id)
        f()
      })
      return () => {
        waiting.delete(id)
        cancel()
      }
    },
  }
}

const openHandles = (): number => process.getActiveResourcesInfo().filter((kind) => /^(TCP|Pipe)/.test(kind)).length

/** Waits for what some event to come will make true; fails where it has not within two seconds. */
export const eventually = async (isTrue: () => boolean, what: string, within = 2000): Promise<void> => {
  const end = performance.now() + within
  while (!isTrue()) {
    if (performance.now() > end) throw new Error(`not within ${within} ms: ${what}`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** Fails a use that has hung, before jest gives it up: then it would be left running. */
const inTime = async <A>(use: Promise<A>): Promise<A> => {
  const timer: { current?: NodeJS.Timeout } = {}
  const late = new Promise<never>((_, reject) => {
    timer.current = setTimeout(() => reject(new Error('hung')), hung)
  })
  return Promise.race([use, late]).finally(() => clearTimeout(timer.current))
}

/** A use that takes so many milliseconds has hung. */
const hung = 15_000

/** How long an app may take to stop once its clients have gone: far less than it waits for what is in flight. */
const promptly = 1500

const withApp = async <Has extends object, A>(
  agent: Closed<Has>,
  options: Options,
  use: (spoken: Omit<Spoken, 'send'>) => Promise<A>,
): Promise<A> => {
  const lines: Array<string> = []
  const clock = countingClock()
  const handles = openHandles()
  const app = createApp<Has, Has>(agent, {
    clock,
    ...options,
    log: { level: 'debug', format: 'json', destination: (line) => void lines.push(line), ...options.log },
  })
  const result = await inTime(use({ app, lines, logged: () => lines.map(parsed) })).catch(async (failure: unknown) => {
    await app.stop({ timeout: 0 })
    throw failure
  })
  const began = performance.now()
  await app.stop({ timeout: 5000 })
  const took = performance.now() - began
  if (took > promptly) throw new Error(`something was in flight still: stopping took ${took.toFixed()} ms`)
  expect(app.tasks.list().filter(({ outcome }) => outcome._tag === 'Running')).toEqual([])
  expect(clock.pending()).toBe(0)
  await eventually(() => openHandles() <= handles, 'every connection is closed')
  return result
}

/**
 * Serves an agent on a free port while `use` runs. Afterwards, whatever happened, the app is stopped; nothing may be in
 * flight then, no connection, task or timer be left. Jest itself fails a test that leaves an unhandled rejection.
 */
export const served = <Has extends object, A>(
  agent: Closed<Has>,
  use: (at: Served) => Promise<A>,
  options: Options = {},
): Promise<A> =>
  withApp(agent, options, async (spoken) => {
    const server = spoken.app.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const url = `http://127.0.0.1:${port}`
    return use({ ...spoken, server, port, url, send: fetchFrom(url) })
  })

/** The agent in memory while `use` runs, left as clean as on a port. */
export const injected = <Has extends object, A>(
  agent: Closed<Has>,
  use: (spoken: Spoken) => Promise<A>,
  options: Options = {},
): Promise<A> => withApp(agent, options, (spoken) => use({ ...spoken, send: spoken.app.inject }))

/** What an agent may have around its handlers without a difference that a client would notice. */
const surroundings: ReadonlyArray<readonly [string, Agent.Agent]> = [
  ['with a middleware', use((_, next) => next())],
  ['with routes and a body parser', pipe(bodyParser(), routes(fillRouter))],
]

/** Fills a router with a route, and with a pattern that matches the agent's own paths, which it must not get. */
function fillRouter(router: AgentRouter): void {
  router.get('beside', '/beside', (ctx) => {
    ctx.body = 'beside'
  })
  router.get('any', '/any/*path', (ctx) => {
    ctx.body = ctx.params
  })
}

/** One behaviour in four ways: on a real port, in memory, with a middleware, with routes and a body parser. */
export const wire = <Has extends object>(
  name: string,
  agent: Closed<Has>,
  check: (spoken: Spoken) => Promise<void>,
  options: Options = {},
): void => {
  it(`${name} (port)`, () => served(agent, check, options))
  it(`${name} (memory)`, () => injected(agent, check, options))
  for (const [how, also] of surroundings) {
    it(`${name} (${how})`, () => injected(pipe(agent, also), check, options))
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// clients
// ---------------------------------------------------------------------------------------------------------------------

/** What `node:http` got as an answer. */
export interface Got {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  /** False where the connection broke before the answer was whole. */
  readonly isWhole: boolean
}

/** What to ask for with `node:http`. */
export interface Ask {
  readonly path?: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string | ReadonlyArray<string>>>
  readonly body?: string | Uint8Array
}

/** Asks with `node:http`, which adds no header of its own but `Host` and `Connection`. */
export const ask = (
  port: number,
  { path = '/invocations', method = 'POST', headers = {}, body }: Ask = {},
): Promise<Got> =>
  new Promise((resolve, reject) => {
    const all = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, typeof value === 'string' ? value : [...value]]),
    )
    const asked = request({ port, host: '127.0.0.1', path, method, headers: all, agent: false })
    asked.once('error', reject)
    asked.once('response', (res) => {
      const parts: Array<Buffer> = []
      res.on('data', (part: Buffer) => void parts.push(part))
      res.on('error', () => undefined) // `close` tells, and whether the answer was whole
      res.once('close', () =>
        resolve({
          status: res.statusCode ?? 0,
          headers: res.headers,
          text: Buffer.concat(parts).toString('utf8'),
          isWhole: res.complete,
        }),
      )
    })
    asked.end(body)
  })

/** A bare TCP connection, and what has come over it. */
export interface Raw {
  readonly socket: Socket
  readonly say: (text: string | Uint8Array) => void
  readonly heard: () => string
  /** Resolves when what came matches. Rejects when the connection closes first. */
  readonly hears: (what: RegExp | string) => Promise<string>
  /** Resolves with all that came, when the connection has closed. */
  readonly closed: Promise<string>
}

/** Connects without any client between. */
export const rawTo = async (port: number): Promise<Raw> => {
  const socket = connect({ port, host: '127.0.0.1' })
  await once(socket, 'connect')
  const parts: Array<Buffer> = []
  const heard = (): string => Buffer.concat(parts).toString('latin1')
  socket.on('data', (part: Buffer) => void parts.push(part))
  socket.on('error', () => undefined) // a reset is a way to close
  const closed = new Promise<string>((resolve) => socket.once('close', () => resolve(heard())))
  return {
    socket,
    heard,
    closed,
    say: (text) => void socket.write(text),
    hears: (what) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (typeof what === 'string' ? !heard().includes(what) : !what.test(heard())) return
          socket.off('data', look).off('close', fail)
          resolve(heard())
        }
        const fail = (): void => reject(new Error(`closed before ${String(what)} came, after: ${heard()}`))
        socket.on('data', look).once('close', fail)
        look()
      }),
  }
}

/** The text of a request for `/invocations` with a body, for a raw connection. */
export const invocation = (payload: unknown, headers: ReadonlyArray<string> = []): string => {
  const body = JSON.stringify(payload)
  const head = [
    'POST /invocations HTTP/1.1',
    'Host: localhost',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...headers,
  ]
  return `${head.join('\r\n')}\r\n\r\n${body}`
}

/** The body of an answer that came over a raw connection, with the status before it. */
export const answerIn = (text: string): { readonly status: number; readonly head: string; readonly body: string } => {
  const end = text.indexOf('\r\n\r\n')
  const head = end < 0 ? text : text.slice(0, end)
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1]), head, body: end < 0 ? '' : text.slice(end + 4) }
}

// ---------------------------------------------------------------------------------------------------------------------
// what was answered
// ---------------------------------------------------------------------------------------------------------------------

/** The one shape of failures. */
export interface Failure {
  readonly error: string
  readonly code: string
  readonly requestId: string
  readonly details?: unknown
}

/** Reads a failure, and fails where it is not in the one shape. */
export const failureIn = (text: string): Failure => {
  const body = JSON.parse(text) as Failure
  const keys = ['error', 'code', 'requestId', ...('details' in body ? ['details'] : [])]
  expect(Object.keys(body)).toEqual(keys)
  expect(body).toMatchObject({
    error: expect.any(String),
    code: expect.stringMatching(/^([A-Z_]+|[A-Za-z]+Exception)$/),
    requestId: expect.any(String),
  })
  return body
}

/** The failure that a response tells, with its status. */
export const failureOf = async (response: Response): Promise<Failure & { readonly status: number }> => {
  expect(response.headers.get('content-type')).toBe('application/json')
  return { status: response.status, ...failureIn(await response.text()) }
}

/** What `eventsource-parser` reads in a text: events, and comments as `{ comment }`, in their order. */
export const eventsIn = (text: string): ReadonlyArray<EventSourceMessage | { readonly comment: string }> => {
  const found: Array<EventSourceMessage | { readonly comment: string }> = []
  const parser = createParser({
    onEvent: (event) => void found.push(event),
    onComment: (comment) => void found.push({ comment }),
    onError: (error) => {
      throw error
    },
  })
  parser.feed(text)
  return found
}

/** The data of every event of a stream, from its JSON; comments left out. */
export const valuesIn = (text: string): ReadonlyArray<unknown> =>
  eventsIn(text).flatMap((event): ReadonlyArray<unknown> => ('data' in event ? [JSON.parse(event.data)] : []))

/** The body of a response as a stream of text. */
export const textsOf = async function* (response: Response): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  // The web's stream is async iterable in Node; the types of `fetch` do not say so.
  const body = response.body as AsyncIterable<Uint8Array> | null
  for await (const part of body ?? []) yield decoder.decode(part, { stream: true })
}

/** A promise and what settles it. */
export interface Gate<A> {
  readonly opened: Promise<A>
  readonly open: (value: A) => void
}

/** Waits until it is opened. */
export const gate = <A = void>(): Gate<A> => {
  const parts: { open: (value: A) => void } = { open: () => undefined }
  const opened = new Promise<A>((resolve) => (parts.open = resolve))
  return { opened, open: (value) => parts.open(value) }
}

/** Resolves when a signal aborts. */
export const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })

/** A value, and what was done before it. */
export const after = <A>(_done: unknown, value: A): A => value

/** Rejects with anything, as foreign code may. */
export const rejecting = async (reason: unknown): Promise<never> => {
  throw reason
}
