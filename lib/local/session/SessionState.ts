/**
 * One session as a state machine, from the request that begins it until its agent is gone: every event gives the next
 * state and what to do. `SessionLife` says how a life moves on, and this what that means for the agent and for those who
 * wait; nothing happens here.
 */
import * as O from 'fp-ts/Option'
import { agentFailed, inTransition, type ServiceError } from '../service/ServiceError'
import type { Lifecycle } from '../../core/Lifecycle'
import * as Life from './SessionLife'
import type { SessionNews } from './SessionNews'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** What to do while a session is being started or stopped: refuse as the service does, or wait as for an agent itself. */
export type Manner = 'refuse' | 'wait'

/** What comes of waiting for a session; who wanted to enter one that is gone may begin it anew. */
export type Told =
  { readonly _tag: 'Admitted' } | { readonly _tag: 'Refused'; readonly error: ServiceError } | { readonly _tag: 'Gone' }

/** Someone who waits: to use the session, or for its end. `tell` is called once, by the interpreter of commands. */
export interface Waiter {
  readonly wants: Life.Kind | 'end'
  readonly tell: (told: Told) => void
}

/** There is no such session, or no longer; why it was stopped, if it was. */
export interface Absent {
  readonly _tag: 'Absent'
  readonly why: Life.Why | undefined
}

export interface Present {
  readonly _tag: 'Present'
  readonly life: Life.Life
  /** Who began it, while its agent does not answer yet: a start that fails is answered to nobody else. */
  readonly starter: Waiter | undefined
  /** Who waits besides, in the order of their arrival. */
  readonly waiting: ReadonlyArray<Waiter>
  readonly memory: O.Option<number>
  /** Whether it is to be stopped as soon as its start is over. */
  readonly isClosing: boolean
  /** Whether it was said that it never becomes idle. */
  readonly hasWarned: boolean
}

export type SessionState = Absent | Present

/** What happens to a session. `now` is in milliseconds. */
export type SessionEvent =
  | { readonly _tag: 'Entered'; readonly now: number; readonly waiter: Waiter; readonly manner: Manner }
  | { readonly _tag: 'Left'; readonly now: number; readonly kind: Life.Kind }
  /** A message of a socket has passed. */
  | { readonly _tag: 'Touched'; readonly now: number }
  /** The agent has answered its first ping. */
  | { readonly _tag: 'Started'; readonly now: number; readonly report: Life.Report }
  | { readonly _tag: 'NotStarted'; readonly error: ServiceError }
  /** It is time for the next ping. */
  | { readonly _tag: 'PingDue' }
  | {
      readonly _tag: 'Pinged'
      readonly now: number
      readonly report: O.Option<Life.Report>
      readonly memory: O.Option<number>
    }
  | { readonly _tag: 'Measured'; readonly memory: O.Option<number> }
  /** The agent has ended, asked to or not. */
  | { readonly _tag: 'Exited'; readonly how: string }
  | { readonly _tag: 'StopAsked'; readonly now: number; readonly waiter: Waiter }
  /** The agent was killed, and it and all that it used are gone. */
  | { readonly _tag: 'Killed' }
  /** The runtime stops. */
  | { readonly _tag: 'Closed'; readonly now: number; readonly waiter: Waiter }

/** What to do. */
export type SessionCommand =
  | { readonly _tag: 'Launch' }
  | { readonly _tag: 'CancelLaunch' }
  | { readonly _tag: 'Ping' }
  /** Looks out for the end of the agent, and at its memory. */
  | { readonly _tag: 'Watch' }
  | { readonly _tag: 'SchedulePing' }
  | { readonly _tag: 'CancelPing' }
  /** Ends the agent, without a time to finish if it is forced. */
  | { readonly _tag: 'Kill'; readonly isForced: boolean }
  /** Tells all that use the session that it ends. */
  | { readonly _tag: 'EndLeases' }
  | { readonly _tag: 'Tell'; readonly waiter: Waiter; readonly told: Told }
  | { readonly _tag: 'Log'; readonly news: SessionNews }
  /** The id is free again. */
  | { readonly _tag: 'Forget' }

/** What decides about the end of a session. 0 bytes are without limit. */
export interface SessionRules {
  readonly lifecycle: Lifecycle
  readonly maxMemory: number
}

type Step = readonly [SessionState, ReadonlyArray<SessionCommand>]

/** Before anybody has entered. */
export const absent: SessionState = { _tag: 'Absent', why: undefined }

// ---------------------------------------------------------------------------------------------------------------------
// transitions
// ---------------------------------------------------------------------------------------------------------------------

/** What an event leads to. An event that has no meaning in a state leaves it as it is. */
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

/** Who enters begins the session; who wants its end has it already. */
const whileAbsent = (state: Absent, event: SessionEvent): Step => {
  if (!('waiter' in event)) return [state, nothing]
  if (event._tag !== 'Entered') return [state, [tell(event.waiter, { _tag: 'Gone' })]]
  const life = Life.starting(event.now)
  const begun = { starter: event.waiter, waiting: [], memory: O.none, isClosing: false, hasWarned: false }
  return [{ _tag: 'Present', life, ...begun }, [{ _tag: 'Launch' }]]
}

const onEntered = (state: Present, now: number, waiter: Waiter, manner: Manner): Step => {
  if (state.life._tag === 'Ready') return admit(state, now, [waiter])
  return manner === 'refuse' ? [state, [refuse(waiter, inTransition)]] : [waitedFor(state, waiter), nothing]
}

const onStarted = (state: Present, now: number, report: Life.Report): Step => {
  if (state.life._tag !== 'Starting') return [state, nothing]
  const { starter, waiting, isClosing } = state
  const ready = move({ ...state, starter: undefined }, (life) => Life.reported(now, report)(Life.ready(now)(life)))
  const begun: ReadonlyArray<SessionCommand> = [log({ _tag: 'Ready' }), { _tag: 'Watch' }]
  if (isClosing) {
    const [stopping, commands] = stop(ready, now, 'shutdown')
    const ended = agentFailed(500, { why: 'the agent ended as soon as it was ready' })
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

/** A runtime that stops ends what is ready at once, and what starts as soon as it can. */
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
  return life === state.life ? state : { ...state, life }
}

const waitedFor = (state: Present, waiter: Waiter): Present => ({ ...state, waiting: [...state.waiting, waiter] })

const admit = (state: Present, now: number, waiters: ReadonlyArray<Waiter>): Step => [
  waiters.reduce<Present>(
    (entered, { wants }) => (wants === 'end' ? entered : move(entered, Life.enter(now, wants))),
    state,
  ),
  waiters.map((waiter) => tell(waiter, { _tag: 'Admitted' })),
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

/** The id is free before anybody is told so: who still wants to enter begins the session anew. */
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

/** Says what would hurt in the cloud, that a session never becomes idle once only. */
const warned = (state: Present, before: Life.Ready): readonly [Present, ReadonlyArray<SessionCommand>] => {
  const { life, hasWarned } = state
  if (life._tag !== 'Ready') return [state, nothing]
  if (life.missed === 1) return [state, [log({ _tag: 'Silent' })]]
  return hasWarned || !Life.movesAlone(before, life)
    ? [state, nothing]
    : [{ ...state, hasWarned: true }, [log({ _tag: 'NeverIdle' })]]
}

const tell = (waiter: Waiter, told: Told): SessionCommand => ({ _tag: 'Tell', waiter, told })

const refuse = (waiter: Waiter, error: ServiceError): SessionCommand => tell(waiter, { _tag: 'Refused', error })

const log = (news: SessionNews): SessionCommand => ({ _tag: 'Log', news })
