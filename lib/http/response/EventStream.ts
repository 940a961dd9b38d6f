/**
 * Pulls a source and writes its values as server-sent events. The source is pulled no faster than the client reads, and
 * closed at once when the client leaves.
 */
import { TextDecoder } from 'node:util'
import * as E from 'fp-ts/Either'
import type { IO } from 'fp-ts/IO'
import { type AgentError, fromUnknown } from '../../core/AgentError'
import { disregard } from '../../core/Call'
import type { Source } from '../../core/Reply'
import { frame, keepAlive } from '../../core/Sse'
import { createFrameWriter, type Sink } from './FrameWriter'
import { nextTurn } from './nextTurn'

/** A source whose first event is there, or which is known to take longer than a keep-alive. */
export interface EventStream {
  /** Starts to write; what it returns is to be called when the sink has drained. */
  readonly start: (sink: Sink) => IO<void>
  /** Nobody reads any more: closes the source at once. */
  readonly cancel: IO<void>
  /** Ends the stream with a failure as its last frame. */
  readonly fail: (error: AgentError) => void
}

/** How a stream ended. */
export type StreamEnd = E.Either<AgentError, 'completed' | 'cancelled'>

/** What a stream needs to know. */
export interface StreamSettings {
  /** After how many milliseconds of silence a comment is sent; 0 is never. */
  readonly keepAlive: number
  /** The frame that tells of a failure. */
  readonly lastFrame: (error: AgentError) => string
  /** Called once, when the stream has ended. */
  readonly onEnd: (end: StreamEnd) => void
  /** Told what a source threw when it was closed, since nobody else will know. */
  readonly report: (cause: unknown) => void
}

/** A stream on its way to its first event. */
export interface Opening {
  /**
   * A right when there is something to write (the first event, the end, or a comment since the source is slow), a left
   * when it failed before: then nothing was written.
   */
  readonly opened: Promise<E.Either<AgentError, EventStream>>
  /** Ends the stream at any time: as `cancel` does if the client has left, else as `fail`. */
  readonly interrupt: (reason: AgentError) => void
}

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'

const isPlainPromise = (step: object): boolean =>
  Object.getPrototypeOf(step) === Promise.prototype && !Object.hasOwn(step, 'then')

/** Waits for a thenable. One that is no plain promise may settle twice, which a promise around it does not. */
const when = (
  step: PromiseLike<unknown>,
  onValue: (value: unknown) => void,
  onFail: (cause: unknown) => void,
): void => {
  if (isPlainPromise(step)) step.then(onValue, onFail)
  else new Promise((resolve) => resolve(step)).then(onValue, onFail)
}

/** The iterator of a source: its own, or the source where it is one already. */
export const toIterator = (source: Source): AsyncIterator<unknown> | Iterator<unknown> => {
  disregard(source) // a promise of a source is none
  if (Symbol.asyncIterator in source) {
    const iterator = source[Symbol.asyncIterator]()
    disregard(iterator)
    return iterator
  }
  return 'next' in source ? source : source[Symbol.iterator]()
}

/** Bytes become text; a character may be cut between two of them. */
const toText = (): ((value: unknown) => unknown) => {
  let decoder: TextDecoder | undefined
  return (value) => {
    if (!(value instanceof Uint8Array)) return value
    decoder ??= new TextDecoder()
    return decoder.decode(value, { stream: true })
  }
}

/** Opens a source: pulls its first value. */
export const openStream = (source: Source, settings: StreamSettings): Opening => {
  const made = E.tryCatch(() => toIterator(source), fromUnknown)
  if (E.isRight(made)) return openIterator(made.right, settings)
  settings.onEnd(made)
  return { opened: Promise.resolve(made), interrupt: () => undefined }
}

const openIterator = (iterator: AsyncIterator<unknown> | Iterator<unknown>, settings: StreamSettings): Opening => {
  const toValue = toText()
  let resolve: (opened: E.Either<AgentError, EventStream>) => void
  const opened = new Promise<E.Either<AgentError, EventStream>>((settle) => {
    resolve = settle
  })
  let isOpen = false
  let isOver = false
  let isWaiting = false
  let timer: NodeJS.Timeout | undefined

  const open = (): void => {
    isOpen = true
    resolve(E.right(stream))
  }

  const finish = (end: StreamEnd): void => {
    isOver = true
    clearTimeout(timer)
    settings.onEnd(end)
  }

  /** Ends what the client sees: with a last frame, or with nothing at all where nothing was written. */
  const over = (end: StreamEnd): void => {
    if (isOver) return
    finish(end)
    if (!isOpen && E.isLeft(end)) return resolve(end)
    writer.end(E.isLeft(end) ? settings.lastFrame(end.left) : '')
    if (!isOpen) open()
  }

  /** Closes the source without waiting: it may be in the midst of an await. */
  const close = (): void => {
    const closing = async (): Promise<unknown> => iterator.return?.()
    closing().catch(settings.report)
  }

  const pull = (): void => {
    if (isOver || isWaiting) return
    try {
      for (;;) {
        const step: unknown = iterator.next()
        if (isThenable(step)) {
          isWaiting = true
          when(step, onStep, onThrow)
          return
        }
        if (!take(step)) return
      }
    } catch (cause) {
      onThrow(cause)
    }
  }

  const onThrow = (cause: unknown): void => {
    isWaiting = false
    over(E.left(fromUnknown(cause)))
  }

  const onStep = (step: unknown): void => {
    isWaiting = false
    try {
      if (take(step)) pull()
    } catch (cause) {
      onThrow(cause)
    }
  }

  /** Takes one result of the iterator; false if the next must not be pulled now. */
  const take = (step: unknown): boolean => {
    if (isOver) return false
    if (typeof step !== 'object' || step === null) throw new TypeError('the iterator gave no result object')
    if ('done' in step && step.done === true) {
      if ('value' in step) disregard(step.value)
      over(E.right('completed'))
      return false
    }
    const value = 'value' in step ? step.value : undefined
    if (isThenable(value)) {
      isWaiting = true
      when(value, (settled) => onStep({ value: settled }), failAndClose)
      return false
    }
    const text = frame(toValue(value))
    if (E.isLeft(text)) {
      close()
      over(text)
      return false
    }
    const hasRoom = writer.add(text.right)
    if (!isOpen) open()
    return hasRoom
  }

  const failAndClose = (cause: unknown): void => {
    close()
    onThrow(cause)
  }

  const onSilence = (): void => {
    if (writer.isIdle()) writer.add(keepAlive)
    if (!isOpen) open()
    timer?.refresh()
  }

  const writer = createFrameWriter({ onReady: pull, onWrite: () => timer?.refresh() })

  const stream: EventStream = {
    start: (sink) => {
      writer.start(sink)
      return writer.drained
    },
    cancel: () => {
      if (isOver) return
      finish(E.right('cancelled'))
      writer.discard()
      close()
    },
    fail: (error) => {
      if (isOver) return
      close()
      over(E.left(error))
    },
  }

  const watch = (): void => {
    if (isOver) return
    timer = setTimeout(onSilence, settings.keepAlive)
    timer.unref()
  }

  pull()
  if (settings.keepAlive > 0) nextTurn(watch) // the first event need not wait for it, nor a short stream have it
  return {
    opened,
    interrupt: (reason) => {
      if (reason._tag !== 'Cancelled') return stream.fail(reason)
      stream.cancel()
      resolve(E.left(reason))
    },
  }
}
