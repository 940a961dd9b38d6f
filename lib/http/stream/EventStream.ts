/**
 * Pulls a source and writes its values as server-sent events, with backpressure and cancellation, as `StreamState`
 * decides. Frames of one turn of the event loop are batched into one write.
 */
import * as E from 'fp-ts/Either'
import type { IO } from 'fp-ts/IO'
import type { AgentError } from '../../core/AgentError'
import { orThrow } from '../../core/EitherThrow'
import type { Source } from '../../core/Reply'
import { keepAlive } from '../../core/Sse'
import { nextTurn } from './nextTurn'
import { createPull, toIterator } from './SourcePull'
import { begin, type StreamCommand, type StreamEnd, type StreamEvent } from './StreamState'
import { advance, beginning, beginningOpen, events, type StreamPoint, type StreamStep } from './StreamSteps'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** A source whose first event is available, or which takes longer than the keep-alive interval. */
export interface EventStream {
  /** Starts to write; the returned effect must be called when the sink has drained. */
  readonly start: (sink: Sink) => IO<void>
  /** Cancels: nobody reads any more, so the source is closed at once. */
  readonly cancel: IO<void>
}

/** Where text is written to. */
export interface Sink {
  /** Writes text; false means to wait for the drain. */
  readonly write: (text: string) => boolean
  readonly end: (text: string) => void
}

/** What a stream depends on. */
export interface StreamSettings {
  /** After how many milliseconds of silence a comment is sent; 0 means never. */
  readonly keepAlive: number
  /** The last frames, for a failure. */
  readonly failureFrames: (error: AgentError) => string
  /** The last frames of a stream that completed. */
  readonly endFrames: string
  /** Whether the response begins at once, so that every failure is in its last frames. */
  readonly isOpen: boolean
  /** Which failure a value is that the source threw. */
  readonly toError: (thrown: unknown) => AgentError
  /** Sees each value before it is sent. */
  readonly onValue: ((value: unknown) => void) | undefined
  /** Called once, when the stream has ended. */
  readonly onEnd: (end: StreamEnd) => void
  /** Reports what a source threw when it was closed, which nobody else sees. */
  readonly report: (cause: unknown) => void
}

/** A stream before its first event. */
export interface Opening {
  /**
   * A right once there is something to write (the first event, the end, or a comment because the source is slow), a left
   * if it failed before, with nothing written.
   */
  readonly opened: Promise<E.Either<AgentError, EventStream>>
  /** Ends the stream at any time: silently if the client has disconnected, else with a failure. */
  readonly interrupt: (reason: AgentError) => void
}

/** The high-water mark, in characters, at which the source is no longer pulled. */
const enough = 32_768

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/** Opens a source: pulls its first value. */
export const openStream = (source: Source, settings: StreamSettings): Opening => {
  const iterator = E.tryCatch(() => toIterator(source), settings.toError)
  if (E.isRight(iterator)) return openIterator(iterator.right, settings)
  if (settings.isOpen) return openIterator(failing(iterator.left), settings)
  settings.onEnd(iterator)
  return { opened: Promise.resolve(iterator), interrupt: () => undefined }
}

/** An iterator that only fails. */
const failing = (error: AgentError): AsyncIterator<unknown> => ({
  next: async () => Promise.resolve(orThrow<IteratorResult<unknown>>(E.left(error))),
})

const openIterator = (iterator: ReturnType<typeof toIterator>, settings: StreamSettings): Opening => {
  const run = createRun(iterator, settings)
  const opened = new Promise<E.Either<AgentError, EventStream>>((resolve) => {
    run.settle = resolve
  })
  if (settings.isOpen) perform(run, { _tag: 'Open' })
  begin[1].forEach((command) => perform(run, command))
  if (settings.keepAlive > 0) nextTurn(() => watch(run)) // deferred: a short stream needs no timer
  return {
    opened,
    interrupt: (reason) =>
      send(run, reason._tag === 'Cancelled' ? events.cancelled : { _tag: 'Failed', error: reason, isSourceOpen: true }),
  }
}

