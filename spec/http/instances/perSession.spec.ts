/** What lives with a session: one a session, ended when it is idle, in the way of another, or when the app stops. */
import * as fc from 'fast-check'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { type Context, createApp, entrypoint, perSession, websocket, Handler } from '../../../lib'
import * as plain from '../../../lib/plain'
import type { SessionId } from '../../../lib/core/Session'
import { createSessionInstances } from '../../../lib/http/instances/SessionInstances'
import { openSocket, testClock } from '../../../lib/testing'
import { eventually, gate } from '../support'

interface Browser {
  readonly browser: { readonly of: string; readonly number: number; pages: number }
}

/** An app with a browser a session, and what has become of the browsers. */
const browsing = (options: { readonly max?: number; readonly idleTimeout?: number } = {}) => {
  const clock = testClock(1)
  const made: Array<string> = []
  const disposed: Array<string> = []
  const begun = gate()
  const held = gate()
  const browser = perSession(
    ({ sessionId }: Context.Context): TE.TaskEither<never, Browser> => {
      made.push(sessionId)
      return TE.right({ browser: { of: sessionId, number: made.length, pages: 0 } })
    },
    {
      ...options,
      dispose:
        ({ browser: { of } }) =>
        async () =>
          void disposed.push(of),
    },
  )
  const visit = entrypoint((payload: unknown, { state }: Context.Context<Browser>) => async () => {
    state.browser.pages += 1
    if (payload === 'wait') {
      begun.open()
      await held.opened
    }
    return E.right(state.browser)
  })
  const echo = websocket(Handler.fromMessages((messages: AsyncIterable<unknown>) => messages))
  const app = createApp(pipe(browser, visit, echo), { clock, log: { level: 'silent' } })
  const ask = async (session: string, payload: unknown = null) => {
    const headers = { 'x-amzn-bedrock-agentcore-runtime-session-id': session }
    const response = await app.inject('/invocations', { method: 'POST', headers, body: JSON.stringify(payload) })
    return (await response.json()) as Record<string, unknown>
  }
  return { app, ask, clock, made, disposed, begun: begun.opened, release: held.open }
}

