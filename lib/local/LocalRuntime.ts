/** AgentCore on this machine: a server that starts agents for sessions and implements the service's data plane. */
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { IO } from 'fp-ts/IO'
import * as E from 'fp-ts/Either'
import type { Task } from 'fp-ts/Task'
import type { TaskEither } from 'fp-ts/TaskEither'
import { type Guard, guardOn, open } from '../node/origin/LoopbackGuard'
import { isOffer, serveAgain } from '../node/http/UpgradeOffer'
import { randomUuid } from '../node/RandomUuid'
import { lookEvery, stallWatch } from '../node/network/Stall'
import { dataPlane } from './dataplane/DataPlane'
import { errorCode, errorMessage } from '../node/SystemError'
import type { Launcher } from './launch/Launcher'
import { type LocalOptions, type Settings, toSettings } from './dataplane/Options'
import { type Overview, sessionOverview } from './dataplane/Overview'
import { refuseBroken, toMarks } from './service/Respond'
import { createSessions } from './session/AgentSessions'
import { socketRelay } from './relay/SocketRelay'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** A started runtime. */
export interface LocalRuntime {
  readonly url: string
  readonly arn: string
  readonly port: number
  readonly overview: IO<Overview>
  /** Stops every session and the server. */
  readonly stop: Task<void>
}

/** Why a runtime could not start. */
export type LocalError =
  | { readonly _tag: 'PortTaken'; readonly host: string; readonly port: number }
  | { readonly _tag: 'CannotListen'; readonly message: string; readonly cause: unknown }
  | { readonly _tag: 'CannotLaunch'; readonly message: string; readonly cause?: unknown }

// ---------------------------------------------------------------------------------------------------------------------
// constructor
// ---------------------------------------------------------------------------------------------------------------------

const maxHeaderSize = 65_536

/** The keep-alive timeout of client connections, in milliseconds. */
const keepAliveTimeout = 65_000

const toUrl = (host: string, port: number): string => `http://${host.includes(':') ? `[${host}]` : host}:${port}`

const toPort = (server: Server): number => {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

const listening = (server: Server, { host, port }: Settings): Promise<E.Either<LocalError, AddressInfo>> =>
  new Promise((resolve) => {
    server.once('error', (cause) =>
      resolve(
        E.left(
          errorCode(cause) === 'EADDRINUSE'
            ? { _tag: 'PortTaken', host, port }
            : { _tag: 'CannotListen', message: `Cannot listen on ${host}:${port}: ${errorMessage(cause)}`, cause },
        ),
      ),
    )
    server.listen(port, host, () => resolve(E.right(server.address() as AddressInfo))) // it listens on a port
  })

const closed = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })

const start = async (options: LocalOptions): Promise<E.Either<LocalError, LocalRuntime>> => {
  const settings = toSettings(options, randomUuid)
  const { arn, name, folder, limits, lifecycle, clock, log, pingEvery } = settings
  const url = (): string => toUrl(settings.host, toPort(server))
  const launcher: Launcher = options.launcher({ arn, url, folder, maxMemory: limits.maxMemory })
  const opened = await launcher.open()
  if (E.isLeft(opened)) return E.left({ ...opened.left, _tag: 'CannotLaunch' })
  for (const line of opened.right) log.warn(line)()

  const sessions = createSessions({ launcher, lifecycle, limits, clock, pingEvery, log })
  const sockets = socketRelay(limits, clock)
  const started = new Date(clock.now()).toISOString()
  const overview = (): Overview => ({
    runtime: { pid: process.pid, url: url(), started, isolation: launcher.isolation },
    agent: { name, arn, endpoint: 'DEFAULT' },
    sessions: sessions.list().map(sessionOverview),
    lifecycle,
    limits,
  })
  let guard: Guard = open
  const plane = dataPlane({ settings, sessions, sockets, url, overview, guard: () => guard })
  const server = createServer(
    { maxHeaderSize, keepAliveTimeout, requestTimeout: 0, requireHostHeader: false }, // the data plane validates Host
    plane.onRequest,
  )
  server.on(
    'clientError',
    refuseBroken(() => toMarks({ 'x-amzn-requestid': settings.newId() })),
  )
  const connections = new Set<Duplex>()
  server.on('connection', (connection) => {
    connections.add(connection)
    connection.once('close', () => connections.delete(connection))
  })
  const look = stallWatch<Duplex>(limits.sendTimeout)
  const stalls =
    limits.sendTimeout > 0
      ? setInterval(() => {
          for (const stalled of look(connections, performance.now())) {
            log.warn('A client stopped reading; its connection is closed')()
            stalled.destroy()
          }
        }, lookEvery(limits.sendTimeout)).unref()
      : undefined
  const upgraded = new Set<Duplex>()
  server.on('upgrade', (req: IncomingMessage, duplex: Duplex, head: Buffer) => {
    if (isOffer(req)) return serveAgain(server, req, duplex, head)
    upgraded.add(duplex)
    duplex.once('close', () => upgraded.delete(duplex))
    plane.onUpgrade(req, duplex, head)
  })
  server.once('listening', () => (guard = guardOn(settings, server.address())))
  const address = await listening(server, settings)
  if (E.isLeft(address)) return address
  const { port } = address.right
  process.once('exit', launcher.kill)

  let stopping: Promise<void> | undefined
  const stop = async (): Promise<void> => {
    clearInterval(stalls)
    sockets.close()
    await sessions.close()
    for (const socket of upgraded) socket.destroy()
    await closed(server)
    process.off('exit', launcher.kill)
    log.info('The local runtime has stopped')()
  }
  log.info(`The local runtime listens on ${url()}`, { arn, url: url() })()
  return E.right({ url: url(), arn, port, overview, stop: () => (stopping ??= stop()) })
}

/** Starts a local runtime. */
export const startLocalRuntime =
  (options: LocalOptions): TaskEither<LocalError, LocalRuntime> =>
  () =>
    start(options)
