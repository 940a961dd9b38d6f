/** Background tasks of plain functions: progress that polls and sockets read, cancelling, and the view for clients. */
import { z } from 'zod'
import { type App, entrypoint, pipe, rejected, type TaskView, websocket } from '../../lib/plain'
import { testClock } from '../../lib/testing'
import { spoken } from './support'

/** A job that goes on when the spec says so. */
const steps = () => {
  const go: Array<() => void> = []
  return { step: () => new Promise<void>((resolve) => go.push(resolve)), next: () => go.shift()?.() }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

const until = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await turn()
}

const only = (app: App): TaskView | undefined => app.tasks.list()[0]

describe('a forked task', () => {
  it('reports progress, which polls and sockets read until it ends', async () => {
    const { step, next } = steps()
    const agent = pipe(
      entrypoint(z.object({ poll: z.number().optional() }), ({ poll }, { tasks }) =>
        poll === undefined
          ? tasks.fork('import', async (_, progress) => {
              for (const done of [1, 2]) {
                await step()
                progress({ done })
              }
              await step()
              return 'all'
            }).id
          : tasks.get(poll),
      ),
      websocket(async function* (messages, { tasks }) {
        for await (const id of messages) yield* tasks.watch(id as number)
      }),
    )
    const { post, talk, app } = spoken(agent)
    const id = (await post({})).body as number
    const watched = talk([id], 4)
    await until(() => only(app) !== undefined)
    expect((await post({ poll: id })).body).toEqual({
      id,
      name: 'import',
      status: 'running',
      metadata: {},
      startedAt: expect.any(Number),
    })
    await turn()
    next()
    await until(() => only(app)?.progress !== undefined)
    expect((await post({ poll: id })).body).toMatchObject({ status: 'running', progress: { done: 1 } })
    next()
    await until(() => JSON.stringify(only(app)?.progress) === '{"done":2}')
    await turn()
    next()
    const views = (await watched) as ReadonlyArray<TaskView>
    expect(views.map(({ status, progress, result }) => [status, progress, result])).toEqual([
      ['running', undefined, undefined],
      ['running', { done: 1 }, undefined],
      ['running', { done: 2 }, undefined],
      ['completed', { done: 2 }, 'all'],
    ])
  })

  it('shows clients a failure as its code and message, never what was thrown', async () => {
    const { app } = spoken(entrypoint(() => null))
    const secret = app.tasks.fork('a', () => Promise.reject(new Error('a secret')))
    const refused = app.tasks.fork('b', async () => {
      throw rejected(409, 'Sold out', { item: 'tea' })
    })
    await expect(secret.done).rejects.toThrow('a secret')
    await expect(refused.done).rejects.toThrow('Sold out')
    expect(app.tasks.get(secret.id)).toMatchObject({
      status: 'failed',
      error: { code: 'INTERNAL_ERROR', message: 'Internal Server Error' },
    })
    expect(app.tasks.get(refused.id)?.error).toEqual({
      code: 'REJECTED',
      message: 'Sold out',
      details: { item: 'tea' },
    })
    expect(JSON.stringify(app.tasks.list())).not.toContain('secret')
  })

  it('has a signal that aborts when it is cancelled, or its deadline passes', async () => {
    const clock = testClock()
    const { app } = spoken(
      entrypoint(() => null),
      { clock },
    )
    const ends: Array<string> = []
    const work = (name: string) => (signal: AbortSignal) =>
      new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => {
          ends.push(name)
          resolve()
        })
      })
    const { id } = app.tasks.fork('cancelled', work('cancelled'))
    app.tasks.fork('late', work('late'), { deadline: 1000 })
    await turn()
    expect([app.tasks.cancel(id), app.tasks.cancel(id), app.tasks.cancel(99)]).toEqual([true, false, false])
    clock.advance(1000)
    expect(ends).toEqual(['cancelled', 'late'])
    expect(app.tasks.list().map(({ error }) => error?.code)).toEqual(['INTERRUPTED', 'DEADLINE_EXCEEDED'])
  })

  it('is watched until the request that watches it has ended', async () => {
    const leave = new AbortController()
    const { app } = spoken(
      entrypoint(async function* (id, { tasks }) {
        yield* tasks.watch(id as number)
      }),
    )
    const { id } = app.tasks.fork('long', () => new Promise(() => undefined))
    const response = await app.inject('/invocations', { body: id, signal: leave.signal })
    const reader = response.body?.getReader()
    expect(new TextDecoder().decode((await reader?.read())?.value as Uint8Array)).toContain('"status":"running"')
    leave.abort()
    await reader?.read().catch(() => undefined)
    await app.stop({ timeout: 50 })
    expect(only(app)?.status).toBe('running')
  })

  it('that is unknown is not there', async () => {
    const { app } = spoken(entrypoint(() => null))
    expect(app.tasks.get(99)).toBeUndefined()
    for await (const view of app.tasks.watch(99)) throw new Error(`there is ${view.name}`)
  })

  it('that is added by hand reports, completes and fails', () => {
    const { app } = spoken(entrypoint(() => null))
    const [a, b] = [app.tasks.add('a', { size: 1 }), app.tasks.add('b')]
    expect([app.tasks.report(a, 0.5), app.tasks.complete(a, 'done'), app.tasks.fail(b, rejected(400, 'no'))]).toEqual([
      true,
      true,
      true,
    ])
    expect(app.tasks.report(a, 1)).toBe(false)
    expect(app.tasks.list()).toMatchObject([
      { name: 'a', metadata: { size: 1 }, progress: 0.5, result: 'done', status: 'completed' },
      { name: 'b', status: 'failed', error: { message: 'no' } },
    ])
  })
})
