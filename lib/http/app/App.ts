/** `createApp`: serves an agent as a Koa application that implements the service contract. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { IO } from 'fp-ts/IO'
import type { Option } from 'fp-ts/Option'
import Koa = require('koa')
import type { Agent, Closed, Spec } from '../../core/Agent'
import { checkAgent } from '../../core/Dialect'
import { fromUnknown } from '../../core/AgentError'
import { checkOptions } from '../../core/OptionCheck'
import { cause, problem } from '../../core/Problem'
import type { Context } from '../../core/Context'
import type { TaskRunner } from '../../core/Tasks'
import { once } from '../../node/once'
import { createMiddleware, passThroughUse } from '../koa/AppParts'
import { describeOwnRoutes } from '../koa/OwnRoutes'
import { cancelSession } from '../request/InFlight'
import { createRuntime, type Runtime } from '../request/Runtime'
import { holdContent } from '../response/KoaAnswer'
import { createGate } from '../server/Gate'
import { run, type Running, type RunOptions } from '../server/Run'
import { isDisconnect } from '../server/Server'
import type { StopOptions } from '../server/Shutdown'
import type { HealthControl } from '../state/HealthStore'
import { appOptions } from '../state/OptionShapes'
import type { Options } from '../state/Options'
import { createSockets } from '../websocket/SocketRequests'
import { connectTo, type InjectInit, injectTo } from './Inject'
import { createKoaPipeline, type KoaPipeline } from './KoaPipeline'
import { createLanes, type Serve } from './Lanes'
import { createRoutes } from './Routes'
import { createServers, type Servers } from './Servers'
import { upgradeListener } from './UpgradeListener'

/** A Koa application with what an agent needs: `use`, `callback` and `listen` are Koa's; `listen` also serves `/ws`. */
export interface App extends Koa {
  /**
   * Listens on `PORT` or 8080: in a container on every interface (or on `HOST`), elsewhere on 127.0.0.1. On SIGTERM and
   * SIGINT it finishes requests in flight and exits with 0. If it cannot listen, it logs why and exits with 1.
   */
  readonly run: (options?: RunOptions) => Promise<Running>
  /** Stops accepting requests, closes WebSockets with 1001, and waits for requests in flight until the timeout. */
  readonly stop: (options?: StopOptions) => Promise<void>
  /** Sends a request without a port, with the arguments and the response of `fetch`: for tests. */
  readonly inject: (path: string, init?: InjectInit) => Promise<Response>
  /** Connects to the app without a port, for clients that accept a connection, such as `ws`: for tests. */
  readonly connect: IO<Duplex>
  /**
   * The context of the current request, for code that it cannot be passed to; none outside of a request. Requires the
   * option `asyncLocalStorage: true`.
   */
  readonly current: IO<Option<Context>>
  /** Cancels the invocations of a session that are in flight, as `context.session.cancel` does; returns how many. */
  readonly cancel: (sessionId: string) => IO<number>
  /** The app's background tasks, as in `context.tasks`. */
  readonly tasks: TaskRunner
  /** The health that `/ping` reports, with overrides. */
  readonly health: HealthControl
}

/**
 * The application of an agent. Does not compile while a handler asks for state that nothing provides: the error names
 * the missing key.
 *
 * @example
 * ```ts
 * import { createApp, entrypoint } from 'agentcore-fp'
 * import { TE } from 'agentcore-fp/fp'
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
  checkAgent(agent)
  checkOptions('createApp', appOptions, options, { port: 'app.run', host: 'app.run' })
  const spec = close(agent.spec)
  const runtime = createRuntime(options, spec.ping)
  const routes = createRoutes(runtime, spec)
  const sockets = createSockets(runtime, spec)
  const koa = new Koa({ proxy: runtime.settings.proxy })
  const announced = passThroughUse(koa)
  const middleware = createMiddleware(spec.middleware, { runtime }, announced)
  const pipeline = createKoaPipeline({ runtime, routes, sockets, agent: middleware, announced })
  setUp(koa, runtime, pipeline)
  // Koa's types also admit HTTP/2, whose compatibility objects work the same way.
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

/** Erases `Needs`: the types of the pipe have proved that providers add all state that handlers need. */
const close = <Needs extends object, Has extends Needs>(spec: Spec<Needs, {}, Has>): Closed => {
  const forgetful: Spec<Needs, {}, {}> = spec
  return forgetful as Closed
}

/** Gives a Koa application the agent's routes and a uniform format for failures. */
const setUp = (koa: Koa, { logs }: Runtime, pipeline: KoaPipeline): void => {
  // Koa calls these two; its types lack them.
  Object.assign(koa, { compose: pipeline.compose, handleRequest: pipeline.handleRequest(koa) })
  holdContent(koa)
  describeOwnRoutes(koa.context)
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
    const who = ctx?.['routeMatched'] === true ? 'A route' : 'A middleware' // a @koa/router says so
    if (error._tag === 'Rejected' || status < 500)
      log.warn(`${who} refused a request`, { status, code, reason: message })()
    else log.error(`${who} failed`, { error: cause(error) ?? thrown })()
  })
}

/** Marks an app that has been started, so that a program around its module does not start it twice. */
const served = Symbol.for('agentcore-fp/served')

type Listen = (...args: Parameters<Server['listen']>) => Server

/** Serves an app: on servers of its own, on someone else's, or without a port. */
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

/** What a program may do with a running app. */
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
