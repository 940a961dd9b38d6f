/** The options of an app, and their defaults. */
import type { AsyncLocalStorage } from 'node:async_hooks'
import type { IO } from 'fp-ts/IO'
import type { Task } from 'fp-ts/Task'
import type { Context } from '../../core/Context'
import type { Allowed } from '../../node/origin/LoopbackGuard'
import { maxDepth, maxNodes } from '../../core/Payload'
import { idleTimeout, type Policy, type SessionId, type Store } from '../../core/Session'
import { type Clock, systemClock } from '../../node/Clock'
import { randomUuid } from '../../node/RandomUuid'
import { writeToStandardOutput } from '../log/LogLoss'
import type { LogOptions, LogSettings } from '../log/LogOptions'
import { memoryStore } from '../store/MemoryStore'
import { isServedByDev } from './LaunchSecret'
import { safeClock, safeId } from './Supplied'

/** Why the state of a session was dropped. */
export type Eviction = 'expired' | 'evicted'

/** Options of `createApp`. Durations are in milliseconds, sizes in bytes. */
export interface Options {
  /**
   * Enables the five debug actions (`_agent_core_app_action`), and shows thrown errors in responses, as `agentcore dev`
   * always does. Default false.
   */
  readonly debug?: boolean
  /**
   * How deliberate refusals of an invocation are sent. AgentCore replaces a response with an error status by a 424
   * without its body; a refusal with status 200 and the content type `application/vnd.agentcore-fp.refusal+json` passes.
   * `auto`: with status 200 to clients that list the type in `Accept`, as `agentcore-fp/client` does when it calls
   * AgentCore, with their own status to all others; `status`: always with their own; `body`: always with status 200.
   * Default `auto`.
   */
  readonly refusals?: 'auto' | 'status' | 'body'
  /** The largest body on the wire. Default 100,000,000, as on the service. */
  readonly maxBody?: number
  /** The largest decompressed body. Default: `maxBody`. */
  readonly maxDecompressed?: number
  /**
   * The maximum ratio of a decompressed body to its size on the wire. Bodies that decompress to 1 MB or less are
   * exempt. Parsing blocks the event loop: the default limits it to 0.1 seconds for 100 KB on the wire. JSON of similar
   * rows compresses 20 to 50 times, so raise it for compressed tables of more than 1 MB. Default 10.
   */
  readonly maxRatio?: number
  /** The deepest nesting of a payload. Default 1000. */
  readonly maxDepth?: number
  /** The maximum number of values in a payload, at any depth; an object or array counts as four. Default 5,000,000. */
  readonly maxNodes?: number
  /**
   * How many bytes of bodies larger than 64 KB may be in memory at once while they are read, decompressed and parsed. A
   * body that would exceed it is rejected with 503 `OVERLOADED`. 0 means no limit. Default 200,000,000.
   */
  readonly maxBuffered?: number
  /**
   * How long a client may read nothing of a pending response, stream or WebSocket, before its connection is closed and
   * the handler's signal aborts. 0 means no limit. Default 30,000.
   */
  readonly sendTimeout?: number
  /** The timeout of middleware, providers and wraps before an upgrade; 0 means none. Default 60,000. */
  readonly upgradeTimeout?: number
  /** The timeout of an invocation, a route, a stream or a WebSocket; 0 means none. Default 0. */
  readonly deadline?: number
  /** How long a request may take to arrive. Default 300,000. */
  readonly requestTimeout?: number
  /**
   * How long a connection is kept open for its next request; 0 means no limit. Set it above the idle timeout of a load
   * balancer, which otherwise sends requests on connections that are being closed. Default 65,000, since most balancers
   * use 60,000.
   */
  readonly keepAliveTimeout?: number
  /** How long `stop` waits for requests in flight. Default 10,000. */
  readonly stopTimeout?: number
  /**
   * How long a stream may be silent before a comment is sent to keep the connection open; 0 means never. Default
   * 15,000.
   */
  readonly keepAlive?: number
  /** The timeout of a custom ping handler. Default 1000. */
  readonly pingTimeout?: number
  /** The maximum number of running tasks; one more fails with 503 `TOO_MANY_TASKS`. Default 10,000. */
  readonly maxTasks?: number
  /** Whether open streams and WebSockets count as busy. Default false: only tasks do. */
  readonly busyWhileOpen?: boolean
  /** How long the event loop may be blocked before a warning is logged; 0 means never. Default 1000. */
  readonly maxLag?: number
  readonly session?: SessionOptions
  readonly websocket?: WebSocketOptions
  readonly log?: LogOptions
  /**
   * Makes the context of the current request available as `app.current`, in the given storage or one of the app's own.
   * Default false: on Node 20 it slows down every promise of the process.
   */
  readonly asyncLocalStorage?: boolean | AsyncLocalStorage<Context>
  /** Runs before the server listens; if it rejects, the server does not start. */
  readonly onStart?: Task<void>
  /** Runs when the server has stopped. */
  readonly onStop?: Task<void>
  /**
   * Host names, without a port, that are allowed in `Host` on a loopback address, in addition to `localhost`,
   * `*.localhost` and IP addresses; `any` turns the check off. Default none.
   */
  readonly allowedHosts?: Allowed
  /**
   * Origins of web pages that may send requests to a loopback address, in addition to the server's own, such as
   * `http://localhost:3000`, or `null` for opaque origins; `any` turns the check off. Default none.
   */
  readonly allowedOrigins?: Allowed
  /** Trusts `X-Forwarded-*`, like Koa's option of the same name. Default false. */
  readonly proxy?: boolean
  readonly clock?: Clock
  /** Generates ids for requests and sessions without one. Default: random UUIDs. */
  readonly newId?: IO<string>
}

