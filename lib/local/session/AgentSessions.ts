/**
 * The sessions of a runtime: each starts on first use and stops when it expires. `SessionState` decides; this is the
 * one interpreter of its commands.
 */
import * as E from 'fp-ts/Either'
import { identity, pipe } from 'fp-ts/function'
import type { IO } from 'fp-ts/IO'
import * as O from 'fp-ts/Option'
import type { Task } from 'fp-ts/Task'
import * as TE from 'fp-ts/TaskEither'
import type { Log } from '../../core/Log'
import type { Clock } from '../../node/Clock'
import type { Lifecycle } from '../../core/Lifecycle'
import * as Ev from '../../node/Eventual'
import type { Eventual } from '../../node/Eventual'
import type { Launcher } from '../launch/Launcher'
import { internal, notFound, type ServiceError } from '../service/ServiceError'
import type { Limits } from '../service/ServiceLimits'
import { beginOne, unusedQuota } from '../service/SessionQuota'
import { ping } from './AgentPing'
import { type Agent, startAgent } from './AgentStart'
import { type Lease, lease, newEntry, type SessionEntry } from './SessionEntry'
import type { Kind, Life } from './SessionLife'
import { logNews } from './SessionNews'
import { type Manner, type SessionCommand, type SessionEvent, step, type Told } from './SessionState'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** A session as the overview lists it. */
export interface View {
  readonly id: string
  readonly life: Life
  readonly memory: O.Option<number>
  readonly pid: O.Option<number>
  readonly log: O.Option<string>
}

/** The sessions of a runtime. */
export interface Sessions {
  /** Acquires a lease on a session, which is started if it does not exist. */
  readonly enter: (id: string, kind: Kind, manner: Manner) => Eventual<ServiceError, Lease>
  /** Stops a session. Resolves when its agent has exited. */
  readonly stop: (id: string) => TE.TaskEither<ServiceError, void>
  readonly list: IO<ReadonlyArray<View>>
  /** Stops all sessions, and rejects new ones. */
  readonly close: Task<void>
}

/** What sessions depend on. */
export interface Parts {
  readonly launcher: Launcher
  readonly lifecycle: Lifecycle
  readonly limits: Limits
  readonly clock: Clock
  /** The interval between pings of an agent, in milliseconds. */
  readonly pingEvery: number
  readonly log: Log
}

/** The session entries by id, and the dispatcher of their events. */
interface Table {
  readonly entries: Map<string, SessionEntry>
  readonly dispatch: (entry: SessionEntry, event: SessionEvent) => void
}

// ---------------------------------------------------------------------------------------------------------------------
// constructor
// ---------------------------------------------------------------------------------------------------------------------

/** No sessions yet. */
export const createSessions = (parts: Parts): Sessions => {
  const { launcher, clock } = parts
  const table = createTable(parts)
  const { entries, dispatch } = table
  const door = createDoor(parts, table)
  return {
    enter: door.enter,
    stop: (id) => () =>
      new Promise((resolve) => {
        const entry = entries.get(id)
        if (entry === undefined) return resolve(E.left(notFound(`Session ${id} not found`)))
        const tell = (told: Told): void => resolve(told._tag === 'Refused' ? E.left(told.error) : E.right(undefined))
        dispatch(entry, { _tag: 'StopAsked', now: clock.now(), waiter: { wants: 'end', tell } })
      }),
    list: () => [...entries.values()].flatMap(toViews),
    close: async () => {
      door.close()
      await Promise.all(
        [...entries.values()].map(
          (entry) =>
            new Promise<Told>((tell) =>
              dispatch(entry, { _tag: 'Closed', now: clock.now(), waiter: { wants: 'end', tell } }),
            ),
        ),
      )
      await launcher.close()
    },
  }
}

/** Admits requests to sessions, and new sessions within the quota. */
const createDoor = ({ limits, clock }: Parts, { entries, dispatch }: Table) => {
  const begin = beginOne(limits)
  let quota = unusedQuota

  /** The entry of a session; a new one if there is none. */
  const toEntry = (id: string): E.Either<ServiceError, SessionEntry> => {
    const known = entries.get(id)
    if (known !== undefined) return E.right(known)
    return pipe(
      begin(quota, entries.size, clock.now()),
      E.map((next) => {
        const entry = newEntry(id)
        quota = next
        entries.set(id, entry)
        return entry
      }),
    )
  }

  /** Requests entry, and retries if the session has stopped before it could be entered. */
  const knock = (
    id: string,
    kind: Kind,
    manner: Manner,
    settle: (entered: E.Either<ServiceError, Lease>) => void,
  ): void => {
    const found = toEntry(id)
    if (E.isLeft(found)) return settle(found)
    const entry = found.right
    const tell = (told: Told): void => {
      switch (told._tag) {
        case 'Admitted':
          return settle(toLease(entry, kind))
        case 'Refused':
          return settle(E.left(told.error))
        case 'Gone':
          return knock(id, kind, manner, settle)
      }
    }
    dispatch(entry, { _tag: 'Entered', now: clock.now(), waiter: { wants: kind, tell }, manner })
  }

  const toLease = (entry: SessionEntry, kind: Kind): E.Either<ServiceError, Lease> =>
    entry.agent === undefined
      ? E.left(internal('An entered session has no agent'))
      : E.right(lease(entry, entry.agent, kind, clock, (event) => dispatch(entry, event)))

  const enter: Sessions['enter'] = (id, kind, manner) => Ev.settled((settle) => knock(id, kind, manner, settle))

  return { enter, close: () => (quota = { ...quota, isClosed: true }) }
}

