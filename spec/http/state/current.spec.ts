/** `app.current`: the context for code that cannot be passed it. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { setImmediate as turn } from 'node:timers/promises'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import { type Agent, type App, type Context, createApp, entrypoint, Handler, provide, websocket } from '../../../lib'
import { openSocket } from '../../../lib/testing'

const session = (id: string): Record<string, string> => ({ 'x-amzn-bedrock-agentcore-runtime-session-id': id })

/** An app whose handlers are told by `app.current` alone whose request they serve. */
const served = (make: (who: () => string) => Agent.Agent, options = {}): App => {
  const holder: { app?: App } = {}
  const who = (): string =>
    pipe(
      holder.app?.current() ?? O.none,
      O.match(
        () => 'nobody',
        ({ sessionId }) => sessionId,
      ),
    )
  return (holder.app = createApp(make(who), { asyncLocalStorage: true, log: { level: 'silent' }, ...options }))
}

const answerOf = async (app: App, id: string): Promise<string> =>
  (await app.inject('/invocations', { body: {}, headers: session(id) })).text()

it('knows the request at hand in a handler, after awaits and in what it forks', async () => {
  const app = served((who) =>
    entrypoint((_, context) => async () => {
      const first = who()
      await turn()
      const forked = context.tasks.fork('ask')(async () => {
        await turn()
        return E.right(who())
      })()
      return E.right([first, who(), await forked.outcome()])
    }),
  )
  const expected = (id: string): string => JSON.stringify([id, id, { _tag: 'Right', right: id }])
  expect(await Promise.all([answerOf(app, 'a'), answerOf(app, 'b')])).toEqual([expected('a'), expected('b')])
})

it('keeps the streams of many requests apart, whoever wakes their generators', async () => {
  const app = served((who) =>
    entrypoint(
      Handler.fromGenerator(async function* () {
        for (let i = 0; i < 20; i++) {
          if (i % 3 === 0) await turn()
          yield who()
        }
      }),
    ),
  )
  const ids = ['s1', 's2', 's3', 's4', 's5']
  const streams = await Promise.all(ids.map((id) => answerOf(app, id)))
  expect(streams).toEqual(ids.map((id) => `data: "${id}"\n\n`.repeat(20)))
})

it('knows the request at hand in providers, with the state that they add in handlers', async () => {
  const holder: { app?: App } = {}
  const states: Array<unknown> = []
  const note = (): void => {
    states.push(
      pipe(
        holder.app?.current() ?? O.none,
        O.map(({ state }) => state),
      ),
    )
  }
  const agent = pipe(
    provide(() => {
      note()
      return TE.right({ user: 'ada' })
    }),
    entrypoint(() => {
      note()
      return TE.right(1)
    }),
  )
  holder.app = createApp(agent, { asyncLocalStorage: true, log: { level: 'silent' } })
  await answerOf(holder.app, 'a')
  expect(states).toEqual([O.some({}), O.some({ user: 'ada' })])
})

it('knows the socket at hand', async () => {
  const app = served((who) =>
    websocket(
      Handler.fromMessages(async function* (messages) {
        for await (const _ of messages) yield who()
      }),
    ),
  )
  const client = await openSocket(app, { headers: session('w') })
  const heard = new Promise((resolve) => client.once('message', (data: Buffer) => resolve(data.toString())))
  client.send('1')
  expect(await heard).toBe('"w"')
  client.terminate()
  await app.stop()
})

it('takes a storage of the user, for code that cannot import the app', async () => {
  const storage = new AsyncLocalStorage<Context.Context>()
  const app = served(() => entrypoint(() => TE.fromIO(() => storage.getStore()?.sessionId)), {
    asyncLocalStorage: storage,
  })
  expect(await answerOf(app, 'mine')).toBe('"mine"')
})

it('is none outside of a request; without the option it says once what it takes', () => {
  expect(served(() => entrypoint(() => TE.right(1))).current()).toEqual(O.none)
  const lines: Array<string> = []
  const app = createApp(
    entrypoint(() => TE.right(1)),
    { log: { format: 'json', destination: (l) => lines.push(l) } },
  )
  expect([app.current(), app.current()]).toEqual([O.none, O.none])
  expect(lines).toHaveLength(1)
  expect(lines[0]).toContain('asyncLocalStorage: true')
})
