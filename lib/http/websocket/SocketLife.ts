/**
 * The life of an open WebSocket as a state machine: every event yields the next state and commands. There are nine
 * states, each created once, so that a socket stores no more than a pointer to its state.
 */
import * as E from 'fp-ts/Either'
import type { AgentError } from '../../core/AgentError'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

export interface SocketLife {
  /**
   * Waiting for a message; busy, so that messages are queued; or done. A handler that reads itself is busy until it is
   * done.
   */
  readonly handler: 'Waiting' | 'Busy' | 'Done'
  /** Closed: the peer has disconnected, and queued messages are still to be read. Finished: the request is over. */
  readonly connection: 'Open' | 'Closed' | 'Finished'
}

export type SocketEvent =
  /** A frame was received. */
  | { readonly _tag: 'Arrived' }
  /** The handler has read a queued frame. */
  | { readonly _tag: 'Read'; readonly isLast: boolean }
  /** The answer to a message is written, or there is none; `waiting` is the number of queued messages. */
  | { readonly _tag: 'Answered'; readonly waiting: 'None' | 'One' | 'More' }
  | { readonly _tag: 'Ended'; readonly result: Result }
  /** `isBroken` without a close frame: then nobody waits for what is unread. */
  | { readonly _tag: 'Closed'; readonly isBroken: boolean; readonly hasMore: boolean }

export type SocketCommand =
  /** Answers the received frame. */
  | { readonly _tag: 'Answer' }
  /** Queues the received frame, or passes it to a pending read. */
  | { readonly _tag: 'Queue' }
  /** Answers the oldest queued frame. */
  | { readonly _tag: 'AnswerNext' }
  /** Notifies all pending reads and sends that the peer has disconnected. */
  | { readonly _tag: 'Leave' }
  /** Closes the connection with the code of the result. */
  | { readonly _tag: 'End'; readonly result: Result }
  /** Ends the request. */
  | { readonly _tag: 'Finish' }

/** The result of a handler. */
export type Result = E.Either<AgentError, void>

type Step = readonly [SocketLife, ReadonlyArray<SocketCommand>]

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

const among = (handler: SocketLife['handler']): Readonly<Record<SocketLife['connection'], SocketLife>> => ({
  Open: Object.freeze({ handler, connection: 'Open' }),
  Closed: Object.freeze({ handler, connection: 'Closed' }),
  Finished: Object.freeze({ handler, connection: 'Finished' }),
})

const lives = { Waiting: among('Waiting'), Busy: among('Busy'), Done: among('Done') }

const toLife = (handler: SocketLife['handler'], connection: SocketLife['connection']): SocketLife =>
  lives[handler][connection]

/** The initial state of a WebSocket whose messages are answered one at a time. */
export const waiting: SocketLife = toLife('Waiting', 'Open')

/** The initial state of a WebSocket that its handler reads. */
export const reading: SocketLife = toLife('Busy', 'Open')

/** The event of a received frame. */
export const arrived: SocketEvent = { _tag: 'Arrived' }

const answeredAll: SocketEvent = { _tag: 'Answered', waiting: 'None' }

const answeredButOne: SocketEvent = { _tag: 'Answered', waiting: 'One' }

const answeredSome: SocketEvent = { _tag: 'Answered', waiting: 'More' }

/** The event of a written or absent answer, by the number of queued frames. */
export const answered = (frames: number): SocketEvent =>
  frames === 0 ? answeredAll : frames === 1 ? answeredButOne : answeredSome

/** The event of a finished handler. */
export const ended = (result: Result): SocketEvent => ({ _tag: 'Ended', result })

// ---------------------------------------------------------------------------------------------------------------------
// transitions
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The next state and commands of an event. Once the handler is done, messages are dropped; once the request is over,
 * nothing happens.
 */
export const step = (life: SocketLife, event: SocketEvent): Step => {
  switch (event._tag) {
    case 'Arrived':
      return onArrived(life)
    case 'Read':
      return event.isLast ? [onLastRead(life), life.connection === 'Closed' ? finish : none] : [life, none]
    case 'Answered':
      return onAnswered(life, event.waiting)
    case 'Ended':
      return onEnded(life, event.result)
    case 'Closed':
      return onClosed(life, event.isBroken, event.hasMore)
  }
}

type Commands = ReadonlyArray<SocketCommand>

const none: Commands = []

const queue: Commands = [{ _tag: 'Queue' }]

const answerNext: Commands = [{ _tag: 'AnswerNext' }]

const leave: Commands = [{ _tag: 'Leave' }]

const finish: Commands = [{ _tag: 'Finish' }]

// The two steps of a synchronously answered message allocate nothing: they are the hot path of a busy server.

const toBusy: Step = [reading, [{ _tag: 'Answer' }]]

const toWaiting: Step = [waiting, none]

const onArrived = (life: SocketLife): Step => {
  switch (life.handler) {
    case 'Waiting':
      return toBusy
    case 'Busy':
      return [life, queue]
    case 'Done':
      return [life, none]
  }
}

const onLastRead = (life: SocketLife): SocketLife =>
  life.connection === 'Closed' ? toLife(life.handler, 'Finished') : life

const onAnswered = (life: SocketLife, left: 'None' | 'One' | 'More'): Step => {
  if (life.handler !== 'Busy') return [life, none]
  switch (left) {
    case 'None':
      return life.connection === 'Open' ? toWaiting : onEnded(life, E.right(undefined))
    case 'One': // the peer has disconnected: end the request before this last answer
      return [onLastRead(life), life.connection === 'Closed' ? [...finish, ...answerNext] : answerNext]
    case 'More':
      return [life, answerNext]
  }
}

const onEnded = (life: SocketLife, result: Result): Step => {
  if (life.handler === 'Done') return [life, none]
  const end: SocketCommand = { _tag: 'End', result }
  return life.connection === 'Closed'
    ? [toLife('Done', 'Finished'), [end, ...finish]]
    : [toLife('Done', life.connection), [end]]
}

const onClosed = (life: SocketLife, isBroken: boolean, hasMore: boolean): Step => {
  if (life.connection !== 'Open') return [life, none]
  if (life.handler === 'Waiting') {
    return [toLife('Done', 'Finished'), [...leave, { _tag: 'End', result: E.right(undefined) }, ...finish]]
  }
  return isBroken || !hasMore || life.handler === 'Done'
    ? [toLife(life.handler, 'Finished'), [...leave, ...finish]]
    : [toLife(life.handler, 'Closed'), leave]
}
