/**
 * One session as a state machine, from the request that creates it until its agent has exited: every event yields the
 * next state and commands. `SessionLife` has the rules of a session's life; this applies them to the agent and to
 * pending requests. Pure: the interpreter is in `AgentSessions`.
 */
import * as O from 'fp-ts/Option'
import { agentFailed, inTransition, type ServiceError } from '../service/ServiceError'
import type { Lifecycle } from '../../core/Lifecycle'
import * as Life from './SessionLife'
import type { SessionNews } from './SessionNews'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** How a request enters a starting or stopping session: fail with a 409 as the service does, or wait for it. */
export type Manner = 'refuse' | 'wait'

/** The outcome of a pending request. After `Gone`, a request that wants to enter may start the session anew. */
export type Told =
  { readonly _tag: 'Admitted' } | { readonly _tag: 'Refused'; readonly error: ServiceError } | { readonly _tag: 'Gone' }

/** A pending request: to enter the session, or to learn of its end. `tell` is called once, by the interpreter. */
export interface Waiter {
  readonly wants: Life.Kind | 'end'
  readonly tell: (told: Told) => void
}

/** No such session, or no longer; why it was stopped, if it was. */
export interface Absent {
  readonly _tag: 'Absent'
  readonly why: Life.Why | undefined
}

export interface Present {
  readonly _tag: 'Present'
  readonly life: Life.Life
  /** The request that created it, until the agent is ready: only this one gets the error of a failed start. */
  readonly starter: Waiter | undefined
  /** Other pending requests, in order of arrival. */
  readonly waiting: ReadonlyArray<Waiter>
  readonly memory: O.Option<number>
  /** Whether to stop it as soon as its start has finished. */
  readonly isClosing: boolean
  /** Whether the warning that it never becomes idle was logged. */
  readonly hasWarned: boolean
}

export type SessionState = Absent | Present

/** An event of a session. `now` is in milliseconds. */
export type SessionEvent =
  | { readonly _tag: 'Entered'; readonly now: number; readonly waiter: Waiter; readonly manner: Manner }
  | { readonly _tag: 'Left'; readonly now: number; readonly kind: Life.Kind }
  /** A WebSocket message has passed. */
  | { readonly _tag: 'Touched'; readonly now: number }
  /** The agent has responded to its first ping. */
  | { readonly _tag: 'Started'; readonly now: number; readonly report: Life.Report }
  | { readonly _tag: 'NotStarted'; readonly error: ServiceError }
  /** The next ping is due. */
  | { readonly _tag: 'PingDue' }
  | {
      readonly _tag: 'Pinged'
      readonly now: number
      readonly report: O.Option<Life.Report>
      readonly memory: O.Option<number>
    }
  | { readonly _tag: 'Measured'; readonly memory: O.Option<number> }
  /** The agent has exited, requested or not. */
  | { readonly _tag: 'Exited'; readonly how: string }
  | { readonly _tag: 'StopAsked'; readonly now: number; readonly waiter: Waiter }
  /** The stop is complete: the agent has exited and its resources are released. */
  | { readonly _tag: 'Killed' }
  /** The runtime is shutting down. */
  | { readonly _tag: 'Closed'; readonly now: number; readonly waiter: Waiter }

/** A command for the interpreter. */
export type SessionCommand =
  | { readonly _tag: 'Launch' }
  | { readonly _tag: 'CancelLaunch' }
  | { readonly _tag: 'Ping' }
  /** Watches the agent's exit and its memory. */
  | { readonly _tag: 'Watch' }
  | { readonly _tag: 'SchedulePing' }
  | { readonly _tag: 'CancelPing' }
  /** Stops the agent; `isForced` skips the grace period. */
  | { readonly _tag: 'Kill'; readonly isForced: boolean }
  /** Notifies all leases that the session has ended. */
  | { readonly _tag: 'EndLeases' }
  | { readonly _tag: 'Tell'; readonly waiter: Waiter; readonly told: Told }
  | { readonly _tag: 'Log'; readonly news: SessionNews }
  /** Removes the entry, so that the id can be reused. */
  | { readonly _tag: 'Forget' }

