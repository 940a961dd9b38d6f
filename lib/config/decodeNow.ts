/** Decoding with a codec of io-ts, which is done at once. */
import * as E from 'fp-ts/Either'
import type { Decoder } from 'io-ts'
import type { Issue } from '../core/AgentError'
import { decode } from '../core/Codec'

/** Decodes a value. Left: what is wrong, each with its path. */
export const decodeNow =
  <A>(codec: Decoder<unknown, A>) =>
  (value: unknown): E.Either<ReadonlyArray<Issue>, A> => {
    const result = decode(codec)(value)
    // Only a Standard Schema may be asynchronous, and this is none.
    return result instanceof Promise ? E.left([{ path: '', message: 'asynchronous codecs are not supported' }]) : result
  }