describe('perSession', () => {
  it('makes one a session, and keeps it over requests', async () => {
    const { app, ask, made } = browsing()
    expect(await ask('a')).toEqual({ of: 'a', number: 1, pages: 1 })
    expect(await ask('b')).toEqual({ of: 'b', number: 2, pages: 1 })
    expect(await Promise.all([ask('a'), ask('a')])).toMatchObject([{ number: 1 }, { number: 1, pages: 3 }])
    expect(made).toEqual(['a', 'b'])
    await app.stop()
  })

  it('disposes one that is idle, and makes another for the next request', async () => {
    const { app, ask, clock, disposed } = browsing({ idleTimeout: 1000 })
    await ask('a')
    clock.advance(999)
    expect(disposed).toEqual([])
    await ask('a')
    clock.advance(999)
    expect(disposed).toEqual([])
    clock.advance(1)
    await eventually(() => disposed.length === 1, 'it is disposed')
    expect(await ask('a')).toMatchObject({ number: 2, pages: 1 })
    await app.stop()
  })

  it('keeps one in use however long it takes, and counts its idle time from the end', async () => {
    const { app, ask, clock, disposed, begun, release } = browsing({ idleTimeout: 1000 })
    const waiting = ask('a', 'wait')
    await begun
    clock.advance(5000)
    release()
    await waiting
    clock.advance(999)
    expect(disposed).toEqual([])
    clock.advance(1)
    await eventually(() => disposed.length === 1, 'it is disposed')
    await app.stop()
  })

  it('makes room by the least recently used that nobody uses', async () => {
    const { app, ask, disposed, begun, release } = browsing({ max: 2 })
    const waiting = ask('b', 'wait')
    await begun
    await ask('a')
    await ask('c') // b is older than a, but in use
    expect(disposed).toEqual(['a'])
    release()
    await waiting
    await app.stop()
  })

  it('rejects a session when those of all are in use', async () => {
    const { app, ask, begun, release } = browsing({ max: 1 })
    const waiting = ask('a', 'wait')
    await begun
    expect(await ask('b')).toMatchObject({ code: 'TOO_MANY_SESSIONS' })
    release()
    await waiting
    expect(await ask('b')).toMatchObject({ of: 'b' })
    await app.stop()
  })

  it('lives as long as a WebSocket is open', async () => {
    const { app, clock, disposed } = browsing({ idleTimeout: 1000 })
    const client = await openSocket(app)
    clock.advance(10_000)
    expect(disposed).toEqual([])
    client.close()
    await app.stop()
    expect(disposed).toHaveLength(1)
  })

  it('disposes all when the app stops, before onStop', async () => {
    const order: Array<string> = []
    const app = plain.createApp(
      plain.pipe(
        plain.perSession(({ sessionId }) => ({ sessionId }), {
          dispose: async ({ sessionId }) => {
            await Promise.resolve()
            order.push(`disposed ${sessionId}`)
          },
        }),
        plain.entrypoint((_: unknown, { state }: plain.Context<{ readonly sessionId: string }>) => state.sessionId),
      ),
      { log: { level: 'silent' }, onStop: async () => void order.push('stopped') },
    )
    await app.inject('/invocations', { method: 'POST', body: '1' })
    await app.stop()
    expect(order).toEqual([expect.stringMatching(/^disposed /), 'stopped'])
  })

  it('tries again after a failure, and reports what dispose throws', async () => {
    let tries = 0
    const lines: Array<string> = []
    const app = plain.createApp(
      plain.pipe(
        plain.perSession(
          () => {
            tries += 1
            if (tries === 1) throw plain.rejected(503, 'no browser yet')
            return { tries }
          },
          { dispose: () => Promise.reject(new Error('stuck')) },
        ),
        plain.entrypoint((_: unknown, { state }: plain.Context<{ readonly tries: number }>) => state.tries),
      ),
      { log: { destination: (line) => void lines.push(line) } },
    )
    const headers = { 'x-amzn-bedrock-agentcore-runtime-session-id': 'a' }
    const ask = () => app.inject('/invocations', { method: 'POST', headers, body: '1' })
    expect((await ask()).status).toBe(503)
    expect(await (await ask()).json()).toBe(2)
    await app.stop()
    expect(lines.filter((line) => line.includes('stuck'))).toHaveLength(1)
  })
})

describe('the instances of sessions', () => {
  const ids = ['a', 'b', 'c', 'd'].map((id) => id as SessionId)

  it('are at most so many, one a session, none of them disposed while it is used, and each disposed once', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.constantFrom(...ids), fc.constantFrom('get', 'release', 'wait'))),
        async (events) => {
          const clock = testClock(1)
          const used = new Map<SessionId, number>()
          const alive = new Set<number>()
          let count = 0
          const instances = createSessionInstances<number>({
            max: 2,
            idleTimeout: 100,
            clock,
            isInUse: (id) => (used.get(id) ?? 0) > 0,
            dispose: async (instance, id) => {
              expect(used.get(id) ?? 0).toBe(0)
              expect(alive.delete(instance)).toBe(true)
            },
            report: (cause) => {
              throw cause
            },
          })
          for (const [id, event] of events) {
            if (event === 'wait') clock.advance(60)
            if (event === 'release' && (used.get(id) ?? 0) > 0) {
              used.set(id, (used.get(id) ?? 0) - 1)
              if (used.get(id) === 0) instances.release(id)
            }
            if (event === 'get') {
              used.set(id, (used.get(id) ?? 0) + 1)
              const got = await instances.get(id, async () => {
                alive.add((count += 1))
                return E.right(count)
              })
              if (E.isLeft(got)) used.set(id, (used.get(id) ?? 0) - 1)
              else expect(alive.has(got.right)).toBe(true)
            }
            await Promise.resolve()
            expect(alive.size).toBeLessThanOrEqual(3) // one more while its disposal is under way
          }
          used.clear()
          await instances.disposeAll()
          expect(alive.size).toBe(0)
        },
      ),
    ))
})