/** Options of sessions. */
export interface SessionOptions {
  /** What happens to a request without a session id. Default `generate`. */
  readonly policy?: Policy
  /** The session store. Default: in memory. */
  readonly store?: Store
  /** How long the state of an unused session is kept. Default 900,000. */
  readonly idleTimeout?: number
  /** The maximum number of sessions with state. Default 1000. */
  readonly max?: number
  /** Called when this app has dropped a session's state; another app that shares the store may have saved it since. */
  readonly onEvict?: (id: SessionId, why: Eviction) => void
}

/** Options of WebSockets. */
export interface WebSocketOptions {
  /** The largest message, in both directions. Default 65,536, as on the service. */
  readonly maxPayload?: number
  /** The most fragments of one message; more of them close the WebSocket with 1008. 0 means no limit. Default 16,384. */
  readonly maxFragments?: number
  /** How many bytes may be unsent before `send` waits. Default 1,048,576. */
  readonly highWaterMark?: number
  /** How many messages may be unread before backpressure stops the peer. Default 64. */
  readonly maxQueue?: number
  /**
   * The interval between pings; a peer that did not respond to the last one is disconnected. 0 means never. Default
   * 30,000.
   */
  readonly pingInterval?: number
  /** The agent's subprotocols, in order of preference. Default: the first one that the client offers. */
  readonly protocols?: ReadonlyArray<string>
}

/** Options with all defaults applied. */
export type Settings = Required<Omit<Options, 'session' | 'websocket' | 'log'>> & {
  readonly session: Required<SessionOptions>
  readonly websocket: Required<Omit<WebSocketOptions, 'protocols'>> & Pick<WebSocketOptions, 'protocols'>
  readonly log: LogSettings
  /** Whether responses show what was thrown. */
  readonly reveals: boolean
}

const nothing: Task<void> = () => Promise.resolve()

/** Without what is `undefined`, which in JavaScript would replace a default. */
const defined = <O extends object>(options: O | undefined): Partial<O> =>
  Object.fromEntries(Object.entries(options ?? {}).filter(([, value]) => value !== undefined)) as Partial<O> // some of it

/** Applies the defaults to options. */
export const settings = (options: Options): Settings => ({
  debug: false,
  refusals: 'auto',
  maxBody: 100_000_000,
  maxDecompressed: options.maxBody ?? 100_000_000,
  maxRatio: 10,
  maxDepth,
  maxNodes,
  maxBuffered: 200_000_000,
  sendTimeout: 30_000,
  upgradeTimeout: 60_000,
  deadline: 0,
  requestTimeout: 300_000,
  keepAliveTimeout: 65_000,
  stopTimeout: 10_000,
  keepAlive: 15_000,
  pingTimeout: 1000,
  maxTasks: 10_000,
  busyWhileOpen: false,
  maxLag: 1000,
  onStart: nothing,
  onStop: nothing,
  allowedHosts: [],
  allowedOrigins: [],
  proxy: false,
  asyncLocalStorage: false,
  ...defined(options),
  clock: safeClock(options.clock ?? systemClock),
  newId: options.newId === undefined ? randomUuid : safeId(options.newId),
  session: {
    policy: 'generate',
    idleTimeout,
    max: 1000,
    onEvict: () => undefined,
    ...defined(options.session),
    store: options.session?.store ?? memoryStore(),
  },
  websocket: {
    maxPayload: 65_536,
    maxFragments: 16_384,
    highWaterMark: 1_048_576,
    maxQueue: 64,
    pingInterval: 30_000,
    ...defined(options.websocket),
  },
  log: {
    level: options.log?.logger === undefined ? 'info' : 'debug',
    format: process.stdout.isTTY ? 'pretty' : 'json',
    destination: writeToStandardOutput,
    redact: [],
    ...defined(options.log),
  },
  reveals: options.debug ?? isServedByDev,
})
