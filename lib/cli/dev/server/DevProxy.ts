/**
 * The port that a developer knows. A request goes on to the server that serves now; one that comes while a server starts
 * waits for it. What a server that is retired has begun stays with it.
 */
import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import * as E from 'fp-ts/Either'
import { onBrokenRequest, type RawResponse, respondRaw } from '../../../node/http/RawResponse'
import type { AgentError } from '../../../core/AgentError'
import { problem, type Problem } from '../../../core/Problem'
import { corsFor } from '../../../node/origin/Cors'
import { withoutHopByHop } from '../../../node/http/HopByHop'
import { flawOfRequest } from '../../../node/http/HttpRequest'
import { type Guard, guardOn, type GuardPolicy, open } from '../../../node/origin/LoopbackGuard'
import { type ProxyRules, proxy } from '../../../node/exchange/ReverseProxy'
import { tunnel } from '../../../node/exchange/UpgradeTunnel'
import { launchSecret } from '../../../core/Protocol'
import { problemText } from '../../../http/response/WireResponse'
import { answerTo, controlHeader } from '../../../local/dataplane/Control'
import { listenFrom } from './ListenFrom'

/** A server behind the port, and the secret that it asks every request for. */
export interface Behind {
  readonly port: number
  readonly secret: string
}

/** Where requests go. */
export type Target =
  | ({ readonly _tag: 'Serving' } & Behind)
  /** Something is being built or started. */
  | { readonly _tag: 'Starting' }
  /** Nothing serves, and nothing will until the source changes. */
  | { readonly _tag: 'Down'; readonly why: string }

/** The port and who is behind it. */
export interface Front {
  readonly port: number
  readonly aim: (target: Target) => void
  /** Milliseconds since the last request or WebSocket ended; 0 while there is one. */
  readonly sinceRequest: () => number
  /** Takes no connection any more, and cuts those that are left when they are not over in time. */
  readonly close: (within: number) => Promise<void>
}

/** How long a request waits for a server, in milliseconds. */
const patience = 60_000

/** Why a request is not passed on. */
type Refusal = Pick<Problem, 'status' | 'code' | 'message'>

const notRunning = (message: string): Refusal => ({ status: 503, code: 'NOT_RUNNING', message })

const toBody = ({ code, message }: Refusal): string => JSON.stringify({ error: message, code, requestId: randomUUID() })

const refuse = (res: ServerResponse, why: Refusal): void => {
  if (res.headersSent) return void res.destroy()
  const body = toBody(why)
  res.writeHead(why.status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }).end(body)
}

