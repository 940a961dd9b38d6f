/**
 * The life of an open socket as a value: every event leads to the next state and to what is to be done. There are nine
 * states and each is made once, so that a socket holds no more of its life than a pointer.
 */
import * as E from 'fp-ts/Either'
import type { AgentError } from '../../core/AgentError'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

export interface SocketLife {
  /** Waiting for a message; busy, so that messages wait; done. A handler that reads for itself is busy until it is done. */
  readonly handler: 'Waiting' | 'Busy' | 'Done'
  /** Closed: the peer has left, and what it sent before is still to be read. Finished: the request is over. */
  readonly connection: 'Open' | 'Closed' | 'Finished'
}

export type SocketEvent =
  /** A frame has come. */
  | { readonly _tag: 'Arrived' }
  /** The handler has read a frame that has waited. */
  | { readonly _tag: 'Read'; readonly isLast: boolean }
  /** The answer to a message is written, or there is none; how many messages wait for theirs. */
  | { readonly _tag: 'Answered'; readonly waiting: 'None' | 'One' | 'More' }
  | { readonly _tag: 'Ended'; readonly result: Result }
  /** `isBroken` where the connection went without a close frame: then nobody waits for what is unread. */
  | { readonly _tag: 'Closed'; readonly isBroken: boolean; readonly hasMore: boolean }

export type SocketCommand =
  /** Answers the frame that has come. */
  | { readonly _tag: 'Answer' }
  /** Queues the frame that has come, or gives it to the handler that waits for it. */
  | { readonly _tag: 'Queue' }
  /** Answers the frame that has waited longest. */
  | { readonly _tag: 'AnswerNext' }
  /** Tells all who wait for the peer that it has left. */
  | { readonly _tag: 'Leave' }
  /** Closes the connection as the result says. */
  | { readonly _tag: 'End'; readonly result: Result }
  /** The request is over. */
  | { readonly _tag: 'Finish' }

/** What a handler ends with. */
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

/** A socket whose messages are answered one by one. */
export const waiting: SocketLife = toLife('Waiting', 'Open')

/** A socket that its handler reads. */
export const reading: SocketLife = toLife('Busy', 'Open')

/** A frame has come. */
export const arrived: SocketEvent = { _tag: 'Arrived' }

const answeredAll: SocketEvent = { _tag: 'Answered', waiting: 'None' }

const answeredButOne: SocketEvent = { _tag: 'Answered', waiting: 'One' }

const answeredSome: SocketEvent = { _tag: 'Answered', waiting: 'More' }

/** An answer is written, or there is none, while so many frames wait. */
export const answered = (frames: number): SocketEvent =>
  frames === 0 ? answeredAll : frames === 1 ? answeredButOne : answeredSome

/** A handler has ended. */
export const ended = (result: Result): SocketEvent => ({ _tag: 'Ended', result })

// ---------------------------------------------------------------------------------------------------------------------
// transitions
// ---------------------------------------------------------------------------------------------------------------------

/** What an event leads to. Once the handler is done, messages are dropped; once the request is over, nothing happens. */
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

// The two steps of a message that is answered at once allocate nothing: they are the path of a busy server.

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
    case 'One': // the request is over before this one is answered: the peer has left, and nobody waits for the answer
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
