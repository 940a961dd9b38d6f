/** What a user can set on an app, and what holds when nothing is set. */
import type { AsyncLocalStorage } from 'node:async_hooks'
import type { IO } from 'fp-ts/IO'
import type { Task } from 'fp-ts/Task'
import type { Context } from '../../core/Context'
import type { Level } from '../../core/Log'
import type { Allowed } from '../../node/http/LoopbackGuard'
import { maxDepth, maxNodes } from '../../core/Payload'
import { idleTimeout, type Policy, type SessionId, type Store } from '../../core/Session'
import { type Clock, systemClock } from '../../node/Clock'
import { memoryStore } from '../store/MemoryStore'
import { randomId, safeClock, safeId } from './Supplied'

/** Why the state of a session was dropped. */
export type Eviction = 'expired' | 'evicted'

/** Options of `createApp`. Durations are milliseconds, sizes bytes. */
export interface Options {
  /** Answers the five `_agent_core_app_action` requests, and shows what was thrown in answers. Default false. */
  readonly debug?: boolean
  /** The largest body as it comes over the wire. Default 100,000,000, as the service has it. */
  readonly maxBody?: number
  /** The largest body after decompression. Default: as `maxBody`. */
  readonly maxDecompressed?: number
  /**
   * How many times as large as on the wire a compressed body may become. Bodies that decompress to 1 MB or less are
   * exempt. Parsing blocks the event loop, and the default keeps what 100 KB on the wire can cost below 0.1 seconds; JSON
   * of similar rows compresses 20 to 50 times, so raise it for compressed tables of more than 1 MB. Default 10.
   */
  readonly maxRatio?: number
  /** The deepest nesting of a payload. Default 1000. */
  readonly maxDepth?: number
  /** The most values in a payload, at any depth; an object or array counts as four. Default 5,000,000. */
  readonly maxNodes?: number
  /**
   * How many bytes of bodies larger than 64 KB may be in memory at once while they are read, decompressed and parsed.
   * A body that would exceed it is answered with 503 `OVERLOADED`. 0 is without limit. Default 200,000,000.
   */
  readonly maxBuffered?: number
  /**
   * How long a client may take nothing of what is being sent to it, be it a response, a stream or a socket; then its
   * connection is closed and the handler's signal aborts. 0 is without limit. Default 30,000.
   */
  readonly sendTimeout?: number
  /** How long an upgrade may wait for middleware, providers and wraps; 0 is without limit. Default 60,000. */
  readonly upgradeTimeout?: number
  /** How long an invocation, a stream or a socket may take; 0 is without limit. Default 0. */
  readonly deadline?: number
  /** How long a request may take to arrive. Default 300,000. */
  readonly requestTimeout?: number
  /** How long `stop` waits for what is in flight. Default 10,000. */
  readonly stopTimeout?: number
  /** After how long a silence a stream sends a comment; 0 is never. Default 15,000. */
  readonly keepAlive?: number
  /** How long a custom ping handler may take. Default 1000. */
  readonly pingTimeout?: number
  /** The most tasks that run at once; one more fails with 503 `TOO_MANY_TASKS`. Default 10,000. */
  readonly maxTasks?: number
  /** Whether an open stream or socket counts as busy. Default false: only tasks do. */
  readonly busyWhileOpen?: boolean
  /** How long a blocked event loop may delay `/ping` before a warning is logged; 0 is never. Default 1000. */
  readonly maxLag?: number
  readonly session?: SessionOptions
  readonly websocket?: WebSocketOptions
  readonly log?: LogOptions
  /**
   * Keeps the context of the request at hand for `app.current`: in a storage of the app's own, or in the given one.
   * Default false: on Node 20 it slows every promise of the process.
   */
  readonly asyncLocalStorage?: boolean | AsyncLocalStorage<Context>
  /** Runs before the server listens; where it rejects, the server does not start. */
  readonly onStart?: Task<void>
  /** Runs when the server has stopped. */
  readonly onStop?: Task<void>
  /**
   * Host names, without a port, that requests may name in `Host` when the server listens on a loopback address, beside
   * `localhost`, `*.localhost` and IP addresses; `any` turns the check off. Default none.
   */
  readonly allowedHosts?: Allowed
  /**
   * Origins of web pages that may send requests when the server listens on a loopback address, beside the server's own:
   * `http://localhost:3000`, for instance, or `null` for pages without one; `any` turns the check off. Default none.
   */
  readonly allowedOrigins?: Allowed
  /** Trust `X-Forwarded-*`, as Koa's option of the same name. Default false. */
  readonly proxy?: boolean
  readonly clock?: Clock
  /** Makes the ids of requests and sessions that have none. Default: random UUIDs. */
  readonly newId?: IO<string>
}

/** Options of sessions. */
export interface SessionOptions {
  /** What a request without a session id gets. Default `generate`. */
  readonly policy?: Policy
  /** Where state is kept. Default: in memory. */
  readonly store?: Store
  /** How long the state of an unused session is kept. Default 900,000. */
  readonly idleTimeout?: number
  /** Of how many sessions state is kept at most. Default 1000. */
  readonly max?: number
  /** Called when this app has dropped the state of a session; another that shares the store may have saved it since. */
  readonly onEvict?: (id: SessionId, why: Eviction) => void
}

/** Options of sockets. */
export interface WebSocketOptions {
  /** The largest message, in both directions. Default 65,536, as the service has it. */
  readonly maxPayload?: number
  /** How many bytes may be unsent before `send` waits. Default 1,048,576. */
  readonly highWaterMark?: number
  /** How many messages may wait to be read before the peer is made to wait. Default 64. */
  readonly maxQueue?: number
  /** How often the peer is pinged; one that did not answer the last ping is cut off. 0 is never. Default 30,000. */
  readonly pingInterval?: number
  /** Subprotocols that the agent speaks, in order of preference. Default: the first that the client offers. */
  readonly protocols?: ReadonlyArray<string>
}

/** Options of logging. */
export interface LogOptions {
  /** The least level that is written. Default `info`. */
  readonly level?: Level | 'silent'
  /** `json`: a JSON object a line; `pretty`: for people. Default: pretty in a terminal. */
  readonly format?: 'json' | 'pretty'
  /** Takes each line, without its line break. Default: standard output. */
  readonly destination?: (line: string) => void
}

/** Options with every default in place. */
export type Settings = Required<Omit<Options, 'session' | 'websocket' | 'log'>> & {
  readonly session: Required<SessionOptions>
  readonly websocket: Required<Omit<WebSocketOptions, 'protocols'>> & Pick<WebSocketOptions, 'protocols'>
  readonly log: Required<LogOptions>
}

const nothing: Task<void> = () => Promise.resolve()

/** The settings that options stand for. */
export const settings = (options: Options): Settings => ({
  debug: false,
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
  ...options,
  clock: safeClock(options.clock ?? systemClock),
  newId: options.newId === undefined ? randomId : safeId(options.newId),
  session: {
    policy: 'generate',
    idleTimeout,
    max: 1000,
    onEvict: () => undefined,
    ...options.session,
    store: options.session?.store ?? memoryStore(),
  },
  websocket: {
    maxPayload: 65_536,
    highWaterMark: 1_048_576,
    maxQueue: 64,
    pingInterval: 30_000,
    ...options.websocket,
  },
  log: {
    level: 'info',
    format: process.stdout.isTTY ? 'pretty' : 'json',
    destination: (line) => void process.stdout.write(`${line}\n`),
    ...options.log,
  },
})
