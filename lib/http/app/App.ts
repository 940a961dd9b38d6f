/** `createApp`: an agent as a Koa application that honours the service contract. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { IO } from 'fp-ts/IO'
import type { Option } from 'fp-ts/Option'
import Koa = require('koa')
import type { Agent, Closed, Spec } from '../../core/Agent'
import { cause, fromUnknown, problem } from '../../core/AgentError'
import type { Context } from '../../core/Context'
import type { TaskRunner } from '../../core/Tasks'
import { once } from '../../node/once'
import { cancelSession } from '../request/InFlight'
import { createRuntime, type Runtime } from '../request/Runtime'
import { createGate } from '../server/Gate'
import { run, type Running, type RunOptions } from '../server/Run'
import { isDisconnect } from '../server/Server'
import type { StopOptions } from '../server/Shutdown'
import type { HealthControl } from '../state/HealthStore'
import type { Options } from '../state/Options'
import { createSockets } from '../websocket/SocketRequests'
import { connectTo, type InjectInit, injectTo } from './Inject'
import { createKoaPipeline, type KoaPipeline } from './KoaPipeline'
import { createLanes, type Serve } from './Lanes'
import { createRoutes } from './Routes'
import { createServers, type Servers } from './Servers'
import { upgradeListener } from './UpgradeListener'

/** A Koa application (`use`, `callback` and `listen` are Koa's; `listen` serves `/ws` too) and what an agent needs beside. */
export interface App extends Koa {
  /**
   * Listens on `PORT` or 8080: on every interface in a container (or on `HOST`), else on 127.0.0.1. Stops on SIGTERM and
   * SIGINT: finishes what is in flight, then exits with 0. Where it cannot listen, it logs why and exits with 1.
   */
  readonly run: (options?: RunOptions) => Promise<Running>
  /** Stops accepting, closes sockets with 1001, finishes what is in flight until the time is over. */
  readonly stop: (options?: StopOptions) => Promise<void>
  /** A request without a port, with `fetch`'s arguments and answer: for tests. */
  readonly inject: (path: string, init?: InjectInit) => Promise<Response>
  /** A connection to the app without a port, for a client that takes one, as `ws` does: for tests. */
  readonly connect: IO<Duplex>
  /**
   * The context of the request at hand, for code that cannot be passed it; none outside of a request. It takes the
   * option `asyncLocalStorage: true`.
   */
  readonly current: IO<Option<Context>>
  /** Ends the invocations of a session that are under way, as `context.session.cancel` does; gives how many. */
  readonly cancel: (sessionId: string) => IO<number>
  /** The app's tasks, as `context.tasks` has them. */
  readonly tasks: TaskRunner
  /** The health that `/ping` tells, and how to force it. */
  readonly health: HealthControl
}

/**
 * The application of an agent. Does not compile while a handler asks for state that nothing provides: the error names
 * the missing key.
 *
 * @example
 * ```ts
 * import { createApp, entrypoint } from 'agentcore-fp'
 * import * as TE from 'fp-ts/TaskEither'
 *
 * export const app = createApp(
 *   entrypoint((payload) => TE.right({ got: payload })),
 *   { deadline: 60_000 },
 * )
 * ```
 */
export const createApp = <Needs extends object, Has extends Needs>(
  agent: Agent<Needs, {}, Has>,
  options: Options = {},
): App => {
  const spec = close(agent.spec)
  const runtime = createRuntime(options, spec.ping)
  const routes = createRoutes(runtime, spec)
  const sockets = createSockets(runtime, spec)
  const pipeline = createKoaPipeline(runtime, routes, sockets, spec.middleware)
  const koa = createKoa(runtime, pipeline)
  // Koa's types admit HTTP/2 as well, whose compatible objects Koa uses alike.
  const koaCallback: IO<Serve> = koa.callback.bind(koa)
  const hasMiddleware = (): boolean => spec.middleware.length > 0 || koa.middleware.length > 0
  const lanes = (): Serve => createLanes({ runtime, routes, koa, koaCallback, hasMiddleware })
  const throughKoa = once(koaCallback)
  const onUpgrade = upgradeListener({
    runtime,
    sockets,
    pipeline,
    hasMiddleware,
    throughKoa: (req, res) => throughKoa()(req, res),
    koaRequest: (req, res) => koa.createContext(req, res).request,
  })
  const servers = createServers({ runtime, sockets, lanes, onUpgrade })
  return Object.assign(koa, serving(koa, runtime, lanes, servers), controls(runtime, servers))
}

