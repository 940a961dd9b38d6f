/** The servers that `agentcore dev` has started: the one that serves, one that starts, those that finish. */
import type { Server } from '../state/DevState'
import { type DevServer, type Exit, type Shown, startServer } from './DevServer'
import type { Variables } from '../state/EnvFile'

/** What servers are started with, and who hears of them. */
export interface FleetOptions {
  readonly cwd: string
  readonly stdout: Shown
  readonly stderr: Shown
  readonly hasInspector: boolean
  /** How long a server may take to its first answer, in milliseconds; undefined where a debugger may hold it. */
  readonly limit: number | undefined
  readonly onAnswer: (id: number) => void
  readonly onLate: (id: number) => void
  readonly onExit: (id: number, exit: Exit) => void
  readonly onMisplaced: (id: number, port: number) => void
  readonly onUnhealthy: (id: number, status: number) => void
}

/** All that run. */
export interface Fleet {
  readonly start: (server: Server, variables: Variables) => Promise<void>
  /** One that runs, as requests are passed on to it. */
  readonly find: (id: number) => Pick<DevServer, 'port' | 'secret' | 'inspector'> | undefined
  /** Asks one to finish, and ends it after the given milliseconds. */
  readonly stop: (id: number, grace: number) => Promise<void>
  /** The same for all of them, those that still start included. Resolves when none is left. */
  readonly stopAll: (grace: number) => Promise<void>
}

/** None yet. */
export const createFleet = (options: FleetOptions): Fleet => {
  const { cwd, stdout, stderr, hasInspector, limit, onAnswer, onLate, onExit, onMisplaced, onUnhealthy } = options
  const running = new Map<number, DevServer>()
  const starting = new Set<Promise<void>>()
  let isOver = false

  const attend = (id: number, server: DevServer): void => {
    running.set(id, server)
    const late = limit === undefined ? undefined : setTimeout(() => onLate(id), limit)
    void server.healthy.then((isHealthy) => {
      clearTimeout(late)
      if (isHealthy) onAnswer(id)
    })
    void server.exited.then((exit) => {
      clearTimeout(late)
      running.delete(id)
      onExit(id, exit)
    })
  }

  const launch = async ({ id, program }: Server, env: Variables): Promise<void> => {
    const server = await startServer({
      main: program.main,
      cwd,
      env,
      stdout,
      stderr,
      hasInspector,
      onMisplaced: (port) => onMisplaced(id, port),
      onUnhealthy: (status) => onUnhealthy(id, status),
    })
    attend(id, server)
    if (isOver) await server.stop(0)
  }

  const stop = async (id: number, grace: number): Promise<void> => running.get(id)?.stop(grace)

  return {
    start: (server, variables) => {
      const started = launch(server, variables)
      starting.add(started)
      return started.finally(() => starting.delete(started))
    },
    find: (id) => running.get(id),
    stop,
    stopAll: async (grace) => {
      isOver = true
      await Promise.allSettled([...starting])
      await Promise.all([...running.values()].map((server) => server.stop(grace)))
    },
  }
}