/** Limits that end a session. 0 bytes means no limit. */
export interface SessionRules {
  readonly lifecycle: Lifecycle
  readonly maxMemory: number
}

type Step = readonly [SessionState, ReadonlyArray<SessionCommand>]

/** The state before the first request. */
export const absent: SessionState = { _tag: 'Absent', why: undefined }

// ---------------------------------------------------------------------------------------------------------------------
// transitions
// ---------------------------------------------------------------------------------------------------------------------

/** The next state and commands of an event. An event that does not apply leaves the state unchanged. */
export const step =
  (rules: SessionRules) =>
  (state: SessionState, event: SessionEvent): Step => {
    if (state._tag === 'Absent') return whileAbsent(state, event)
    switch (event._tag) {
      case 'Entered':
        return onEntered(state, event.now, event.waiter, event.manner)
      case 'Left':
        return [move(state, Life.leave(event.now, event.kind)), nothing]
      case 'Touched':
        return [move(state, Life.touch(event.now)), nothing]
      case 'Started':
        return onStarted(state, event.now, event.report)
      case 'NotStarted':
        return onNotStarted(state, event.error)
      case 'PingDue':
        return [state, state.life._tag === 'Ready' ? [{ _tag: 'Ping' }] : nothing]
      case 'Pinged':
        return onPinged(rules, { ...state, memory: event.memory }, event.now, event.report)
      case 'Measured':
        return [{ ...state, memory: event.memory }, nothing]
      case 'Exited':
        return state.life._tag === 'Ready' ? gone(state, [log({ _tag: 'Exited', how: event.how })]) : [state, nothing]
      case 'StopAsked':
        return state.life._tag === 'Ready'
          ? stop(waitedFor(state, event.waiter), event.now, 'asked')
          : [state, [refuse(event.waiter, inTransition)]]
      case 'Killed':
        return state.life._tag === 'Stopping' ? gone(state, nothing) : [state, nothing]
      case 'Closed':
        return onClosed(waitedFor(state, event.waiter), event.now)
    }
  }

const nothing: ReadonlyArray<SessionCommand> = []

/** Without a session, entering creates one, and waiting for its end succeeds at once. */
const whileAbsent = (state: Absent, event: SessionEvent): Step => {
  if (!('waiter' in event)) return [state, nothing]
  if (event._tag !== 'Entered') return [state, [tell(event.waiter, { _tag: 'Gone' })]]
  const life = Life.starting(event.now)
  const begun = { starter: event.waiter, waiting: [], memory: O.none, isClosing: false, hasWarned: false }
  return [{ _tag: 'Present', life, ...begun }, [{ _tag: 'Launch' }]]
}

const onEntered = (state: Present, now: number, waiter: Waiter, manner: Manner): Step => {
  if (state.life._tag === 'Ready')
    return waiter.wants === 'end' ? [state, nothing] : [move(state, Life.enter(now, waiter.wants)), [admitted(waiter)]]
  return manner === 'refuse' ? [state, [refuse(waiter, inTransition)]] : [waitedFor(state, waiter), nothing]
}

const onStarted = (state: Present, now: number, report: Life.Report): Step => {
  if (state.life._tag !== 'Starting') return [state, nothing]
  const { starter, waiting, isClosing } = state
  const ready = move({ ...state, starter: undefined }, (life) => Life.reported(now, report)(Life.ready(now)(life)))
  const begun: ReadonlyArray<SessionCommand> = [log({ _tag: 'Ready' }), { _tag: 'Watch' }]
  if (isClosing) {
    const [stopping, commands] = stop(ready, now, 'shutdown')
    const ended = agentFailed(500, { why: 'the agent exited as soon as it was ready' })
    return [stopping, [...begun, ...(starter === undefined ? [] : [refuse(starter, ended)]), ...commands]]
  }
  const enterers = [...(starter === undefined ? [] : [starter]), ...waiting.filter(({ wants }) => wants !== 'end')]
  const [admitted, commands] = admit(
    { ...ready, waiting: waiting.filter(({ wants }) => wants === 'end') },
    now,
    enterers,
  )
  return [admitted, [...begun, { _tag: 'SchedulePing' }, ...commands]]
}

