/**
 * Streams whose values are encoded one by one, as they are pulled. Of server-sent events made with `Sse.event` the data
 * is encoded; comments and raw events are sent as they are.
 *
 * @since 0.2.0
 */
import * as E from 'fp-ts/Either'
import { type Decoded, encode, type Out, toUnencodable } from './Codec'
import type { Source } from './Reply'
import { isEvent, mapData } from './Sse'

/** The values of a source, encoded. Throws `Unencodable`, after ending the source, for one that the codec rejects. */
export const encodeSource = <A>(codec: Out<A>): ((source: Source) => AsyncIterator<unknown>) => {
  const toEncoded = encode(codec)
  const encodeValue = async (value: unknown): Promise<unknown> => {
    if (!isEvent(value)) return orThrow(await toEncoded(value as A)) // its type is checked where the handler is typed
    return mapData(async (data) => orThrow(await toEncoded(data as A)))(value)
  }
  return (source) => {
    const iterator = iterate(source)
    const end = async (): Promise<IteratorResult<unknown>> => iterator.return?.() ?? { done: true, value: undefined }
    const next = async (): Promise<IteratorResult<unknown>> => {
      const step = await iterator.next()
      if (step.done === true) return step
      try {
        return { done: false, value: await encodeValue(step.value) }
      } catch (cause) {
        await end()
        throw cause
      }
    }
    return { next, return: end }
  }
}

/** The iterator of a source. */
export const iterate = (source: Source): AsyncIterator<unknown> | Iterator<unknown> => {
  if (Symbol.asyncIterator in source) return source[Symbol.asyncIterator]()
  return Symbol.iterator in source ? source[Symbol.iterator]() : source
}

const orThrow = (encoded: Awaited<Decoded<unknown>>): unknown => {
  if (E.isLeft(encoded)) throw toUnencodable(encoded.left)
  return encoded.right
}