/** The types of the pipe have proved that providers add all that handlers ask for; from here on nobody needs to know what. */
const close = <Needs extends object, Has extends Needs>(spec: Spec<Needs, {}, Has>): Closed => {
  const forgetful: Spec<Needs, {}, {}> = spec
  return forgetful as Closed
}

/** A Koa application whose routes are the agent's, and whose failures are told in the one shape. */
const createKoa = ({ settings, logs }: Runtime, pipeline: KoaPipeline): Koa => {
  // Koa takes its `compose` from this property; its types do not know it yet.
  const koa = Object.assign(new Koa({ proxy: settings.proxy }), { compose: pipeline.compose })
  koa.context.onerror = function (this: Koa.Context, thrown: unknown) {
    pipeline.onError(this, thrown)
  }
  koa.on('error', (thrown: unknown, ctx?: Koa.Context) => {
    const log =
      ctx === undefined
        ? logs()
        : logs(
            () => ({ requestId: pipeline.requestId(ctx) }),
            () => pipeline.secrets(ctx),
          )
    if (isDisconnect(thrown)) return log.info('The client closed the connection')()
    const error = fromUnknown(thrown)
    const { status, code, message } = problem(error)
    if (error._tag === 'Rejected') log.info('A middleware refused a request', { error: thrown })()
    else if (status < 500) log.info('A middleware refused a request', { status, code, reason: message })()
    else log.error('A middleware failed', { error: cause(error) ?? thrown })()
  })
  return koa
}

/** What an app carries once it has been told to serve: a program around a module must not serve a second time. */
const served = Symbol.for('agentcore-fp/served')

type Listen = (...args: Parameters<Server['listen']>) => Server

/** The ways to have an app served: by servers of its own, by one of someone else, without a port. */
const serving = (
  koa: Koa,
  runtime: Runtime,
  lanes: IO<Serve>,
  { make, stop }: Servers,
): Pick<App, 'callback' | 'run' | 'connect' | 'inject'> & { readonly listen: Listen } => {
  const markServed = (): void => void Object.defineProperty(koa, served, { value: true, configurable: true })
  const unbound = once(make)
  const connect = (): Duplex => connectTo(unbound())
  return {
    callback: () => {
      const [serve, gate] = [lanes(), createGate(runtime)]
      return (anyReq, anyRes) => {
        const [req, res] = [anyReq as IncomingMessage, anyRes as ServerResponse]
        return gate.refusesOnForeignServer(req, res) ? Promise.resolve() : serve(req, res)
      }
    },
    listen: (...args) => {
      markServed()
      return make().listen(...args)
    },
    run: (options) => {
      markServed()
      return run({ runtime, listen: (port, host) => make().listen(port, host), stop }, options)
    },
    connect,
    inject: (path, init) => injectTo(connect, path, init),
  }
}

/** What a program may do with an app that serves. */
const controls = (
  { taskCell, logs, health, inFlight, ambient }: Runtime,
  { stop }: Servers,
): Pick<App, 'stop' | 'tasks' | 'health' | 'cancel' | 'current'> => ({
  stop,
  tasks: taskCell.runner(
    () => () => undefined,
    once(() => logs()),
  ),
  health,
  cancel: (sessionId) => cancelSession(inFlight, sessionId),
  current: ambient.current,
})
