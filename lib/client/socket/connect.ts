/** Opens a connection with `ws`, which is loaded when the first is opened. A refused handshake is told as its answer. */
import type { Agent, IncomingMessage } from 'node:http'
import * as E from 'fp-ts/Either'
import type { TaskEither } from 'fp-ts/TaskEither'
import type { WebSocket } from 'ws'
import type { ClientError } from '../error/ClientError'
import type { Connection } from './Connection'
import { createLink, type Link, type LinkOptions } from './WebSocketConnection'
import { shown } from '../error/HeaderText'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** Bounds of a connection, and of what it takes to open it. */
export interface DialOptions extends LinkOptions {
  /** Milliseconds from the first step to an open socket; 0 is without limit. */
  readonly connectTimeout: number
  readonly agent?: Agent
}

/** An open connection, and what its handshake was answered with. */
export interface Dialled {
  readonly link: Link
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>
}

/** The most of a refusal's body that is read, in bytes. */
const maxRefusal = 65_536

// ---------------------------------------------------------------------------------------------------------------------
// answers
// ---------------------------------------------------------------------------------------------------------------------

const toHeaders = ({ headers }: IncomingMessage): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, typeof value === 'string' ? value : value.join(', ')] as const],
    ),
  )

/** The body of a refusal, as far as it is read. */
const readBody = async (response: IncomingMessage): Promise<Buffer> => {
  const parts: Array<Buffer> = []
  let length = 0
  try {
    for await (const part of response as AsyncIterable<Buffer>) {
      parts.push(part)
      length += part.length
      if (length > maxRefusal) break
    }
  } catch {
    // what came of it says enough
  }
  return Buffer.concat(parts).subarray(0, maxRefusal)
}

/** Why nothing could be opened, in a few words. */
const toReason = (cause: unknown): string => {
  if (!(cause instanceof Error)) return shown(String(cause))
  return 'code' in cause && typeof cause.code === 'string' && cause.message === '' ? cause.code : shown(cause.message)
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
    const { connectTimeout, maxPayload, signal, agent } = options
    if (signal?.aborted === true) return E.left({ _tag: 'Aborted' })
    const { WebSocket: Client } = await import('ws')
    const host = URL.canParse(url) ? new URL(url).host : shown(url)

    return new Promise((resolve) => {
      let ws: WebSocket
      try {
        ws = new Client(url, [...protocols], {
          ...{ headers: { ...headers }, maxPayload, perMessageDeflate: false },
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
        void readBody(response).then((body) => {
          settle(E.left(toError({ status: response.statusCode ?? 0, headers: toHeaders(response), body })))
          request.destroy()
        })
      })
      const onError = (cause: Error): void =>
        giveUp({ _tag: 'ConnectionFailed', host, reason: toReason(cause), isSent: answered !== undefined })
      ws.once('error', onError)
      ws.once('open', () => {
        ws.off('error', onError)
        // At once, before any other turn: frames that came with the handshake are told next.
        settle(E.right({ link: createLink(ws, options), headers: answered === undefined ? {} : toHeaders(answered) }))
      })
    })
  }
