/**
 * Pulls a source and writes its values as server-sent events. Frames that are made in one turn of the event loop go out
 * in one write; the first is never held back. The source is pulled no faster than the client reads.
 */
import { TextDecoder } from 'node:util'
import * as E from 'fp-ts/Either'
import type { IO } from 'fp-ts/IO'
import { type AgentError, fromUnknown } from '../core/AgentError'
import type { Source } from '../core/Reply'
import { frame, keepAlive } from '../core/Sse'

/** Where frames go. */
export interface Sink {
  /** Takes text; false says to wait for `onDrain`. */
  readonly write: (text: string) => boolean
  readonly end: (text: string) => void
}

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

const due: Array<IO<void>> = []

const runDue = (): void => {
  for (const f of due.splice(0)) f()
}

/** Calls `f` in the next turn of the event loop, with all that were asked for in this one. */
const nextTurn = (f: IO<void>): void => {
  if (due.push(f) === 1) setImmediate(runDue)
}

/** How many characters are gathered before the source has to wait. */
const enough = 32_768

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'

/** The iterator of a source: its own, or the source where it is one already. */
export const iteratorOf = (source: Source): AsyncIterator<unknown> | Iterator<unknown> => {
  if (Symbol.asyncIterator in source) return source[Symbol.asyncIterator]()
  return 'next' in source ? source : source[Symbol.iterator]()
}

/** Bytes become text; a character may be cut between two of them. */
const textOf = (): ((value: unknown) => unknown) => {
  let decoder: TextDecoder | undefined
  return (value) => {
    if (!(value instanceof Uint8Array)) return value
    decoder ??= new TextDecoder()
    return decoder.decode(value, { stream: true })
  }
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

/** Opens a source: pulls its first value. */
export const openStream = (source: Source, settings: StreamSettings): Opening => {
  let interrupt: Opening['interrupt'] = () => undefined
  const opened = new Promise<E.Either<AgentError, EventStream>>((resolve) => {
    const made = E.tryCatch(() => iteratorOf(source), fromUnknown)
    if (E.isLeft(made)) {
      settings.onEnd(made)
      return resolve(made)
    }
    const iterator = made.right
    const toValue = textOf()
    let sink: Sink | undefined
    let buffer = ''
    let isOpen = false
    let isOver = false
    let isDone = false
    let pendingEnd: StreamEnd = E.right('completed')
    let isWaiting = false // for the next value
    let isFull = false // the source is to wait
    let isDraining = false // the client is slow
    let isFlushDue = false
    let timer: NodeJS.Timeout | undefined

    const stream: EventStream = {
      start: (to) => {
        sink = to
        flush()
        if (!isOver && !isWaiting) pull()
        return onDrain
      },
      cancel: () => {
        if (isOver) return
        finish(E.right('cancelled'))
        close()
      },
      fail: (error) => {
        if (isOver) return
        close()
        over(E.left(error))
      },
    }

    const open = (): void => {
      if (isOpen) return
      isOpen = true
      resolve(E.right(stream))
    }

    const finish = (end: StreamEnd): void => {
      isOver = true
      clearTimeout(timer)
      settings.onEnd(end)
    }

    /** Ends what the client sees: with the last frames, or before the first with nothing at all. */
    const over = (end: StreamEnd): void => {
      if (isOver) return
      if (!isOpen && E.isLeft(end)) {
        finish(end)
        resolve(end)
        return
      }
      if (E.isLeft(end)) buffer += settings.lastFrame(end.left)
      if (sink === undefined) {
        isDone = true
        pendingEnd = end
        open()
        return
      }
      sink.end(buffer)
      buffer = ''
      finish(end)
    }

    /** Closes the source without waiting: it may be in the midst of an await. */
    const close = (): void => {
      const closing = async (): Promise<unknown> => iterator.return?.()
      closing().catch(settings.report)
    }

    const flush = (): void => {
      isFlushDue = false
      if (isOver || sink === undefined) return
      if (isDone) return over(pendingEnd)
      if (buffer === '' || isDraining) return
      const text = buffer
      buffer = ''
      isDraining = !sink.write(text)
      timer?.refresh()
      if (isFull && !isDraining) resume()
    }

    const resume = (): void => {
      isFull = false
      pull()
    }

    const onDrain = (): void => {
      isDraining = false
      if (isOver) return
      if (buffer !== '' || isDone) flush()
      else if (isFull) resume()
    }

    const pull = (): void => {
      try {
        for (;;) {
          const step: unknown = iterator.next()
          isWaiting = true
          if (isThenable(step)) {
            step.then(onStep, onThrow)
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
      try {
        if (take(step)) pull()
      } catch (cause) {
        onThrow(cause)
      }
    }

    /** Takes one result of the iterator; false if the next must not be pulled now. */
    const take = (step: unknown): boolean => {
      isWaiting = false
      if (isOver) return false
      if (typeof step !== 'object' || step === null) throw new TypeError('the iterator gave no result object')
      if ('done' in step && step.done === true) {
        over(E.right('completed'))
        return false
      }
      const value = 'value' in step ? step.value : undefined
      if (isThenable(value)) {
        isWaiting = true
        value.then((settled) => onStep({ value: settled }), failAndClose)
        return false
      }
      const text = frame(toValue(value))
      if (E.isLeft(text)) {
        close()
        over(text)
        return false
      }
      buffer += text.right
      return written()
    }

    const failAndClose = (cause: unknown): void => {
      close()
      onThrow(cause)
    }

    /** After a frame was added: false if the source has to wait. */
    const written = (): boolean => {
      if (sink === undefined) {
        open()
        return false
      }
      isFull = buffer.length >= enough
      if (!isFlushDue && !isDraining) {
        isFlushDue = true
        nextTurn(flush)
      }
      return !isFull
    }

    const onSilence = (): void => {
      if (isOver) return
      if (sink === undefined) open()
      if (buffer === '' && !isDraining) {
        if (sink === undefined) buffer = keepAlive
        else isDraining = !sink.write(keepAlive)
      }
      timer?.refresh()
    }

    if (settings.keepAlive > 0) {
      timer = setTimeout(onSilence, settings.keepAlive)
      timer.unref()
    }
    interrupt = (reason) => {
      if (reason._tag !== 'Cancelled') return stream.fail(reason)
      stream.cancel()
      resolve(E.left(reason))
    }
    pull()
  })
  return { opened, interrupt: (reason) => interrupt(reason) }
}
