/**
 * The body of an answer of Node's as bytes that are pulled. It ends at once when it is given up, aborted or silent for
 * too long, and what was cut is told from what is whole.
 */
import type { IncomingMessage } from 'node:http'
import type { ClientError } from '../error/ClientError'
import type { Bounds } from './Transport'

/** The bytes of a body. Throws a `ClientError`: `Truncated`, `IdleTimeout` or `Aborted`. */
export const readBody = (res: IncomingMessage, { idleTimeout, signal }: Bounds): AsyncIterable<Uint8Array> => {
  const source: AsyncIterator<Uint8Array, undefined> = res[Symbol.asyncIterator]()
  let reason: ClientError | undefined
  let isGivenUp = false

  const end = (error: ClientError): void => {
    reason ??= error
    res.destroy()
  }
  const abort = (): void => end({ _tag: 'Aborted' })
  signal?.addEventListener('abort', abort, { once: true })
  res.once('close', () => signal?.removeEventListener('abort', abort))
  res.on('error', () => undefined) // the iterator throws it

  const pull = async (): Promise<IteratorResult<Uint8Array, undefined>> => {
    if (reason !== undefined) throw reason
    const late = (): void => end({ _tag: 'IdleTimeout', after: idleTimeout })
    const timer = idleTimeout > 0 ? setTimeout(late, idleTimeout) : undefined
    try {
      const step = await source.next()
      if (step.done !== true) return step
      if (isGivenUp || reason === undefined) return over
      throw reason
    } catch {
      if (isGivenUp) return over
      throw reason ?? truncated
    } finally {
      clearTimeout(timer)
    }
  }

  const iterator: AsyncIterator<Uint8Array, undefined> = {
    next: pull,
    return: async () => {
      isGivenUp = true
      res.destroy()
      return over
    },
  }
  return { [Symbol.asyncIterator]: () => iterator }
}

const over = { done: true, value: undefined } as const

const truncated: ClientError = { _tag: 'Truncated' }
