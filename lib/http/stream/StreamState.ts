/**
 * A stream of events as a state machine: the states of its source, its buffer and its sink. Every event yields the next
 * state and commands. The buffered text is in the interpreter, so that a frame needs no new state and a fast stream
 * allocates nothing here.
 */
import * as E from 'fp-ts/Either'
import { type AgentError, cancelled } from '../../core/AgentError'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

export interface StreamState {
  /** Pulled: its next value is pending. Resting: not pulled, because of backpressure. Over: the stream has ended. */
  readonly source: 'Pulled' | 'Resting' | 'Over'
  /** Missing: nobody reads yet. Writing: a write is in progress. Full: waiting for the drain. */
  readonly sink: 'Missing' | 'Ready' | 'Writing' | 'Full'
  /** What is buffered for the sink. */
  readonly text: 'None' | 'Some' | 'Enough'
  /** Whether the buffer will be flushed in the next turn. */
  readonly isDue: boolean
  /** Whether the response has begun, so that a failure can only be its last frame. */
  readonly isOpen: boolean
}

export type StreamEvent =
  /** A frame was buffered; `isEnough` at the high-water mark. */
  | { readonly _tag: 'Framed'; readonly isEnough: boolean }
  | { readonly _tag: 'Completed' }
  /** A source that did not fail itself is still open and must be closed. */
  | { readonly _tag: 'Failed'; readonly error: AgentError; readonly isSourceOpen: boolean }
  /** The next turn of the event loop has begun. */
  | { readonly _tag: 'Turned' }
  | { readonly _tag: 'Started' }
  /** A write has finished; `isFull` if the sink must drain first. */
  | { readonly _tag: 'Written'; readonly isFull: boolean }
  | { readonly _tag: 'Drained' }
  /** Nothing was written for a keep-alive interval. */
  | { readonly _tag: 'Silent' }
  | { readonly _tag: 'Cancelled' }

export type StreamCommand =
  | { readonly _tag: 'Pull' }
  /** Closes the source, which may be suspended in an await. */
  | { readonly _tag: 'Close' }
  /** Buffers a comment that keeps the connection open. */
  | { readonly _tag: 'KeepAlive' }
  /** Buffers the last frames, for a failure. */
  | { readonly _tag: 'Tell'; readonly error: AgentError }
  /** Buffers the last frames of a stream that completed. */
  | { readonly _tag: 'Conclude' }
  /** Schedules `Turned` for the next turn. */
  | { readonly _tag: 'Schedule' }
  /** Flushes the buffer; the sink responds with the event `Written`. */
  | { readonly _tag: 'Write' }
  /** Flushes the buffer and ends the sink. */
  | { readonly _tag: 'EndSink' }
  /** Drops the buffer, since nobody reads it. */
  | { readonly _tag: 'Discard' }
  /** Begins the response. */
  | { readonly _tag: 'Open' }
  /** Responds with an error instead: nothing was written. */
  | { readonly _tag: 'Refuse'; readonly error: AgentError }
  /** The stream has ended. */
  | { readonly _tag: 'Finish'; readonly end: StreamEnd }

/** How a stream ended. */
export type StreamEnd = E.Either<AgentError, 'completed' | 'cancelled'>

type Commands = ReadonlyArray<StreamCommand>

type Step = readonly [StreamState, Commands]

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

const none: Commands = []

const pull: Commands = [{ _tag: 'Pull' }]

const write: Commands = [{ _tag: 'Write' }]

const schedule: Commands = [{ _tag: 'Schedule' }]

const keepAlive: Commands = [{ _tag: 'KeepAlive' }]

const open: Commands = [{ _tag: 'Open' }]

const close: Commands = [{ _tag: 'Close' }]

const discard: Commands = [{ _tag: 'Discard' }]

const conclude: Commands = [{ _tag: 'Conclude' }]

const endSink: Commands = [{ _tag: 'EndSink' }]

/** The initial state: the first value has been pulled. */
export const begin: Step = [{ source: 'Pulled', sink: 'Missing', text: 'None', isDue: false, isOpen: false }, pull]

/** The initial state of a stream whose response begins at once, whatever its source does. */
export const beginOpen: StreamState = { ...begin[0], isOpen: true }

// ---------------------------------------------------------------------------------------------------------------------
// transitions
// ---------------------------------------------------------------------------------------------------------------------

