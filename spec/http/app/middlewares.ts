/** What the specs of Koa middleware share. */
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { type Agent, entrypoint, Handler, websocket } from '../../../lib'
import { gate, type Send } from '../support'

export import compress = require('koa-compress')

export const post = (
  send: Send,
  body: unknown = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> => send('/invocations', { body, headers })

export const second = { is: gate() }

/** Answers an object with a stream of two events, the second when the spec says so, and anything else with itself. */
export const agent: Agent.Agent = pipe(
  entrypoint(
    Handler.fromSync((payload: unknown) => {
      if (payload === 'throw') throw new Error('inside')
      return payload === 'stream' ? slowly() : payload
    }),
  ),
  websocket((socket) =>
    TE.fromTask(async () => {
      await socket.send('hello')()
    }),
  ),
)

const slowly = async function* (): AsyncGenerator {
  yield { first: 'x'.repeat(2000) }
  await second.is.opened
  yield 2
}

export const handshake = (path = '/ws', more: ReadonlyArray<string> = []): string =>
  [
    `GET ${path} HTTP/1.1`,
    'Host: localhost',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ...more,
    '\r\n',
  ].join('\r\n')