/** A running stream: its state, and the resources that the state is about. */
interface Run {
  readonly settings: StreamSettings
  readonly pull: IO<void>
  readonly close: () => unknown
  readonly onTurn: IO<void>
  /** Events that arrived while another was being handled. */
  readonly pending: Array<StreamEvent>
  point: StreamPoint
  isSending: boolean
  text: string
  sink: Sink | undefined
  timer: NodeJS.Timeout | undefined
  settle: (opened: E.Either<AgentError, EventStream>) => void
}

const createRun = (iterator: ReturnType<typeof toIterator>, settings: StreamSettings): Run => {
  const run: Run = {
    settings,
    pull: createPull(iterator, {
      onValue: settings.onValue,
      onFrame: (frame) => gather(run, frame),
      onDone: () => send(run, events.completed),
      toError: settings.toError,
      onFail: (error, isSourceOpen) => send(run, { _tag: 'Failed', error, isSourceOpen }),
    }),
    close: () => iterator.return?.(),
    onTurn: () => send(run, events.turned),
    pending: [],
    point: settings.isOpen ? beginningOpen : beginning,
    isSending: false,
    text: '',
    sink: undefined,
    timer: undefined,
    settle: () => undefined,
  }
  return run
}

/** The stream as the response sees it. */
const toStream = (run: Run): EventStream => ({
  start: (sink) => {
    run.sink = sink
    send(run, events.started)
    return () => send(run, events.drained)
  },
  cancel: () => send(run, events.cancelled),
})

// ---------------------------------------------------------------------------------------------------------------------
// the interpreter
// ---------------------------------------------------------------------------------------------------------------------

/** Buffers a frame. Returns whether to pull on without a step, which would say so: see `StreamPoint`. */
const gather = (run: Run, frame: string): boolean => {
  if (run.point.state.source === 'Over') return false
  run.text += frame
  const isEnough = run.text.length >= enough
  if (run.point.isSteady && !isEnough && run.pending.length === 0) return true
  send(run, isEnough ? events.framedEnough : events.framed)
  return false
}

/** Handles an event. Reentrant events are queued, so that a synchronous source does not grow the stack. */
const send = (run: Run, event: StreamEvent): void => {
  if (run.isSending) return void run.pending.push(event)
  run.isSending = true
  try {
    let next: StreamEvent | undefined = event
    while (next !== undefined) {
      const { to, commands }: StreamStep = advance(run.point, next)
      run.point = to
      for (const command of commands) perform(run, command)
      next = run.pending.length === 0 ? undefined : run.pending.shift()
    }
  } finally {
    run.isSending = false
  }
}

const perform = (run: Run, command: StreamCommand): void => {
  switch (command._tag) {
    case 'Pull':
      return run.pull()
    case 'Close':
      return close(run)
    case 'KeepAlive':
      run.text += keepAlive
      return
    case 'Tell':
      run.text += run.settings.failureFrames(command.error)
      return
    case 'Conclude':
      run.text += run.settings.endFrames
      return
    case 'Schedule':
      return nextTurn(run.onTurn)
    case 'Write':
      return write(run)
    case 'EndSink':
      run.sink?.end(run.text)
      run.text = ''
      return
    case 'Discard':
      run.text = ''
      run.sink = undefined
      return
    case 'Open':
      return run.settle(E.right(toStream(run)))
    case 'Refuse':
      return run.settle(E.left(command.error))
    case 'Finish':
      clearTimeout(run.timer)
      return run.settings.onEnd(command.end)
  }
}

const write = (run: Run): void => {
  const { text, sink } = run
  run.text = ''
  const isFull = sink?.write(text) === false
  run.timer?.refresh()
  send(run, isFull ? events.writtenFull : events.written)
}

/** Closes the source without waiting, since it may be suspended in an await. */
const close = (run: Run): void => {
  const closing = async (): Promise<unknown> => run.close()
  closing().catch(run.settings.report)
}

/** Sends a comment in every silence as long as the keep-alive interval, until the stream ends. */
const watch = (run: Run): void => {
  if (run.point.state.source === 'Over') return
  run.timer = setTimeout(() => {
    send(run, events.silent)
    run.timer?.refresh()
  }, run.settings.keepAlive)
  run.timer.unref()
}
