/**
 * Reads response bodies: as chunks, or whole up to a limit.
 *
 * @since 0.2.0
 */
import * as E from 'fp-ts/Either'
import type { Task } from 'fp-ts/Task'
import type { TaskEither } from 'fp-ts/TaskEither'
import type { ClientError } from '../error/ClientError'
import { toFailure, through } from './AsyncIterables'

/** Bytes as they come; after a left comes nothing. */
export type Bytes = AsyncIterable<E.Either<ClientError, Uint8Array>>

/** An answer that is taken whole has at most so many bytes: AgentCore sends no more. */
export const maxWhole = 100_000_000

/** What was read of a body before it ended, failed or was too long. */
interface PartialBody {
  readonly bytes: Uint8Array
  readonly isCut: boolean
  readonly failure: ClientError | undefined
}

/** Parts, `size` bytes together, as one. */
export const joined = (parts: ReadonlyArray<Uint8Array>, size: number): Uint8Array => {
  const [only] = parts
  if (only !== undefined && parts.length === 1) return only
  const all = new Uint8Array(size)
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

/** Reads until a body ends, fails or has more than `limit` bytes; then it is given up. */
export const readBeginning =
  (limit: number) =>
  (body: AsyncIterable<Uint8Array>): Task<PartialBody> =>
  async () => {
    const parts: Array<Uint8Array> = []
    let size = 0
    try {
      for await (const part of body) {
        parts.push(part)
        size += part.length
        if (size > limit) return { bytes: joined(parts, size).subarray(0, limit), isCut: true, failure: undefined }
      }
    } catch (cause) {
      return { bytes: joined(parts, size), isCut: true, failure: toFailure(cause) }
    }
    return { bytes: joined(parts, size), isCut: false, failure: undefined }
  }

/** All of a body. Left: `InvalidAnswer` if it has more than `limit` bytes, and what the body throws. */
export const readAll =
  (limit: number) =>
  (body: AsyncIterable<Uint8Array>): TaskEither<ClientError, Uint8Array> =>
  async () => {
    const { bytes, isCut, failure } = await readBeginning(limit)(body)()
    if (failure !== undefined) return E.left(failure)
    return isCut ? E.left({ _tag: 'InvalidAnswer', reason: `the body is larger than ${limit} bytes` }) : E.right(bytes)
  }

const steps = async function* (
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<E.Either<ClientError, Uint8Array>, void> {
  try {
    for await (const part of body) yield E.right(part)
  } catch (cause) {
    yield E.left(toFailure(cause))
  }
}

/** The bytes as they come, what the body throws as a left at the end. */
export const toBytes: (body: AsyncIterable<Uint8Array>) => Bytes = through(steps)
