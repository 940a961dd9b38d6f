/** One request on its way: its ids, what it aborts by, and the context that handlers are given. */
import type { EventEmitter } from 'node:events'
import type { IncomingMessage } from 'node:http'
import * as E from 'fp-ts/Either'
import type { IO } from 'fp-ts/IO'
import * as O from 'fp-ts/Option'
import { type AgentError, cancelled, deadlineExceeded, missingSessionId } from '../core/AgentError'
import type { Context, Request } from '../core/Context'
import type { Log } from '../core/Log'
import { header, headers, headersOfQuery, lookup, path, type RawHeaders, tokenOfProtocol } from '../core/Protocol'
import { parseId, type SessionId } from '../core/Session'
import type { Kind, Live } from './Live'
import type { Runtime } from './Runtime'

/** What ties a request to its session and its log lines. */
export interface CallIds {
  readonly requestId: string
  readonly sessionId: SessionId
}

/** What reached the server, before anything was checked. */
export interface Incoming {
  readonly req: IncomingMessage
  readonly headers: RawHeaders
  readonly requestId: string
  /** Koa's view of the request; made when it is first asked for. */
  readonly koa: IO<Request>
}

/** A request that is being answered. */
export interface Call extends CallIds, Live {
  readonly incoming: Incoming
  /** When it began, in milliseconds since the epoch. */
  readonly since: number
  readonly log: IO<Log>
  readonly abort: Abort
  /** What an interruption means from here on. Called at once if there was one. */
  readonly onInterrupt: (f: (reason: AgentError) => void) => void
  /** The call has its answer, or its stream or socket has ended. */
  readonly finish: IO<void>
}

/** A signal that costs nothing until someone asks for it. */
export interface Abort {
  readonly signal: IO<AbortSignal>
  readonly now: (reason: AgentError) => void
  readonly reason: IO<AgentError | undefined>
}

/** Nothing is aborted yet. */
export const createAbort = (): Abort => {
  let controller: AbortController | undefined
  let why: AgentError | undefined
  return {
    signal: () => {
      if (controller === undefined) {
        controller = new AbortController()
        if (why !== undefined) controller.abort(why)
      }
      return controller.signal
    },
    now: (reason) => {
      why ??= reason
      controller?.abort(why)
    },
    reason: () => why,
  }
}

const origin = /^https?:\/\/[^/?]*/i

/** The part of a URL before and after its question mark; a URL in absolute form counts from its path. */
export const splitUrl = (target: string): readonly [path: string, query: string] => {
  const url = target.startsWith('/') ? target : target.replace(origin, '')
  const at = url.indexOf('?')
  return at < 0 ? [url, ''] : [url.slice(0, at), url.slice(at + 1)]
}

/** The headers of a request; on `/ws` those that came as query parameters too. */
export const headersOf = (req: IncomingMessage): RawHeaders => {
  const [where, query] = splitUrl(req.url ?? '/')
  return where === path.websocket && query !== '' ? { ...headersOfQuery(query), ...req.headers } : req.headers
}

const single = (value: string | ReadonlyArray<string> | undefined): string | undefined =>
  value === undefined || typeof value === 'string' ? value : value.join(', ')

/** The request id that the service sent, where it is one that may stand in a header and a log line, or a new one. */
export const requestIdOf = (raw: RawHeaders, newId: IO<string>): string => {
  const sent = single(raw[header.requestId])
  return sent !== undefined && E.isRight(parseId(sent)) ? sent : newId()
}

/** What reached the server. */
export const incomingOf = (req: IncomingMessage, newId: IO<string>, koa: IO<Request>): Incoming => {
  const raw = headersOf(req)
  return { req, headers: raw, requestId: requestIdOf(raw, newId), koa }
}

/** The session id that was sent, or a new one if the policy is to make one. */
export const sessionIdOf = (raw: RawHeaders, { settings }: Runtime): E.Either<AgentError, SessionId> => {
  const sent = single(raw[header.sessionId])
  if (sent !== undefined) return parseId(sent)
  return settings.session.policy === 'require' ? E.left(missingSessionId) : parseId(settings.newId())
}

const afterScheme = /^\S+\s+(.+)$/

/** A secret as it may stand in a line: as it is, or escaped once or more, since what is logged may be JSON already. */
const formsOf = (secret: string): ReadonlyArray<string> => {
  const escape = (text: string): string => JSON.stringify(text).slice(1, -1)
  const escaped = escape(secret)
  return escaped === secret ? [secret] : [secret, escaped, escape(escaped), escape(escape(escaped))]
}

/** Headers whose values are secret as a whole. */
const secretHeaders = [
  'authorization',
  'cookie',
  'x-amz-security-token',
  header.workloadAccessToken,
  header.legacyWorkloadAccessToken,
] as const

/** A bearer token that came as a subprotocol: as it was sent, and what it stands for. */
const secretsOfProtocols = (raw: RawHeaders): ReadonlyArray<string> =>
  (single(raw['sec-websocket-protocol']) ?? '').split(',').flatMap((offered) => {
    const token = tokenOfProtocol(offered.trim())
    return O.isNone(token) ? [] : [token.value, Buffer.from(token.value, 'base64url').toString('utf8')].flatMap(formsOf)
  })