const onNotStarted = (state: Present, error: ServiceError): Step => {
  if (state.life._tag !== 'Starting') return [state, nothing]
  const { starter } = state
  const [next, commands] = gone(state, [log({ _tag: 'NotStarted', error })])
  return [next, starter === undefined ? commands : [...commands, refuse(starter, error)]]
}

const onPinged = (rules: SessionRules, state: Present, now: number, report: O.Option<Life.Report>): Step => {
  if (state.life._tag !== 'Ready') return [state, nothing]
  const seen = move(state, O.isSome(report) ? Life.reported(now, report.value) : Life.missedPing)
  const [told, news] = warned(seen, state.life)
  const isOverMemory = rules.maxMemory > 0 && O.exists((bytes: number) => bytes > rules.maxMemory)(state.memory)
  const why = isOverMemory ? 'memory' : O.toUndefined(Life.due(now, rules.lifecycle)(told.life))
  if (why === undefined) return [told, [...news, { _tag: 'SchedulePing' }]]
  const [stopping, commands] = stop(told, now, why)
  return [stopping, [...news, ...commands]]
}

/** A shutdown stops a ready session at once, a starting one as soon as possible. */
const onClosed = (state: Present, now: number): Step => {
  switch (state.life._tag) {
    case 'Starting':
      return [{ ...state, isClosing: true }, [{ _tag: 'CancelLaunch' }]]
    case 'Ready':
      return stop(state, now, 'shutdown')
    case 'Stopping':
      return [state, nothing]
  }
}

const move = (state: Present, f: (life: Life.Life) => Life.Life): Present => {
  const life = f(state.life)
  return life === state.life ? state : withLife(state, life)
}

/** Written out for speed, as in `SessionLife`. */
const withLife = (state: Present, life: Life.Life): Present => ({
  _tag: 'Present',
  life,
  starter: state.starter,
  waiting: state.waiting,
  memory: state.memory,
  isClosing: state.isClosing,
  hasWarned: state.hasWarned,
})

const waitedFor = (state: Present, waiter: Waiter): Present => ({ ...state, waiting: [...state.waiting, waiter] })

const admit = (state: Present, now: number, waiters: ReadonlyArray<Waiter>): Step => [
  waiters.reduce<Present>(
    (entered, { wants }) => (wants === 'end' ? entered : move(entered, Life.enter(now, wants))),
    state,
  ),
  waiters.map(admitted),
]

const stop = (state: Present, now: number, why: Life.Why): Step => [
  move(state, Life.stopping(now, why)),
  [
    { _tag: 'CancelPing' },
    log({ _tag: 'Stopping', why }),
    { _tag: 'EndLeases' },
    { _tag: 'Kill', isForced: why === 'memory' },
  ],
]

/** Frees the id before the pending requests learn of it, so that those that want to enter create the session anew. */
const gone = ({ life, waiting }: Present, before: ReadonlyArray<SessionCommand>): Step => [
  { _tag: 'Absent', why: life._tag === 'Stopping' ? life.why : undefined },
  [
    ...before,
    { _tag: 'CancelPing' },
    { _tag: 'Forget' },
    { _tag: 'EndLeases' },
    ...waiting.map((waiter) => tell(waiter, { _tag: 'Gone' })),
  ],
]

/** Warns of what would hurt in the cloud; that a session never becomes idle, only once. */
const warned = (state: Present, before: Life.Ready): readonly [Present, ReadonlyArray<SessionCommand>] => {
  const { life, hasWarned } = state
  if (life._tag !== 'Ready') return [state, nothing]
  if (life.missed === 1) return [state, [log({ _tag: 'Silent' })]]
  return hasWarned || !Life.movesAlone(before, life)
    ? [state, nothing]
    : [{ ...state, hasWarned: true }, [log({ _tag: 'NeverIdle' })]]
}

const tell = (waiter: Waiter, told: Told): SessionCommand => ({ _tag: 'Tell', waiter, told })

const admission: Told = { _tag: 'Admitted' }

const admitted = (waiter: Waiter): SessionCommand => tell(waiter, admission)

const refuse = (waiter: Waiter, error: ServiceError): SessionCommand => tell(waiter, { _tag: 'Refused', error })

const log = (news: SessionNews): SessionCommand => ({ _tag: 'Log', news })