const toViews = ({ id, state, agent }: SessionEntry): ReadonlyArray<View> =>
  state._tag === 'Absent'
    ? []
    : [
        {
          id,
          life: state.life,
          memory: state.memory,
          pid: agent?.launched.pid ?? O.none,
          log: agent?.launched.log ?? O.none,
        },
      ]

// ---------------------------------------------------------------------------------------------------------------------
// interpreter
// ---------------------------------------------------------------------------------------------------------------------

/** The timeout of a ping, in milliseconds. */
const pingTimeout = 5000

/** No entries yet. An event moves the state before its commands run, since they may dispatch events themselves. */
const createTable = (parts: Parts): Table => {
  const { lifecycle, limits, clock, pingEvery, log } = parts
  const entries = new Map<string, SessionEntry>()
  const next = step({ lifecycle, maxMemory: limits.maxMemory })
  const say = logNews(log)

  const dispatch = (entry: SessionEntry, event: SessionEvent): void => {
    const [state, commands] = next(entry.state, event)
    entry.state = state
    for (const command of commands) perform(entry, command)
  }

  const perform = (entry: SessionEntry, command: SessionCommand): void => {
    switch (command._tag) {
      case 'Launch':
        return void launch(parts, entry).then((event) => dispatch(entry, event))
      case 'CancelLaunch':
        return entry.launch.abort()
      case 'Ping':
        return withAgent(entry, (agent) => void look(clock, agent).then((event) => dispatch(entry, event)))
      case 'Watch':
        return withAgent(entry, ({ launched }) => {
          void launched.exited().then(({ how }) => dispatch(entry, { _tag: 'Exited', how }))
          void launched.memory().then((memory) => dispatch(entry, { _tag: 'Measured', memory }))
        })
      case 'SchedulePing':
        entry.cancelPing = clock.after(pingEvery, () => dispatch(entry, { _tag: 'PingDue' }))
        return
      case 'CancelPing':
        return entry.cancelPing()
      case 'Kill':
        return withAgent(entry, ({ launched }) => {
          const ended = launched.stop(command.isForced ? 0 : limits.stopTimeout)
          void ended().then(() => dispatch(entry, { _tag: 'Killed' }))
        })
      case 'EndLeases':
        return endLeases(entry)
      case 'Tell':
        return command.waiter.tell(command.told)
      case 'Log':
        return say(entry.id, entry.agent, command.news)()
      case 'Forget':
        if (entries.get(entry.id) === entry) entries.delete(entry.id)
        return entry.agent?.connections.close()
    }
  }

  return { entries, dispatch }
}

/** Starts the agent of a session. A launcher that throws counts as one that fails. */
const launch = async ({ launcher, limits, clock }: Parts, entry: SessionEntry): Promise<SessionEvent> => {
  const started = await pipe(
    TE.tryCatch(startAgent({ launcher, limits }, entry.id, entry.launch.signal), () =>
      internal('The local runtime failed'),
    ),
    TE.chainEitherK(identity),
  )()
  if (E.isLeft(started)) return { _tag: 'NotStarted', error: started.left }
  entry.agent = started.right
  return { _tag: 'Started', now: clock.now(), report: started.right.report }
}

/** Pings an agent. */
const look = async (clock: Clock, { connections, launched }: Agent): Promise<SessionEvent> => {
  const [report, memory] = await Promise.all([ping(connections, pingTimeout), launched.memory()])
  return { _tag: 'Pinged', now: clock.now(), report, memory }
}

const withAgent = ({ agent }: SessionEntry, f: (agent: Agent) => void): void => {
  if (agent !== undefined) f(agent)
}

const endLeases = (entry: SessionEntry): void => {
  const listeners = entry.listeners ?? []
  entry.listeners = undefined
  for (const listener of listeners) listener()
}