const secretParameters: ReadonlySet<string> = new Set(['x-amz-signature', 'x-amz-security-token', 'access_token'])

const secretsOfQuery = (url: string): ReadonlyArray<string> =>
  url.includes('?')
    ? [...new URLSearchParams(splitUrl(url)[1])].flatMap(([name, value]) =>
        secretParameters.has(name.toLowerCase()) ? [value, encodeURIComponent(value)] : [],
      )
    : []

/** The values of a request that no log line may hold. */
export const secretsOf = (raw: RawHeaders, url = '/'): ReadonlyArray<string> => [
  ...secretHeaders.flatMap((name) => {
    const value = single(raw[name])
    return value === undefined ? [] : [value, ...(afterScheme.exec(value)?.slice(1) ?? [])].flatMap(formsOf)
  }),
  ...secretsOfProtocols(raw),
  ...secretsOfQuery(url),
]

const firstOf = (raw: RawHeaders, ...names: ReadonlyArray<string>): O.Option<string> => {
  for (const name of names) {
    const found = lookup(name)(raw)
    if (O.isSome(found)) return found
  }
  return O.none
}

const traceOf = (raw: RawHeaders): Context['trace'] =>
  Object.freeze({
    traceparent: lookup(header.traceparent)(raw),
    tracestate: lookup(header.tracestate)(raw),
    baggage: lookup(header.baggage)(raw),
    xAmznTraceId: lookup(header.xAmznTraceId)(raw),
  })

const noState: Readonly<{}> = Object.freeze({})

/** A function that computes its value once, when it is first asked. */
export const once = <A>(f: IO<A>): IO<A> => {
  let made: { readonly value: A } | undefined
  return () => (made ??= { value: f() }).value
}

const nothing = (): void => undefined

/** A call that uses its session, ends at the deadline and is interrupted when `res` closes before it is finished. */
export const createCall = (runtime: Runtime, kind: Kind, ids: CallIds, incoming: Incoming, res: EventEmitter): Call => {
  const { settings, sessions, calls, logs } = runtime
  const abort = createAbort()
  const leave = sessions.enter(ids.sessionId)
  let isOver = false
  let act: (reason: AgentError) => void = nothing
  const interrupt = (reason: AgentError): void => {
    if (isOver || abort.reason() !== undefined) return
    abort.now(reason)
    act(reason)
  }
  const { deadline, clock } = settings
  const cancelDeadline = deadline > 0 ? clock.after(deadline, () => interrupt(deadlineExceeded)) : nothing
  const call: Call = {
    requestId: ids.requestId,
    sessionId: ids.sessionId,
    kind,
    incoming,
    since: clock.now(),
    log: once(() => logs(ids, () => secretsOf(incoming.headers, incoming.req.url))),
    abort,
    interrupt,
    onInterrupt: (f) => {
      act = f
      const reason = abort.reason()
      if (reason !== undefined) f(reason)
    },
    finish: () => {
      if (isOver) return
      isOver = true
      cancelDeadline()
      leave()
      release()
    },
  }
  const release = calls.add(call)
  res.on('close', () => interrupt(cancelled))
  return call
}

const lazy: unique symbol = Symbol('lazy')

/** What a context makes only when it is asked for. */
interface Lazy {
  readonly [lazy]: { readonly signal: IO<AbortSignal>; readonly request: IO<Request> }
}

// One descriptor for all contexts: a getter for each would give every context a hidden class of its own.
const signalProperty: PropertyDescriptor & ThisType<Lazy> = {
  enumerable: true,
  get() {
    return this[lazy].signal()
  },
}

const requestProperty: PropertyDescriptor & ThisType<Lazy> = {
  enumerable: true,
  get() {
    return this[lazy].request()
  },
}

/** The context of a request. */
export const contextOf = (runtime: Runtime, call: Call): Context => {
  const { sessionId, requestId, abort, incoming, log } = call
  const raw = incoming.headers
  const { deadline } = runtime.settings
  const context: Omit<Context, 'signal' | 'request'> & Lazy = {
    sessionId,
    requestId,
    headers: headers(raw),
    userId: lookup(header.userId)(raw),
    workloadAccessToken: firstOf(raw, header.workloadAccessToken, header.legacyWorkloadAccessToken),
    oauth2CallbackUrl: lookup(header.oauth2CallbackUrl)(raw),
    trace: traceOf(raw),
    state: noState,
    deadline: deadline > 0 ? Object.freeze(O.some(call.since + deadline)) : O.none,
    tasks: Object.freeze(runtime.taskCell.runner(() => runtime.sessions.enter(sessionId), log)),
    session: Object.freeze(runtime.sessions.access(sessionId, abort.signal)),
    log: Object.freeze(call.log()),
    [lazy]: { signal: abort.signal, request: incoming.koa },
  }
  Object.defineProperty(context, 'signal', signalProperty)
  Object.defineProperty(context, 'request', requestProperty)
  // TypeScript does not see that the two missing properties were defined.
  return Object.freeze(context) as unknown as Context
}
