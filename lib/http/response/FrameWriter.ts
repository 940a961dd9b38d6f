/**
 * Gathers frames on their way to a client: those that are made in one turn of the event loop go out in one write, the
 * first at once, and none while the client is slow.
 */
import type { IO } from 'fp-ts/IO'
import { nextTurn } from './nextTurn'

/** Where text goes. */
export interface Sink {
  /** Takes text; false says to write no more until it has drained. */
  readonly write: (text: string) => boolean
  readonly end: (text: string) => void
}

/** Frames on their way. */
export interface FrameWriter {
  /** Takes a frame; false says to make no more until `onReady`. */
  readonly add: (frame: string) => boolean
  /** Takes the last frames; they are written with whatever waits. */
  readonly end: (frames: string) => void
  /** Writes nothing more: nobody reads. */
  readonly discard: IO<void>
  /** Writes what waits, and from here on all that comes. */
  readonly start: (sink: Sink) => void
  /** The sink has drained. */
  readonly drained: IO<void>
  /** Whether nothing waits to be written, here or at the client. */
  readonly isIdle: IO<boolean>
}

/** What the maker of the frames is told. */
export interface FrameWriterEvents {
  /** There is room again after `add` gave false. */
  readonly onReady: IO<void>
  /** Something was written. */
  readonly onWrite: IO<void>
}

/** How many characters are gathered before the maker has to wait. */
const enough = 32_768

/** No frame yet, and no sink. */
export const createFrameWriter = ({ onReady, onWrite }: FrameWriterEvents): FrameWriter => {
  let sink: Sink | undefined
  let buffer = ''
  let isEnded = false
  let isFull = false
  let isDraining = false
  let isDue = false

  const endSink = (): void => {
    sink?.end(buffer)
    buffer = ''
  }

  const flush = (): void => {
    isDue = false
    if (sink === undefined || isEnded || isDraining) return
    if (buffer !== '') {
      const text = buffer
      buffer = ''
      isDraining = !sink.write(text)
      onWrite()
    }
    if (isFull && !isDraining) {
      isFull = false
      onReady()
    }
  }

  return {
    add: (frame) => {
      buffer += frame
      isFull = sink === undefined || buffer.length >= enough
      if (sink !== undefined && !isDue && !isDraining) {
        isDue = true
        nextTurn(flush)
      }
      return !isFull
    },
    end: (frames) => {
      buffer += frames
      isEnded = true
      endSink()
    },
    discard: () => {
      isEnded = true
      buffer = ''
      sink = undefined
    },
    start: (to) => {
      sink = to
      if (isEnded) endSink()
      else flush()
    },
    drained: () => {
      isDraining = false
      flush()
    },
    isIdle: () => buffer === '' && !isDraining,
  }
}
