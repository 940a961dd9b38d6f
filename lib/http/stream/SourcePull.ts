/** Pulls the values of a source, sync or async, as frames. */
import { TextDecoder, types } from 'node:util'
import * as E from 'fp-ts/Either'
import type { IO } from 'fp-ts/IO'
import type { AgentError } from '../../core/AgentError'
import { disregard } from '../../core/Call'
import type { Source } from '../../core/Reply'
import { frame } from '../../core/Sse'

/** The outcome of a pull: one of these, synchronously or later. */
export interface PullListeners {
  /** Returns whether to pull the next value at once. */
  readonly onFrame: (frame: string) => boolean
  readonly onDone: IO<void>
  /** Sees each value before it is sent. */
  readonly onValue?: ((value: unknown) => void) | undefined
  /** Which failure a thrown value is. */
  readonly toError: (thrown: unknown) => AgentError
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

/**
 * Pulls the next value of an iterator, and those after it as long as `onFrame` asks for more. Called again only after
 * the last pull has settled.
 */
export const createPull = (
  iterator: SourceIterator,
  { onFrame, onDone, toError, onFail, onValue: inspect }: PullListeners,
): IO<void> => {
  const toValue = createTextDecoder()

  const onThrow = (cause: unknown): void => onFail(toError(cause), false)

  const onRejectedValue = (cause: unknown): void => onFail(toError(cause), true)

  const takeValue = (value: unknown): boolean => {
    if (inspect !== undefined) inspect(value)
    const text = frame(toValue(value))
    if (E.isRight(text)) return onFrame(text.right)
    onFail(text.left, true)
    return false
  }

  const takeResult = (result: unknown): boolean => {
    if (!isResult(result)) throw new TypeError('the iterator returned no result object')
    if (result.done === true) {
      disregard(result.value)
      onDone()
      return false
    }
    const { value } = result
    if (!isThenable(value)) return takeValue(value)
    when(value, onValue, onRejectedValue)
    return false
  }

  // What a getter or `toJSON` throws counts as a failure of the source.

  const onResult = (result: unknown): void => {
    try {
      if (takeResult(result)) pull()
    } catch (cause) {
      onThrow(cause)
    }
  }

  const onValue = (value: unknown): void => {
    try {
      if (takeValue(value)) pull()
    } catch (cause) {
      onThrow(cause)
    }
  }

  const pullAny = (): void => {
    try {
      let result: unknown
      do {
        result = iterator.next()
        if (isThenable(result)) return when(result, onResult, onThrow)
      } while (takeResult(result))
    } catch (cause) {
      onThrow(cause)
    }
  }

  const pull = isAsyncGenerator(iterator) ? () => void iterator.next().then(onResult, onThrow) : pullAny
  return pull
}

/** What an iterator must return. */
const isResult = (result: unknown): result is { readonly done?: unknown; readonly value?: unknown } =>
  typeof result === 'object' && result !== null

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

/**
 * Whether an iterator is a native async generator: then `next` returns plain promises and never throws. For speed:
 * without the checks of each promise, a value takes a tenth less CPU.
 */
const isAsyncGenerator = (iterator: SourceIterator): iterator is AsyncGenerator =>
  types.isGeneratorObject(iterator) && iterator.next === asyncGenerator.next

const asyncGenerator: SourceIterator = (async function* () {
  yield undefined
})()

const isPlainPromise = (thenable: object): boolean =>
  Object.getPrototypeOf(thenable) === Promise.prototype && !Object.hasOwn(thenable, 'then')
