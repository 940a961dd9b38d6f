/** The servers of an app: each with a gate of its own, all stopped together. */
import { createServer, type Server } from 'node:http'
import type { Socket } from 'node:net'
import type { IO } from 'fp-ts/IO'
import { checkOptions } from '../../core/OptionCheck'
import type { Runtime } from '../request/Runtime'
import { createGate, type UpgradeListener } from '../server/Gate'
import { pipelined } from '../server/Pipelined'
import { attach, timeLimits } from '../server/Server'
import { stopAll, type StopOptions, stopOptions } from '../server/Shutdown'
import type { Sockets } from '../websocket/SocketRequests'
import type { Serve } from './Lanes'

/** The servers of an app. */
export interface Servers {
  /** Creates a server, which does not listen yet. */
  readonly make: IO<Server>
  /** Stops all servers; a second call awaits the first. */
  readonly stop: (options?: StopOptions) => Promise<void>
}

/** What a server depends on. */
export interface ServerParts {
  readonly runtime: Runtime
  readonly sockets: Sockets
  readonly lanes: IO<Serve>
  readonly onUpgrade: UpgradeListener
}

/** No servers yet. */
export const createServers = ({ runtime, sockets, lanes, onUpgrade }: ServerParts): Servers => {
  const { settings } = runtime
  const servers = new Set<Server>()
  const connections = new Set<Socket>()
  let stopped: Promise<void> | undefined

  const stopOnce = async ({ timeout = settings.stopTimeout }: StopOptions): Promise<void> => {
    await stopAll(runtime, sockets, { servers, connections }, timeout)
    await Promise.all(runtime.atStop.map((end) => end()))
    await settings.onStop()
  }

  return {
    make: () => {
      stopped = undefined
      runtime.setStopping(false)
      const gate = createGate(runtime)
      const server = createServer(timeLimits(settings), gate.request(pipelined(lanes())))
      gate.watch(server)
      attach(server, runtime, sockets, gate.upgrade(onUpgrade), connections)
      servers.add(server)
      server.once('close', () => servers.delete(server))
      return server
    },
    stop: async (options = {}) => {
      checkOptions('app.stop', stopOptions, options)
      await (stopped ??= stopOnce(options))
    },
  }
}
