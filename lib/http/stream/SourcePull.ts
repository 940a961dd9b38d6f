/** Pulls the values of a source, sync or async, as frames. */
import { TextDecoder } from 'node:util'
import * as E from 'fp-ts/Either'
import type { IO } from 'fp-ts/IO'
import { type AgentError, fromUnknown } from '../../core/AgentError'
import { disregard } from '../../core/Call'
import type { Source } from '../../core/Reply'
import { frame } from '../../core/Sse'

/** The outcome of a pull: one of these, synchronously or later. */
export interface PullListeners {
  readonly onFrame: (frame: string) => void
  readonly onDone: IO<void>
  /** `isSourceOpen` unless the source itself failed, which ended it. */
  readonly onFail: (error: AgentError, isSourceOpen: boolean) => void
}

type SourceIterator = AsyncIterator<unknown> | Iterator<unknown>

/** The iterator of a source: its own, or the source itself if it is one. */
export const toIterator = (source: Source): SourceIterator => {
  disregard(source) // a promise for a source is not iterable
  if (Symbol.asyncIterator in source) {
    const iterator = source[Symbol.asyncIterator]()
    disregard(iterator)
    return iterator
  }
  return 'next' in source ? source : source[Symbol.iterator]()
}

/** Pulls the next value of an iterator. Called again only after the last pull has settled. */
export const createPull = (iterator: SourceIterator, { onFrame, onDone, onFail }: PullListeners): IO<void> => {
  const toValue = createTextDecoder()

  const onThrow = (cause: unknown): void => onFail(fromUnknown(cause), false)

  /** What a getter or `toJSON` throws counts as a failure of the source. */
  const guarded =
    (f: (value: unknown) => void) =>
    (value: unknown): void => {
      try {
        f(value)
      } catch (cause) {
        onThrow(cause)
      }
    }

  const onRejectedValue = (cause: unknown): void => onFail(fromUnknown(cause), true)

  const onValue = (value: unknown): void => {
    const text = frame(toValue(value))
    if (E.isRight(text)) onFrame(text.right)
    else onFail(text.left, true)
  }

  const take = (result: unknown): void => {
    if (typeof result !== 'object' || result === null) throw new TypeError('the iterator returned no result object')
    if ('done' in result && result.done === true) {
      if ('value' in result) disregard(result.value)
      return onDone()
    }
    const value = 'value' in result ? result.value : undefined
    if (isThenable(value)) when(value, guarded(onValue), onRejectedValue)
    else onValue(value)
  }

  const onResult = guarded(take)

  return () => {
    try {
      const result: unknown = iterator.next()
      if (isThenable(result)) when(result, onResult, onThrow)
      else take(result)
    } catch (cause) {
      onThrow(cause)
    }
  }
}

/** Decodes bytes to text; a character may be split between two chunks. */
const createTextDecoder = (): ((value: unknown) => unknown) => {
  let decoder: TextDecoder | undefined
  return (value) => {
    if (!(value instanceof Uint8Array)) return value
    decoder ??= new TextDecoder()
    return decoder.decode(value, { stream: true })
  }
}

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'

/** Awaits a thenable. A foreign one may settle twice, so it is wrapped in a promise. */
const when = (
  thenable: PromiseLike<unknown>,
  onValue: (value: unknown) => void,
  onFail: (cause: unknown) => void,
): void => {
  if (isPlainPromise(thenable)) thenable.then(onValue, onFail)
  else new Promise((resolve) => resolve(thenable)).then(onValue, onFail)
}

const isPlainPromise = (thenable: object): boolean =>
  Object.getPrototypeOf(thenable) === Promise.prototype && !Object.hasOwn(thenable, 'then')
