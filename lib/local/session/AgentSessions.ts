/** The sessions of a runtime: each with its life and its agent, started when it is first used and ended when it is due. */
import * as E from 'fp-ts/Either'
import type { IO } from 'fp-ts/IO'
import * as O from 'fp-ts/Option'
import type { Task } from 'fp-ts/Task'
import type { TaskEither } from 'fp-ts/TaskEither'
import type { Log } from '../../core/Log'
import { type Cell, type Lease, lease, move, reasons, startingCell, tell } from './SessionEntry'
import type { Clock } from '../../node/Clock'
import type { Exit, Launcher } from '../launch/Launcher'
import type { Lifecycle } from '../../core/Lifecycle'
import type { Limits } from '../service/ServiceLimits'
import { ping } from './AgentPing'
import {
  agentFailed,
  inTransition,
  internal,
  notFound,
  quotaExceeded,
  type ServiceError,
  throttled,
} from '../service/ServiceError'
import * as Life from './SessionLife'
import { type Agent, toHint, startAgent } from './AgentStart'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** What to do while a session is being started or stopped: refuse as the service does, or wait as for an agent itself. */
export type Manner = 'refuse' | 'wait'

/** A session as it is shown. */
export interface View {
  readonly id: string
  readonly life: Life.Life
  readonly memory: O.Option<number>
  readonly pid: O.Option<number>
  readonly log: O.Option<string>
}

/** The sessions of a runtime. */
export interface Sessions {
  /** Enters a session whose agent answers; undefined where there is none. */
  readonly enterNow: (id: string, kind: Life.Kind) => Lease | undefined
  /** Enters a session, which is started if there is none of that id. */
  readonly enter: (id: string, kind: Life.Kind, manner: Manner) => TaskEither<ServiceError, Lease>
  /** Ends a session. Resolves when its agent is gone. */
  readonly stop: (id: string) => TaskEither<ServiceError, void>
  readonly list: IO<ReadonlyArray<View>>
  /** Ends all of them, and lets no other begin. */
  readonly close: Task<void>
}

/** What sessions depend on. */
export interface Parts {
  readonly launcher: Launcher
  readonly lifecycle: Lifecycle
  readonly limits: Limits
  readonly clock: Clock
  /** How often an agent is pinged, in milliseconds. */
  readonly pingEvery: number
  readonly log: Log
}

interface Begun {
  readonly cell: Cell
  readonly agent: Agent
}

/** How long a ping may take, in milliseconds. */
const pingTimeout = 5000

// ---------------------------------------------------------------------------------------------------------------------
// constructor
// ---------------------------------------------------------------------------------------------------------------------

