/** `createApp`: an agent as a Koa application that honours the service contract. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { IO } from 'fp-ts/IO'
import type { Option } from 'fp-ts/Option'
import Koa = require('koa')
import type { Agent } from '../../core/Agent'
import { cause, fromUnknown, problem } from '../../core/AgentError'
import type { Context } from '../../core/Context'
import type { TaskRunner } from '../../core/Tasks'
import { type Answer, writeTo } from '../response/WireResponse'
import { cancelSession } from '../request/InFlight'
import { requestId, toIncoming } from '../request/Incoming'
import { once } from '../../node/once'
import { createGate } from '../server/Gate'
import type { HealthControl } from '../state/HealthStore'
import { connectTo, type InjectInit, injectTo } from './Inject'
import { createKoaPipeline } from './KoaPipeline'
import type { Options } from '../state/Options'
import { createRoutes } from './Routes'
import { run, type Running, type RunOptions } from '../server/Run'
import { createRuntime } from '../request/Runtime'
import { pipelined } from '../server/Pipelined'
import { attach, isDisconnect, timeLimits } from '../server/Server'
import { stopAll, type StopOptions } from '../server/Shutdown'
import { createSockets } from '../websocket/SocketRequests'
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

const nothing = (): void => undefined

/** What an app carries once it has been told to serve: a program around a module must not serve a second time. */
const served = Symbol.for('agentcore-fp/served')

/**
 * The application of an agent. Does not compile while a handler asks for state that nothing provides: the error names
 * the missing key.
 */
export const createApp = <Needs extends object, Has extends Needs>(
  { spec }: Agent<Needs, {}, Has>,
  options: Options = {},
): App => {
  const runtime = createRuntime(options, spec.ping)
  const { settings, logs } = runtime
  const routes = createRoutes<Has>(runtime, spec)
  const sockets = createSockets<Has>(runtime, spec)
  const pipeline = createKoaPipeline(runtime, routes, sockets, spec.middleware)
  // Koa takes its `compose` from this property; its types do not know it yet.
  const koa = Object.assign(new Koa({ proxy: settings.proxy }), { compose: pipeline.compose })
  const koaCallback = koa.callback.bind(koa)
  const servers = new Set<Server>()
  const connections = new Set<Socket>()

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
    if (isDisconnect(thrown)) return log.info('The client left')()
    const error = fromUnknown(thrown)
    const { status, code, message } = problem(error)
    if (error._tag === 'Rejected') log.info('A middleware refused a request', { error: thrown })()
    else if (status < 500) log.info('A middleware refused a request', { status, code, reason: message })()
    else log.error('A middleware failed', { error: cause(error) ?? thrown })()
  })

  const hasMiddleware = (): boolean => spec.middleware.length > 0 || koa.middleware.length > 0

  /** Answers without Koa, where no middleware could see the difference. */
  const direct = (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const incoming = toIncoming(req, settings.newId, () => koa.createContext(req, res).request, false)
    const write = (answer: Answer): void => {
      if (runtime.isStopping()) res.shouldKeepAlive = false
      writeTo(res, answer)
    }
    const fail = (thrown: unknown): void => {
      logs(() => ({ requestId: requestId(incoming) })).error('A request could not be answered', { error: thrown })()
      if (res.headersSent) res.destroy()
      else writeTo(res, routes.failure(fromUnknown(thrown), requestId(incoming)))
    }
    const answer = async (): Promise<void> => write(await routes.answer(incoming, res))
    return answer().catch(fail)
  }

  const answering = (): ReturnType<typeof koaCallback> => {
    const throughKoa = koaCallback()
    // Koa's types admit HTTP/2 as well, whose compatible objects Koa uses alike.
    return (anyReq, anyRes) => {
      const [req, res] = [anyReq as IncomingMessage, anyRes as ServerResponse]
      if (hasMiddleware()) {
        if (runtime.isStopping()) res.shouldKeepAlive = false
        return throughKoa(req, res)
      }
      const ping = routes.ping(req)
      return ping === undefined ? direct(req, res) : Promise.resolve(writeTo(res, ping))
    }
  }

  const callback = (): ReturnType<typeof koaCallback> => {
    const [serve, gate] = [answering(), createGate(runtime)]
    return (req, res) =>
      gate.refusesOnForeignServer(req as IncomingMessage, res as ServerResponse) ? Promise.resolve() : serve(req, res)
  }

  const onUpgrade = upgradeListener({
    runtime,
    routes,
    sockets,
    pipeline,
    hasMiddleware,
    throughKoa: (req, res) => throughKoa()(req, res),
    koaRequest: (req, res) => koa.createContext(req, res).request,
  })
  const throughKoa = once(koaCallback)

  let stopped: Promise<void> | undefined

  const makeServer = (): Server => {
    stopped = undefined
    runtime.setStopping(false)
    const gate = createGate(runtime)
    const server = createServer(timeLimits(settings), gate.request(pipelined(answering())))
    gate.watch(server)
    attach(server, runtime, sockets, gate.upgrade(onUpgrade), connections)
    servers.add(server)
    server.once('close', () => servers.delete(server))
    return server
  }

  const unbound = once(makeServer)
  const connect = (): Duplex => connectTo(unbound())

  const stopOnce = async ({ timeout = settings.stopTimeout }: StopOptions): Promise<void> => {
    await stopAll(runtime, sockets, { servers, connections }, timeout)
    await settings.onStop()
  }
  const stop = (options: StopOptions = {}): Promise<void> => (stopped ??= stopOnce(options))

  const markServed = (): void => void Object.defineProperty(koa, served, { value: true, configurable: true })

  const listen = (...args: Parameters<Server['listen']>): Server => {
    markServed()
    return makeServer().listen(...args)
  }

  return Object.assign(koa, {
    callback,
    listen,
    stop,
    run: (runOptions?: RunOptions) => {
      markServed()
      return run({ runtime, listen: (port, host) => makeServer().listen(port, host), stop }, runOptions)
    },
    connect,
    inject: (path: string, init?: InjectInit) => injectTo(connect, path, init),
    tasks: runtime.taskCell.runner(
      () => nothing,
      once(() => logs()),
    ),
    health: runtime.health,
    cancel: (sessionId: string) => cancelSession(runtime.calls, sessionId),
    current: runtime.ambient.current,
  })
}
