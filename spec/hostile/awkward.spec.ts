/** User code may throw, return and reject with anything, anywhere: it is answered, and the server goes on. */
import { createApp, entrypoint, use } from '../../lib'
import { AgentError } from '../../lib'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { failureOf, injected, served } from '../http/support'
import { tryAwkward } from './awkwardRun'
import { closing, exchange, request } from './held'

it('an awkward value at each hook is answered, with nothing left in flight and the process alive', async () => {
  const { count, failures } = await tryAwkward(131)
  expect(failures).toEqual([])
  expect(count).toBeGreaterThan(300)
}, 60_000)

it('a body of null in place of the answer has its own length, and the next response on the connection is whole', () =>
  served(
    pipe(
      entrypoint(() => TE.right('a long answer')),
      use(async (ctx, next) => {
        await next()
        if (ctx.path === '/invocations') ctx.body = null
      }),
    ),
    async ({ port }) => {
      const one = ['POST /invocations HTTP/1.1', 'Host: localhost', 'Content-Length: 2']
      const last = ['GET /nowhere HTTP/1.1', ...closing]
      const responses = await exchange(port, request(one, '{}') + request(last))
      expect(responses.map(({ status, body }) => [status, body.slice(0, 4)])).toEqual([
        [200, 'null'],
        [404, '{"er'],
      ])
    },
  ))

describe('a header that HTTP cannot carry', () => {
  const name = 'a€\r\nb'

  const refusing = pipe(
    entrypoint(() => TE.right('fine')),
    use((ctx) => ctx.throw(401, 'Who?', { headers: { 'WWW-Authenticate': `Bearer realm="${name}"`, 'no name': 'x' } })),
  )

  it('is encoded where an error of a middleware has it, and the log says so', () =>
    injected(refusing, async ({ send, logged }) => {
      const response = await send('/invocations', { body: {} })
      expect(response.headers.get('www-authenticate')).toBe('Bearer realm="a%E2%82%AC%0D%0Ab"')
      expect(response.headers.get('no name'.replace(' ', '-'))).toBeNull()
      expect(await failureOf(response)).toMatchObject({ status: 401, error: 'Who?', code: 'REJECTED' })
      expect(logged().filter(({ level }) => level === 'ERROR')).toMatchObject([
        { headers: ['WWW-Authenticate', 'no name'] },
      ])
    }))

  it('is encoded in a challenge', () =>
    injected(
      entrypoint(() => TE.left(AgentError.unauthorized('no', `Bearer realm="${name}"`))),
      async ({ send, logged }) => {
        const response = await send('/invocations', { body: {} })
        expect(response.headers.get('www-authenticate')).toBe('Bearer realm="a%E2%82%AC%0D%0Ab"')
        expect(await failureOf(response)).toMatchObject({ status: 401, code: 'UNAUTHORIZED' })
        expect(logged().filter(({ level }) => level === 'ERROR')).toMatchObject([{ headers: ['www-authenticate'] }])
      },
    ))
})

it('background tasks over the limit are not started, and say so', async () => {
  const app = createApp(
    entrypoint((_, { tasks }) => tasks.track('work')(TE.right('done'))),
    { maxTasks: 2, log: { level: 'silent' } },
  )
  const ids = [app.tasks.add('a')(), app.tasks.add('b')()]
  expect(() => app.tasks.add('c')()).toThrow()
  const response = await app.inject('/invocations', { body: {} })
  expect(await failureOf(response)).toMatchObject({ status: 503, code: 'TOO_MANY_TASKS' })
  const forked = app.tasks.fork('d')(TE.right('never'))()
  expect(await forked.outcome()).toMatchObject({ _tag: 'Left', left: { _tag: 'TooManyTasks' } })
  ids.forEach((id) => app.tasks.complete(id)())
  expect(await app.tasks.track('e')(TE.right('done'))()).toMatchObject({ right: 'done' })
  await app.stop()
})
