import { pipe } from 'fp-ts/function'
import { entrypoint, Handler, use, websocket } from '../../../lib'
import { inject } from '../../../lib/testing'

const echo = entrypoint(Handler.fromSync((payload: unknown) => payload))
const socket = websocket(Handler.fromMessages((messages: AsyncIterable<unknown>) => messages))

describe('the root of an agent', () => {
  it.each([
    ['an agent', echo, 'Nothing is served here. This is an agent: use POST /invocations, GET /ping'],
    [
      'one behind middleware, with a socket',
      pipe(
        use((_, next) => next()),
        pipe(echo, socket),
      ),
      'Nothing is served here. This is an agent: use POST /invocations, GET /ping or a WebSocket on /ws',
    ],
  ])('names what %s serves', async (_, agent, error) => {
    const response = await inject(agent)('/')
    expect([response.status, await response.json()]).toEqual([
      404,
      { error, code: 'NOT_FOUND', requestId: expect.any(String) },
    ])
  })
})