/** The next state and commands of an event. After the end, only a late sink matters: it is ended at once. */
export const step = (state: StreamState, event: StreamEvent): Step => {
  if (state.source === 'Over') return event._tag === 'Started' ? onLateStart(state) : [state, none]
  switch (event._tag) {
    case 'Framed':
      return onFramed(state, event.isEnough)
    case 'Completed':
      return over(state, E.right('completed'), none)
    case 'Failed':
      return over(state, E.left(event.error), event.isSourceOpen ? close : none)
    case 'Turned':
      return state.sink === 'Ready' ? flush({ ...state, isDue: false }) : [{ ...state, isDue: false }, none]
    case 'Started':
      return state.sink === 'Missing' ? flush({ ...state, sink: 'Ready' }) : [state, none]
    case 'Written':
      return onWritten(state, event.isFull)
    case 'Drained':
      return onDrained(state)
    case 'Silent':
      return onSilent(state)
    case 'Cancelled':
      return onCancelled(state)
  }
}

const onFramed = (state: StreamState, isEnough: boolean): Step => {
  const isResting = isEnough || state.sink === 'Missing'
  const isSteady = !isResting && state.text === 'Some' && state.isOpen && !canSchedule(state)
  if (isSteady) return [state, pull] // nearly all frames of a fast stream
  const text = isEnough ? 'Enough' : 'Some'
  return [
    {
      ...state,
      source: isResting ? 'Resting' : 'Pulled',
      text,
      isDue: state.isDue || canSchedule(state),
      isOpen: true,
    },
    [...(state.isOpen ? none : open), ...(canSchedule(state) ? schedule : none), ...(isResting ? none : pull)],
  ]
}

/** Whether to schedule a flush; a sink that is not ready will ask for one. */
const canSchedule = ({ sink, isDue }: StreamState): boolean => sink === 'Ready' && !isDue

/** Flushes the buffer to a sink that is ready. */
const flush = (state: StreamState): Step =>
  state.text === 'None' ? resume(state) : [{ ...state, text: 'None', sink: 'Writing' }, write]

/** Pulls the source again if it rests. */
const resume = (state: StreamState): Step =>
  state.source === 'Resting' ? [{ ...state, source: 'Pulled' }, pull] : [state, none]

/** A sink that drained during the write is not full, whatever the write returned. */
const onWritten = (state: StreamState, isFull: boolean): Step => {
  if (state.sink !== 'Writing') return resume(state)
  return isFull ? [{ ...state, sink: 'Full' }, none] : resume({ ...state, sink: 'Ready' })
}

const onDrained = (state: StreamState): Step => {
  switch (state.sink) {
    case 'Missing':
    case 'Ready':
      return [state, none]
    case 'Writing':
      return [{ ...state, sink: 'Ready' }, none]
    case 'Full':
      return flush({ ...state, sink: 'Ready' })
  }
}

/** Keeps an idle connection open. One with backpressure or buffered text is not idle. */
const onSilent = (state: StreamState): Step => {
  if (state.text !== 'None' || state.sink === 'Full' || state.sink === 'Writing') return [state, none]
  const commands = [...keepAlive, ...(state.isOpen ? none : open), ...(canSchedule(state) ? schedule : none)]
  return [{ ...state, text: 'Some', isDue: state.isDue || canSchedule(state), isOpen: true }, commands]
}

/** Ends the stream: on failure with a last frame, or with an error response if nothing was written. */
const over = (state: StreamState, end: StreamEnd, closing: Commands): Step => {
  const begun: Commands = [...closing, { _tag: 'Finish', end }]
  const next: StreamState = { ...state, source: 'Over', text: 'None', isOpen: true }
  if (E.isLeft(end) && !state.isOpen) return [next, [...begun, { _tag: 'Refuse', error: end.left }]]
  const last: Commands = E.isLeft(end) ? [{ _tag: 'Tell', error: end.left }] : conclude
  const ending = state.sink === 'Missing' ? none : endSink
  return [next, [...begun, ...last, ...ending, ...(state.isOpen ? none : open)]]
}

const onCancelled = (state: StreamState): Step => {
  const refusal: Commands = state.isOpen ? none : [{ _tag: 'Refuse', error: cancelled }]
  const next: StreamState = { ...state, source: 'Over', text: 'None', isOpen: true }
  return [next, [{ _tag: 'Finish', end: E.right('cancelled') }, ...discard, ...close, ...refusal]]
}

const onLateStart = (state: StreamState): Step =>
  state.sink === 'Missing' ? [{ ...state, sink: 'Ready' }, endSink] : [state, none]
