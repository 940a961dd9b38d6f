/** What the specs of sockets share: agents, clients, and what they expect of each other. */
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import { AgentError, type App, createApp, Handler, type Options, websocket } from '../../../lib'
import type { Socket } from '../../../lib/core/Socket'
import { quiet } from '../socketSupport'

/** Says back what it hears. */
export const echo: Handler.SocketHandler<unknown, unknown> = Handler.fromMessages(async function* (messages) {
  yield* messages
})

/** A handler from an async function. */
export const talk =
  (f: (socket: Socket) => Promise<void>): Handler.SocketHandler<unknown, unknown> =>
  (socket) =>
    TE.tryCatch(() => f(socket), AgentError.fromUnknown)

export const received = async (socket: Socket): Promise<unknown> => {
  const message = await socket.receive()
  return E.isRight(message) && O.isSome(message.right) ? message.right.value : message
}

export const socketApp = (handler: Handler.SocketHandler<unknown, unknown>, options: Options = {}): App =>
  createApp(websocket(handler), { ...quiet, ...options })

export const range = (count: number): ReadonlyArray<number> => Array.from({ length: count }, (_, index) => index)
