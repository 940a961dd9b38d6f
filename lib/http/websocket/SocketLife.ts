/**
 * The life of an open socket as a value: every event leads to the next state and to what is to be done. There are nine
 * states and each is made once, so that a socket holds no more of its life than a pointer.
 */
import * as E from 'fp-ts/Either'
import type { AgentError } from '../../core/AgentError'
import type { Frame } from '../../node/websocket/WebSocketConnection'

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
  | { readonly _tag: 'Arrived'; readonly frame: Frame }
  /** A frame that has waited was taken to be answered. */
  | { readonly _tag: 'Taken'; readonly frame: Frame; readonly isLast: boolean }
  /** The handler has read a frame that has waited. */
  | { readonly _tag: 'Read'; readonly isLast: boolean }
  /** The answer to a message is written, or there is none. */
  | { readonly _tag: 'Answered'; readonly hasMore: boolean }
  | { readonly _tag: 'Ended'; readonly result: Result }
  /** `isBroken` where the connection went without a close frame: then nobody waits for what is unread. */
  | { readonly _tag: 'Closed'; readonly isBroken: boolean; readonly hasMore: boolean }

export type SocketCommand =
  | { readonly _tag: 'Answer'; readonly frame: Frame }
  | { readonly _tag: 'Queue'; readonly frame: Frame }
  /** Takes the frame that has waited longest. */
  | { readonly _tag: 'Take' }
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

const answeredLast: SocketEvent = { _tag: 'Answered', hasMore: false }

const answeredOne: SocketEvent = { _tag: 'Answered', hasMore: true }

/** An answer is written, or there is none. */
export const answered = (hasMore: boolean): SocketEvent => (hasMore ? answeredOne : answeredLast)

/** A handler has ended. */
export const ended = (result: Result): SocketEvent => ({ _tag: 'Ended', result })

// ---------------------------------------------------------------------------------------------------------------------
// transitions
// ---------------------------------------------------------------------------------------------------------------------

/** What an event leads to. Once the handler is done, messages are dropped; once the request is over, nothing happens. */
export const step = (life: SocketLife, event: SocketEvent): Step => {
  switch (event._tag) {
    case 'Arrived':
      return onArrived(life, event.frame)
    case 'Taken':
      return onTaken(life, event.frame, event.isLast)
    case 'Read':
      return event.isLast ? onLastRead(life) : [life, none]
    case 'Answered':
      return onAnswered(life, event.hasMore)
    case 'Ended':
      return onEnded(life, event.result)
    case 'Closed':
      return onClosed(life, event.isBroken, event.hasMore)
  }
}

const none: ReadonlyArray<SocketCommand> = []

const take: ReadonlyArray<SocketCommand> = [{ _tag: 'Take' }]

const leave: SocketCommand = { _tag: 'Leave' }

const finish: SocketCommand = { _tag: 'Finish' }

const onArrived = (life: SocketLife, frame: Frame): Step => {
  switch (life.handler) {
    case 'Waiting':
      return [toLife('Busy', life.connection), [{ _tag: 'Answer', frame }]]
    case 'Busy':
      return [life, [{ _tag: 'Queue', frame }]]
    case 'Done':
      return [life, none]
  }
}

/** The request is over before the last message is answered: what ends it is its answer, which nobody waits for. */
const onTaken = (life: SocketLife, frame: Frame, isLast: boolean): Step => {
  const [next, commands] = isLast ? onLastRead(life) : [life, none]
  return [next, [...commands, { _tag: 'Answer', frame }]]
}

const onLastRead = (life: SocketLife): Step =>
  life.connection === 'Closed' ? [toLife(life.handler, 'Finished'), [finish]] : [life, none]

const onAnswered = (life: SocketLife, hasMore: boolean): Step => {
  if (life.handler !== 'Busy') return [life, none]
  if (hasMore) return [life, take]
  return life.connection === 'Open' ? [waiting, none] : onEnded(life, E.right(undefined))
}

const onEnded = (life: SocketLife, result: Result): Step => {
  if (life.handler === 'Done') return [life, none]
  const end: SocketCommand = { _tag: 'End', result }
  return life.connection === 'Closed'
    ? [toLife('Done', 'Finished'), [end, finish]]
    : [toLife('Done', life.connection), [end]]
}

const onClosed = (life: SocketLife, isBroken: boolean, hasMore: boolean): Step => {
  if (life.connection !== 'Open') return [life, none]
  if (life.handler === 'Waiting') {
    return [toLife('Done', 'Finished'), [leave, { _tag: 'End', result: E.right(undefined) }, finish]]
  }
  return isBroken || !hasMore || life.handler === 'Done'
    ? [toLife(life.handler, 'Finished'), [leave, finish]]
    : [toLife(life.handler, 'Closed'), [leave]]
}
