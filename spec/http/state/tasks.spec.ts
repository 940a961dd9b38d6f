/** Background tasks over HTTP: they keep the agent busy, always settle, and take nothing down with them. */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import { AgentError, type App, asyncTask, createApp, entrypoint, Handler, type Options, Tasks } from '../../../lib'
import { testClock } from '../../../lib/testing'
import {
  deferred,
  eventually,
  invoke,
  logSink,
  never,
  quiet,
  requestHeader,
  sessionHeader,
  turns,
  withChild,
} from '../socketSupport'

const statusOf = async (app: App): Promise<unknown> =>
  ((await (await app.inject('/ping')).json()) as { readonly status: unknown }).status

const withRunner = (
  f: (tasks: Tasks.TaskRunner) => TE.TaskEither<AgentError.AgentError, unknown>,
  options: Options = {},
): App =>
  createApp(
    entrypoint((_, { tasks }) => f(tasks)),
    { ...quiet, ...options },
  )

const outcomes = (app: App): ReadonlyArray<unknown> => app.tasks.list().map(({ outcome }) => outcome)

describe('an added task', () => {
  it('keeps the agent busy until it is completed, with its result, metadata and times', async () => {
    const clock = testClock(1_000_000)
    const app = withRunner((tasks) => TE.fromIO(tasks.add('index', { files: 3 })), { clock })
    const { body: id } = await invoke(app, {})
    expect([await statusOf(app), app.tasks.list()[0]?.outcome]).toEqual(['HealthyBusy', { _tag: 'Running' }])
    clock.advance(1500)
    expect(app.tasks.complete(id as Tasks.TaskId, { indexed: 3 })()).toBe(true)
    expect(app.tasks.complete(id as Tasks.TaskId)()).toBe(false)
    expect(await statusOf(app)).toBe('Healthy')
    const [task] = app.tasks.list()
    expect(task).toEqual({
      id,
      name: 'index',
      progress: O.none,
      metadata: { files: 3 },
      outcome: { _tag: 'Completed', result: { indexed: 3 } },
      startedAt: 1_000_000,
      endedAt: O.some(1_001_500),
      deadline: O.none,
    })
    expect(task === undefined ? 0 : Tasks.duration(clock.now())(task)).toBe(1500)
  })

  it('may fail, with its error kept', async () => {
    const app = createApp(entrypoint(Handler.fromSync(() => 1)), quiet)
    const id = app.tasks.add('work')()
    const error = AgentError.rejected(500, 'no')
    expect([app.tasks.fail(id, error)(), app.tasks.fail(id, error)(), app.tasks.fail(99, error)()]).toEqual([
      true,
      false,
      false,
    ])
    expect(outcomes(app)).toEqual([{ _tag: 'Failed', error }])
  })

  it('has an id of its own among those of all requests, and the latest hundred ended are remembered', async () => {
    const app = withRunner((tasks) => TE.fromIO(tasks.add('work')))
    const ids = await Promise.all(Array.from({ length: 120 }, async () => (await invoke(app, {})).body as number))
    expect(new Set(ids).size).toBe(120)
    expect(await statusOf(app)).toBe('HealthyBusy')
    ids.forEach((id) => app.tasks.complete(id)())
    expect([await statusOf(app), app.tasks.list().length]).toEqual(['Healthy', Tasks.remembered])
  })
})

describe('a tracked task', () => {
  it('keeps the agent busy while it runs, and gives what it gives', async () => {
    const gate = deferred()
    const app = withRunner((tasks) =>
      tasks.track('work')(
        pipe(
          TE.fromTask(() => gate.promise),
          TE.map(() => 'done'),
        ),
      ),
    )
    const answer = invoke(app, {})
    await eventually(async () => (await statusOf(app)) === 'HealthyBusy')
    gate.resolve()
    expect((await answer).body).toBe('done')
    expect([await statusOf(app), outcomes(app)]).toEqual(['Healthy', [{ _tag: 'Completed', result: 'done' }]])
  })

  it('fails at its deadline, and is busy no longer', async () => {
    const clock = testClock()
    const app = withRunner((tasks) => tasks.track('work', { deadline: 1000, metadata: { a: 1 } })(never), { clock })
    const answer = invoke(app, {})
    await eventually(async () => (await statusOf(app)) === 'HealthyBusy')
    clock.advance(999)
    expect(await statusOf(app)).toBe('HealthyBusy')
    clock.advance(1)
    expect(await answer).toMatchObject({ status: 504, body: { code: 'DEADLINE_EXCEEDED' } })
    expect(await statusOf(app)).toBe('Healthy')
    expect(app.tasks.list()).toMatchObject([{ outcome: { error: { _tag: 'DeadlineExceeded' } }, metadata: { a: 1 } }])
  })
})

describe('asyncTask', () => {
  const bound = {
    by: 2,
    double(this: { readonly by: number }, n: unknown) {
      return Promise.resolve(Number(n) * this.by)
    },
  }

  it.each([
    ['an async function', async (n: unknown) => Number(n) * 2],
    ['an arrow that gives a promise', (n: unknown) => Promise.resolve(Number(n) * 2)],
    ['a bound method', bound.double.bind(bound)],
    ['a function that gives a TaskEither', (n: unknown) => TE.right(Number(n) * 2)],
  ])('takes %s, and keeps its result', async (_, f) => {
    const app = createApp(entrypoint(asyncTask('double', f)), quiet)
    expect((await invoke(app, 21)).body).toBe(42)
    expect(app.tasks.list()).toMatchObject([{ name: 'double', outcome: { _tag: 'Completed', result: 42 } }])
  })

  it.each([
    [
      'throws',
      (): never => {
        throw new Error('no')
      },
    ],
    ['rejects', () => Promise.reject(new Error('no'))],
    ['gives a left', () => TE.left(AgentError.unexpected(new Error('no')))],
  ])('whose work %s is an ordinary failure', async (_, f) => {
    const app = createApp(entrypoint(asyncTask('work', f)), quiet)
    expect(await invoke(app, {})).toMatchObject({ status: 500, body: { code: 'INTERNAL_ERROR' } })
    expect(app.tasks.list()).toMatchObject([{ outcome: { _tag: 'Failed', error: { _tag: 'Unexpected' } } }])
    expect(await statusOf(app)).toBe('Healthy')
  })
})