/** Answers a request that is ambiguous, and closes its connection: where it ends is in doubt. */
const refuseInvalid = (req: IncomingMessage, res: ServerResponse, error: AgentError): void => {
  const told = problem(error)
  const body = problemText(told, randomUUID())
  res.shouldKeepAlive = false
  req.resume()
  res
    .writeHead(told.status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
    .end(body)
}

const toRaw = (status: number, body: string): RawResponse => ({
  status,
  headers: [['content-type', 'application/json']],
  body,
})

/** Answers what is not valid HTTP, and closes its connection. */
const onClientError = onBrokenRequest((error) => {
  const told = problem(error)
  return toRaw(told.status, problemText(told, randomUUID()))
})

// ---------------------------------------------------------------------------------------------------------------------
// passing on
// ---------------------------------------------------------------------------------------------------------------------

/** Lets a server answer a request. */
const pass = (req: IncomingMessage, res: ServerResponse, isPreflight: boolean, behind: Behind): void => {
  const asked = request({
    port: behind.port,
    host: '127.0.0.1',
    method: req.method,
    path: req.url,
    headers: withSecret(requestFields(req), behind),
    agent: false,
  })
  forward({ req, res, asked, body: undefined }, { res, isPreflight })
}

/** A request in progress. */
interface Call {
  readonly res: ServerResponse
  readonly isPreflight: boolean
}

const rules: ProxyRules<Call, never> = {
  onResponse: ({ res, isPreflight }, response) => {
    // An agent without CORS of its own answers a preflight with 405.
    if (isPreflight && response.headers['access-control-allow-origin'] === undefined)
      return { _tag: 'Replace', answer: () => void res.writeHead(204).end() }
    return {
      _tag: 'Pass',
      status: response.statusCode ?? 502,
      reason: response.statusMessage ?? '',
      headers: responseFields(response),
    }
  },
  onResponsePart: () => undefined,
  onRequestPart: () => undefined,
  refuse: () => undefined,
  onFailure: ({ res }) => refuse(res, notRunning('The agent broke the connection off: agentcore dev shows why')),
  onOver: () => undefined,
  finishesAlone: () => false,
  passesTrailers: () => true,
}

const forward = proxy(rules)

const requestFields = ({ rawHeaders, headers }: IncomingMessage): Array<string> => [
  ...withoutHopByHop(rawHeaders),
  ...(headers['transfer-encoding'] === undefined ? [] : ['transfer-encoding', 'chunked']),
]

/** An answer that asks for another protocol names it, though it is of one connection. */
const responseFields = ({ rawHeaders, statusCode, headers }: IncomingMessage): Array<string> => [
  ...withoutHopByHop(rawHeaders),
  ...(statusCode === 426 && headers.upgrade !== undefined ? ['upgrade', headers.upgrade] : []),
]

const isSecret = (name: string): boolean => name.toLowerCase() === launchSecret.header

/** The fields of a request for a server, with the secret: one that the client has sent does not count. */
const withSecret = (raw: ReadonlyArray<string>, { secret }: Behind): Array<string> => [
  ...raw.filter((_, i) => !isSecret(raw[i - (i % 2)] ?? '')),
  launchSecret.header,
  secret,
]

/** Hands a connection that is upgraded over to a server. */
const passSocket = (req: IncomingMessage, client: Duplex, rest: Buffer, behind: Behind): void => {
  const isSocket = req.headers.upgrade?.toLowerCase() === 'websocket'
  const headers = withSecret(isSocket ? req.rawHeaders : withoutOffer(req.rawHeaders), behind)
  tunnel(client, behind.port, { method: req.method ?? 'GET', target: req.url ?? '/', headers, rest })
}

/**
 * The fields of a request that merely offers another protocol, as Java's client does: it is served as if it had not, and
 * its connection ends with the answer, since what else came on it would reach the server unguarded.
 */
const withoutOffer = (raw: ReadonlyArray<string>): Array<string> => [
  ...raw.filter((_, i) => !offer.test(raw[i - (i % 2)] ?? '')),
  'connection',
  'close',
]

const offer = /^(connection|keep-alive|proxy-connection|upgrade|http2-settings)$/i

const refuseSocket = (client: Duplex, why: Refusal): void => respondRaw(client, toRaw(why.status, toBody(why)))

// ---------------------------------------------------------------------------------------------------------------------
// listening
// ---------------------------------------------------------------------------------------------------------------------

/** Something that waits for a server, or hears why there is none. */
interface Guest {
  readonly go: (behind: Behind) => void
  readonly refuse: (why: string) => void
}

/**
 * Takes the first free port from the given one on. Rejects where there is none, or the system refuses. A command that
 * knows the control secret gets the proof that this is the port of `agentcore dev`.
 */
export const openFront = async (from: number, policy: GuardPolicy, control?: string): Promise<Front> => {
  const waiting = new Map<Guest, NodeJS.Timeout>()
  const clients = new Set<Duplex>()
  let target: Target = { _tag: 'Starting' }
  let guard: Guard = open
  const corsOf = corsFor(policy)
  let inFlight = 0
  let lastEnd = -Infinity

  const track = (ends: ServerResponse | Duplex): void => {
    inFlight += 1
    ends.once('close', () => {
      inFlight -= 1
      lastEnd = performance.now()
    })
  }

  const leave = (guest: Guest): void => {
    clearTimeout(waiting.get(guest))
    waiting.delete(guest)
  }

  const serve = (guest: Guest): void => {
    switch (target._tag) {
      case 'Serving':
        return guest.go(target)
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

  const server = createServer({ requireHostHeader: false }, (req, res) => {
    const flaw = flawOfRequest(req)
    if (flaw !== undefined) return refuseInvalid(req, res, flaw)
    const verdict = guard(req)
    if (E.isLeft(verdict)) return refuse(res, problem(verdict.left))
    const proof = answerTo(control, req.headers[controlHeader])
    if (proof !== undefined) return void res.writeHead(204, { [controlHeader]: proof }).end()
    const cors = corsOf(req)
    for (const [name, value] of cors?.headers ?? []) res.setHeader(name, value) // those of the agent win
    const isPreflight = cors?.isPreflight ?? false
    const guest: Guest = {
      go: (behind) => pass(req, res, isPreflight, behind),
      refuse: (why) => refuse(res, notRunning(why)),
    }
    res.once('close', () => leave(guest))
    track(res)
    serve(guest)
  })
  server.on('clientError', onClientError)
  server.requestTimeout = 0 // how long a request may take is the agent's to say
  server.on('connection', (client) => {
    clients.add(client)
    client.once('close', () => clients.delete(client))
  })
  server.on('upgrade', (req, client: Duplex, head) => {
    client.on('error', () => undefined) // a reset is a way to leave; `close` tells
    const flaw = flawOfRequest(req)
    const verdict = flaw === undefined ? guard(req) : E.left(flaw)
    if (E.isLeft(verdict)) return refuseSocket(client, problem(verdict.left))
    const guest: Guest = {
      go: (behind) => passSocket(req, client, head, behind),
      refuse: (why) => refuseSocket(client, notRunning(why)),
    }
    client.once('close', () => leave(guest))
    track(client)
    serve(guest)
  })
  server.on('listening', () => (guard = guardOn(policy, server.address())))
  const port = await listenFrom(server, from)

  return {
    port,
    aim: (to) => {
      target = to
      if (to._tag === 'Starting') return
      const guests = [...waiting.keys()]
      guests.forEach(leave)
      guests.forEach(serve)
    },
    sinceRequest: () => (inFlight > 0 ? 0 : performance.now() - lastEnd),
    close: async (within) => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      const cut = setTimeout(() => clients.forEach((client) => client.destroy()), within)
      await closed
      clearTimeout(cut)
    },
  }
}
