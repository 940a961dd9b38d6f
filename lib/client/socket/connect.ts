/** Opens a connection with `ws`, which is loaded when the first is opened. A refused handshake is told as its answer. */
import type { Agent, IncomingMessage } from 'node:http'
import * as E from 'fp-ts/Either'
import type { TaskEither } from 'fp-ts/TaskEither'
import type { WebSocket } from 'ws'
import { joinedFields } from '../../node/http/RequestFields'
import { readStart } from '../../node/exchange/BoundedBody'
import { errorCode } from '../../node/SystemError'
import type { ClientError } from '../error/ClientError'
import type { Connection } from './Connection'
import { createFrameSocket, type FrameSocket, type FrameSocketOptions } from './FrameSocket'
import { shown } from '../error/HeaderText'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** Bounds of a connection, and of what it takes to open it. */
export interface DialOptions extends FrameSocketOptions {
  /** Milliseconds from the first step to an open socket; 0 is without limit. */
  readonly connectTimeout: number
  readonly agent?: Agent
}

/** An open connection, and what its handshake was answered with. */
export interface Dialled {
  readonly socket: FrameSocket
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>
}

/** The most of a refusal's body that is read, in bytes. */
const maxRefusal = 65_536

// ---------------------------------------------------------------------------------------------------------------------
// answers
// ---------------------------------------------------------------------------------------------------------------------

/** Why nothing could be opened, in a few words. */
const toReason = (cause: unknown): string => {
  if (!(cause instanceof Error)) return shown(String(cause))
  return cause.message === '' ? (errorCode(cause) ?? '') : shown(cause.message)
}

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/** Turns the answer to a refused handshake into a failure. */
export type ToError = (answer: {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}) => ClientError

/**
 * Opens a connection. Left: what the other side has refused it with; `ConnectionFailed`, `ConnectTimeout`, `Aborted`;
 * `InvalidParameter` for what is no URL or no subprotocol.
 */
export const dial =
  (toError: ToError) =>
  ({ url, headers, protocols }: Connection, options: DialOptions): TaskEither<ClientError, Dialled> =>
  async () => {
    const { connectTimeout, maxPayload, maxFragments, signal, agent } = options
    if (signal?.aborted === true) return E.left({ _tag: 'Aborted' })
    const { WebSocket: Client } = await import('ws')
    const host = URL.canParse(url) ? new URL(url).host : shown(url)

    return new Promise((resolve) => {
      let ws: WebSocket
      try {
        ws = new Client(url, [...protocols], {
          ...{ headers: { ...headers }, maxPayload, perMessageDeflate: false },
          ...(maxFragments === undefined ? {} : { maxFragments }),
          ...(agent === undefined ? {} : { agent }),
        })
      } catch (cause) {
        return resolve(E.left({ _tag: 'InvalidParameter', name: 'connection', reason: toReason(cause) }))
      }
      let answered: IncomingMessage | undefined
      const settle = (outcome: E.Either<ClientError, Dialled>): void => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', onAbort)
        resolve(outcome)
      }
      const giveUp = (error: ClientError): void => {
        settle(E.left(error))
        ws.on('error', () => undefined) // it says that it was given up
        ws.terminate()
      }
      const onAbort = (): void => giveUp({ _tag: 'Aborted' })
      signal?.addEventListener('abort', onAbort, { once: true })
      const late = (): void => giveUp({ _tag: 'ConnectTimeout', host, after: connectTimeout })
      const timer = connectTimeout > 0 ? setTimeout(late, Math.min(connectTimeout, 2 ** 31 - 1)) : undefined
      ws.once('upgrade', (response) => {
        answered = response
      })
      ws.once('unexpected-response', (request, response) => {
        void readStart(response, maxRefusal).then((body) => {
          settle(E.left(toError({ status: response.statusCode ?? 0, headers: joinedFields(response.headers), body })))
          request.destroy()
        })
      })
      const onError = (cause: Error): void =>
        giveUp({ _tag: 'ConnectionFailed', host, reason: toReason(cause), isSent: answered !== undefined })
      ws.once('error', onError)
      ws.once('open', () => {
        ws.off('error', onError)
        // At once, before any other turn: frames that came with the handshake are told next.
        settle(
          E.right({
            socket: createFrameSocket(ws, options),
            headers: answered === undefined ? {} : joinedFields(answered.headers),
          }),
        )
      })
    })
  }