/** There is no session yet. */
export const createSessions = (parts: Parts): Sessions => {
  const { launcher, lifecycle, limits, clock, pingEvery, log } = parts
  const cells = new Map<string, Cell>()
  const beginnings: Array<number> = [] // of the last second
  let isClosed = false

  const forget = (cell: Cell): void => {
    cell.cancelPing()
    if (cells.get(cell.id) === cell) cells.delete(cell.id)
    tell(cell)
    cell.agent?.connections.close()
  }

  // --- ends

  const end = (cell: Cell, agent: Agent, why: Life.Why): Promise<void> => {
    move(cell, Life.stopping(clock.now(), why))
    cell.cancelPing()
    log.info(`Session ${cell.id} is stopped: ${reasons[why]}`, { session: cell.id, why })()
    const over = async (): Promise<void> => {
      tell(cell)
      await agent.launched.stop(why === 'memory' ? 0 : limits.stopTimeout)()
      forget(cell)
    }
    const ending = over()
    cell.transition = ending
    return ending
  }

  const onExit = (cell: Cell, exit: Exit): void => {
    if (cell.life._tag !== 'Ready') return
    log.error(`The agent of session ${cell.id} ${exit.how}`, {
      session: cell.id,
      ...(cell.agent === undefined || O.isNone(cell.agent.launched.log)
        ? {}
        : { output: cell.agent.launched.log.value }),
    })()
    forget(cell)
  }

  // --- pings

  const measure = async (cell: Cell, agent: Agent): Promise<void> => {
    cell.memory = await agent.launched.memory()
  }

  const look = async (cell: Cell, agent: Agent): Promise<void> => {
    const [report] = await Promise.all([ping(agent.connections, pingTimeout), measure(cell, agent)])
    if (cell.life._tag !== 'Ready' || cells.get(cell.id) !== cell) return // it has ended meanwhile
    const now = clock.now()
    const before = cell.life
    move(cell, O.isSome(report) ? Life.reported(now, report.value) : Life.missedPing)
    toWarn(cell, before)
    const isOverMemory = limits.maxMemory > 0 && O.exists((bytes: number) => bytes > limits.maxMemory)(cell.memory)
    const why: Life.Why | undefined = isOverMemory ? 'memory' : O.toUndefined(Life.due(now, lifecycle)(cell.life))
    if (why === undefined) plan(cell, agent)
    else void end(cell, agent, why)
  }

  const warned = new WeakSet<Cell>()

  /** Says what would hurt in the cloud: a status whose time moves alone never lets a session become idle. */
  const toWarn = (cell: Cell, before: Life.Ready): void => {
    const { life } = cell
    if (life._tag !== 'Ready') return
    if (life.missed === 1) log.warn(`The agent of session ${cell.id} does not answer /ping`, { session: cell.id })()
    const movesAlone = life.status === before.status && life.statusSince > before.statusSince && before.missed === 0
    if (!movesAlone || before.statusSince === before.startedAt || warned.has(cell)) return
    warned.add(cell)
    const text = 'time_of_last_update of /ping moves although the status does not: this session never becomes idle'
    log.warn(text, { session: cell.id })()
  }

  const plan = (cell: Cell, agent: Agent): void => {
    cell.cancelPing = clock.after(pingEvery, () => void look(cell, agent))
  }

  // --- starts

  const refusal = (): ServiceError | undefined => {
    if (isClosed) return internal('The local runtime is stopping')
    if (limits.maxSessions > 0 && cells.size >= limits.maxSessions)
      return quotaExceeded(`Maximum number of active sessions reached: ${limits.maxSessions}`)
    if (limits.newSessionsPerSecond === 0) return undefined
    const now = clock.now()
    while (beginnings[0] !== undefined && now - beginnings[0] >= 1000) beginnings.shift()
    if (beginnings.length >= limits.newSessionsPerSecond)
      return throttled(`Rate exceeded: ${limits.newSessionsPerSecond} new sessions a second`)
    beginnings.push(now)
    return undefined
  }

  const begin = async (cell: Cell): Promise<E.Either<ServiceError, Begun>> => {
    const started = await startAgent(launcher, cell.id, limits, cell.abort.signal)
    if (E.isLeft(started)) {
      const hint = 'hint' in started.left ? started.left.hint : undefined
      log.error(`Session ${cell.id} does not start: ${hint?.why ?? started.left._tag}`, {
        session: cell.id,
        ...(hint?.log === undefined ? {} : { output: hint.log }),
      })()
      forget(cell)
      return started
    }
    const agent = started.right
    cell.agent = agent
    const now = clock.now()
    move(cell, (life) => Life.reported(now, agent.report)(Life.ready(now)(life)))
    log.info(`Session ${cell.id} is ready`, { session: cell.id, port: agent.launched.port })()
    void agent.launched.exited().then((exit) => onExit(cell, exit))
    void measure(cell, agent)
    if (isClosed) await end(cell, agent, 'shutdown')
    else plan(cell, agent)
    return E.right({ cell, agent })
  }

  const start = (id: string): Promise<E.Either<ServiceError, Begun>> => {
    const cell = startingCell(id, clock.now())
    cells.set(id, cell)
    const beginning = begin(cell)
    cell.transition = beginning
    return beginning
  }

  // --- uses

  const enterNow = (id: string, kind: Life.Kind): Lease | undefined => {
    const cell = cells.get(id)
    return cell?.agent !== undefined && Life.admission(cell.life) === 'Enter'
      ? lease(cell, cell.agent, kind, clock)
      : undefined
  }

  const enter = async (id: string, kind: Life.Kind, manner: Manner): Promise<E.Either<ServiceError, Lease>> => {
    for (;;) {
      const now = enterNow(id, kind)
      if (now !== undefined) return E.right(now)
      const cell = cells.get(id)
      if (cell === undefined) {
        const refused = refusal()
        if (refused !== undefined) return E.left(refused)
        const started = await start(id)
        if (E.isLeft(started)) return started
        const { cell: begun, agent } = started.right
        if (begun.life._tag === 'Ready') return E.right(lease(begun, agent, kind, clock))
        return E.left(agentFailed(500, toHint('the agent ended as soon as it was ready', agent.launched)))
      }
      if (manner === 'refuse') return E.left(inTransition)
      await cell.transition
    }
  }

  const stop = async (id: string): Promise<E.Either<ServiceError, void>> => {
    const cell = cells.get(id)
    if (cell === undefined) return E.left(notFound(`Session ${id} not found`))
    if (cell.agent === undefined || cell.life._tag !== 'Ready') return E.left(inTransition)
    return E.right(await end(cell, cell.agent, 'asked'))
  }

  const close = async (): Promise<void> => {
    isClosed = true
    for (const cell of [...cells.values()]) {
      if (cell.life._tag === 'Starting') cell.abort.abort()
      else if (cell.agent !== undefined && cell.life._tag === 'Ready') void end(cell, cell.agent, 'shutdown')
    }
    await Promise.all([...cells.values()].map(({ transition }) => transition))
    await launcher.close()
  }

  return {
    enterNow,
    enter: (id, kind, manner) => () => enter(id, kind, manner),
    stop: (id) => () => stop(id),
    list: () =>
      [...cells.values()].map(({ id, life, memory, agent }) => ({
        id,
        life,
        memory,
        pid: agent?.launched.pid ?? O.none,
        log: agent?.launched.log ?? O.none,
      })),
    close,
  }
}