describe('a forked task', () => {
  it('outlives its request, whose context it still uses', async () => {
    const [gate, saved] = [deferred(), deferred<unknown>()]
    const log = logSink()
    const app = createApp(
      entrypoint((_, { tasks, session, log: write }) => {
        const work = pipe(
          TE.fromTask(() => gate.promise),
          TE.chain(() => session.save({ from: 'the task' })),
          TE.chain(() => session.load),
          TE.chainFirstIOK(() => write.info('The task is done')),
          TE.map((state) => saved.resolve(O.toUndefined(state))),
        )
        return TE.fromIO(() => tasks.fork('work')(work)().id)
      }),
      { log: log.options },
    )
    const headers = { [sessionHeader]: 'session-1', [requestHeader]: 'request-1' }
    expect((await invoke(app, {}, headers)).body).toBe(1)
    expect(await statusOf(app)).toBe('HealthyBusy')
    gate.resolve()
    expect(await saved.promise).toEqual({ from: 'the task' })
    expect(await log.line('The task is done')).toMatchObject({ requestId: 'request-1', sessionId: 'session-1' })
    await turns(2)
    expect(await statusOf(app)).toBe('Healthy')
  })

  it.each([
    ['gives a left', TE.left(AgentError.rejected(502, 'upstream')), { code: 'REJECTED' }],
    [
      'rejects',
      () => Promise.reject(new Error('broken inside')),
      { errorMessage: 'broken inside', errorType: 'Error' },
    ],
    [
      'throws',
      (): never => {
        throw new TypeError('broken inside')
      },
      { errorMessage: 'broken inside', errorType: 'TypeError' },
    ],
    [
      'rejects with nothing',
      async (): Promise<never> => {
        throw undefined
      },
      {},
    ],
  ])(
    'that %s is logged with its request and kept as failed, and the agent is no longer busy',
    async (_, work, fields) => {
      const log = logSink()
      const unhandled: Array<unknown> = []
      const onUnhandled = (cause: unknown): void => void unhandled.push(cause)
      process.on('unhandledRejection', onUnhandled)
      try {
        const app = createApp(
          entrypoint((__, { tasks }) => TE.fromIO(() => tasks.fork('work')(work)().id)),
          { log: log.options },
        )
        expect((await invoke(app, {}, { [requestHeader]: 'request-1' })).status).toBe(200)
        const line = await log.line('Background task failed')
        expect(line).toMatchObject({ level: 'ERROR', requestId: 'request-1', task: 'work', taskId: 1, ...fields })
        expect([await statusOf(app), outcomes(app)]).toMatchObject(['Healthy', [{ _tag: 'Failed' }]])
        await turns(5)
        expect(unhandled).toEqual([])
      } finally {
        process.off('unhandledRejection', onUnhandled)
      }
    },
  )

  it('that fails in any way leaves the process alive', async () => {
    await withChild('tasksChild', {}, async (child) => {
      expect(await child.line('answered')).toBe('answered 200')
      expect(await child.line('tasks Failed')).toBe('tasks Failed,Failed,Failed')
      expect(await child.line('ping {')).toContain('"status":"Healthy"')
      expect(await child.exited).toEqual({ code: 0, signal: null })
    })
  })

  it('fails at its deadline, and what it does later changes nothing', async () => {
    const clock = testClock()
    const late = deferred<E.Either<AgentError.AgentError, string>>()
    const app = createApp(entrypoint(Handler.fromSync(() => 1)), { ...quiet, clock })
    const { outcome, id } = app.tasks.fork('work', { deadline: 50 })(() => late.promise)()
    clock.advance(50)
    expect(await outcome()).toEqual(E.left(AgentError.deadlineExceeded))
    expect(await statusOf(app)).toBe('Healthy')
    late.reject(new Error('late'))
    await turns(3)
    expect([app.tasks.list().length, app.tasks.complete(id)()]).toEqual([1, false])
    expect(outcomes(app)).toEqual([{ _tag: 'Failed', error: AgentError.deadlineExceeded }])
  })

  it('tells its outcome to whoever asks, as often as it is asked', async () => {
    const app = createApp(entrypoint(Handler.fromSync(() => 1)), quiet)
    const { outcome } = app.tasks.fork('work')(TE.right(7))()
    expect([await outcome(), await outcome()]).toEqual([E.right(7), E.right(7)])
  })

  it('goes on though the client of its request has left', async () => {
    const [gate, started] = [deferred(), deferred()]
    const app = withRunner((tasks) => () => {
      tasks.fork('work')(TE.fromTask(() => gate.promise))()
      started.resolve()
      return never()
    })
    const leaving = new AbortController()
    const answer = app.inject('/invocations', { body: {}, signal: leaving.signal })
    await started.promise
    leaving.abort()
    await expect(answer).rejects.toThrow()
    await turns(5)
    expect(await statusOf(app)).toBe('HealthyBusy')
    gate.resolve()
    await turns(5)
    expect(outcomes(app)).toEqual([{ _tag: 'Completed', result: undefined }])
  })
})
