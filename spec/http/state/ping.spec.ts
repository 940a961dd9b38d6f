/** `/ping` and what moves it: tasks, a custom handler, what is forced, and the debug actions. */
import { once } from 'node:events'
import fc from 'fast-check'
import { pipe } from 'fp-ts/function'
import { type App, createApp, entrypoint, Handler, type Health, type Options, ping, websocket } from '../../../lib'
import { openSocket, testClock } from '../../../lib/testing'
import { deferred, eventually, invoke, logSink, never, quiet, turns } from '../socketSupport'

const idle = entrypoint(Handler.fromSync((payload: unknown) => ({ payload })))

interface Told {
  readonly status: unknown
  readonly time_of_last_update: unknown
}

const told = async (app: App): Promise<Told> => (await (await app.inject('/ping')).json()) as Told

const start = 1_700_000_000_999

describe('a custom ping handler', () => {
  it.each([
    ['a plain function', () => 'HealthyBusy' as const],
    ['a Task', () => Promise.resolve('HealthyBusy' as const)],
    [
      'a slow Task',
      async () => {
        await turns(5)
        return 'HealthyBusy' as const
      },
    ],
  ])('that is %s is honoured', async (_, handler) => {
    expect(await told(createApp(pipe(idle, ping(handler)), quiet))).toMatchObject({ status: 'HealthyBusy' })
  })

  it.each<[string, () => unknown, object]>([
    [
      'throws',
      () => {
        throw new Error('no')
      },
      { errorMessage: 'no' },
    ],
    ['rejects', () => Promise.reject(new Error('no')), { errorMessage: 'no' }],
    ['says something else', () => 'healthy', { errorMessage: "it returned 'healthy'" }],
    ['says an object', () => ({ status: 'HealthyBusy' }), { errorMessage: 'it returned a value of type object' }],
    ['says nothing', () => undefined, { errorMessage: 'it returned a value of type undefined' }],
  ])('that %s is passed over for the automatic status, with a warning', async (_, handler, fields) => {
    const log = logSink()
    const app = createApp(pipe(idle, ping(handler as () => Health.Status)), { log: log.options })
    expect(await told(app)).toMatchObject({ status: 'Healthy' })
    expect(await log.line('custom ping handler')).toMatchObject({ level: 'WARNING', ...fields })
    app.tasks.add('work')()
    expect(await told(app)).toMatchObject({ status: 'HealthyBusy' })
  })

  it('that takes longer than its time is passed over', async () => {
    const clock = testClock(start)
    let isAsked = false
    const handler = (): Promise<Health.Status> => {
      isAsked = true
      return never()
    }
    const app = createApp(pipe(idle, ping(handler)), { ...quiet, clock, pingTimeout: 300 })
    const answer = told(app)
    await eventually(() => isAsked)
    clock.advance(300)
    expect(await answer).toMatchObject({ status: 'Healthy' })
    expect(clock.pending()).toBe(0)
  })

  it('is not even asked while a status is forced', async () => {
    let asked = 0
    const app = createApp(
      pipe(
        idle,
        ping(() => {
          asked += 1
          return 'HealthyBusy'
        }),
      ),
      quiet,
    )
    app.health.forceHealthy()
    expect([await told(app), asked]).toMatchObject([{ status: 'Healthy' }, 0])
    app.health.clearForced()
    expect([await told(app), asked]).toMatchObject([{ status: 'HealthyBusy' }, 1])
  })
})

describe('time_of_last_update', () => {
  /** The agent as its users think of it. */
  interface Model {
    readonly now: number
    readonly tasks: number
    readonly forced: Health.Status | undefined
    readonly custom: Health.Status
    readonly status: Health.Status
    readonly since: number
  }

  type Step = 'start' | 'end' | 'forceBusy' | 'forceHealthy' | 'clear' | 'ping' | 'flip' | number

  const steps = fc.array(
    fc.oneof(
      fc.constantFrom<Step>('start', 'end', 'forceBusy', 'forceHealthy', 'clear', 'ping', 'flip'),
      fc.constantFrom<Step>(1, 400, 999, 1000, 61_234),
    ),
    { minLength: 5, maxLength: 40 },
  )

  const flipped = (status: Health.Status): Health.Status => (status === 'Healthy' ? 'HealthyBusy' : 'Healthy')

  const acted = (model: Model, step: Step): Model => {
    if (typeof step === 'number') return { ...model, now: model.now + step }
    switch (step) {
      case 'start':
        return { ...model, tasks: model.tasks + 1 }
      case 'end':
        return { ...model, tasks: Math.max(0, model.tasks - 1) }
      case 'forceBusy':
        return { ...model, forced: 'HealthyBusy' }
      case 'forceHealthy':
        return { ...model, forced: 'Healthy' }
      case 'clear':
        return { ...model, forced: undefined }
      case 'flip':
        return { ...model, custom: flipped(model.custom) }
      case 'ping':
        return model
    }
  }

  const observed = (model: Model, isCustom: boolean): Model => {
    const automatic = model.tasks > 0 ? 'HealthyBusy' : 'Healthy'
    const status = model.forced ?? (isCustom ? model.custom : automatic)
    return status === model.status ? model : { ...model, status, since: model.now }
  }

  const perform = (app: App, ids: Array<number>, clock: ReturnType<typeof testClock>, step: Step): void => {
    if (typeof step === 'number') return clock.advance(step)
    if (step === 'start') ids.push(app.tasks.add('work')())
    if (step === 'end') app.tasks.complete(ids.pop() ?? 0)()
    if (step === 'forceBusy') app.health.forceBusy()
    if (step === 'forceHealthy') app.health.forceHealthy()
    if (step === 'clear') app.health.clearForced()
  }

  const first: Model = { now: start, tasks: 0, forced: undefined, custom: 'Healthy', status: 'Healthy', since: start }

  it('moves exactly when the status changes, from whatever source, and never otherwise', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (sequence) => {
        const clock = testClock(start)
        const app = createApp(idle, { ...quiet, clock })
        const ids: Array<number> = []
        let model = first
        for (const step of sequence) {
          perform(app, ids, clock, step)
          model = observed(acted(model, step), false)
          if (step !== 'ping') continue
          const now = { status: model.status, time_of_last_update: Math.floor(model.since / 1000) }
          expect(await told(app)).toEqual(now)
        }
        clock.advance(5000)
        expect(await app.health.current()).toEqual({ status: model.status, since: model.since })
      }),
      { numRuns: 60 },
    )
  })

  it('moves with a custom handler when a ping, or force, first tells of the change', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (sequence) => {
        const clock = testClock(start)
        let model = first
        const app = createApp(
          pipe(
            idle,
            ping(() => Promise.resolve(model.custom)),
          ),
          { ...quiet, clock },
        )
        const ids: Array<number> = []
        for (const step of sequence) {
          perform(app, ids, clock, step)
          model = acted(model, step)
          const isSeen = step === 'ping' || step === 'forceBusy' || step === 'forceHealthy'
          if (isSeen) model = observed(model, true)
          if (step === 'ping') expect(await app.health.current()).toEqual({ status: model.status, since: model.since })
        }
      }),
      { numRuns: 60 },
    )
  })

  it('is in whole seconds, and stays where no one changes anything', async () => {
    const clock = testClock(start)
    const app = createApp(idle, { ...quiet, clock })
    expect(await (await app.inject('/ping')).text()).toBe('{"status":"Healthy","time_of_last_update":1700000000}')
    clock.advance(10_000)
    expect(await told(app)).toMatchObject({ time_of_last_update: 1_700_000_000 })
    await invoke(app, {})
    expect(await told(app)).toMatchObject({ time_of_last_update: 1_700_000_000 })
  })
})

describe('/ping', () => {
  it('answers HEAD like GET, without a body, and refuses the rest', async () => {
    for (const agent of [
      idle,
      pipe(
        idle,
        ping(() => 'Healthy'),
      ),
    ]) {
      const app = createApp(agent, quiet)
      const [head, get] = [await app.inject('/ping', { method: 'HEAD' }), await app.inject('/ping')]
      expect([head.status, await head.text()]).toEqual([200, ''])
      for (const name of ['content-type', 'content-length']) expect(head.headers.get(name)).toBe(get.headers.get(name))
      expect(get.headers.get('content-type')).toBe('application/json')
      const post = await app.inject('/ping', { method: 'POST' })
      expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
    }
  })

  it('tells the local runtime, and nobody else, how many tasks run', async () => {
    const headerOf = async (app: App): Promise<string | null> =>
      (await app.inject('/ping')).headers.get('x-agentcore-tasks')
    const alone = createApp(idle, quiet)
    alone.tasks.add('work')()
    expect(await headerOf(alone)).toBeNull()
    process.env['AGENTCORE_LOCAL_RUNTIME'] = '1'
    try {
      const [automatic, custom] = [
        idle,
        pipe(
          idle,
          ping(async () => 'Healthy' as const),
        ),
      ].map((agent) => createApp(agent, quiet))
      automatic?.tasks.add('work')()
      expect(automatic && (await headerOf(automatic))).toBe('1')
      expect(custom && (await headerOf(custom))).toBe('0')
    } finally {
      delete process.env['AGENTCORE_LOCAL_RUNTIME']
    }
  })

  it('is not logged, at any level', async () => {
    const log = logSink()
    const app = createApp(idle, { log: { ...log.options, level: 'debug' } })
    await told(app)
    await app.inject('/ping?probe=1')
    expect(log.all).toEqual([])
  })

  it('tells of open streams and sockets only with busyWhileOpen', async () => {
    const check = async (options: Options, during: Health.Status): Promise<void> => {
      const gate = deferred()
      const agent = pipe(
        entrypoint(
          Handler.fromGenerator(async function* () {
            yield 1
            await gate.promise
          }),
        ),
        websocket((socket) => socket.receive as never),
      )
      const app = createApp(agent, { ...quiet, ...options })
      const stream = await app.inject('/invocations', { body: {} })
      expect(await told(app)).toMatchObject({ status: during })
      gate.resolve()
      await stream.text()
      await eventually(async () => (await told(app)).status === 'Healthy')
      const client = await openSocket(app)
      expect(await told(app)).toMatchObject({ status: during })
      const closed = once(client, 'close')
      client.terminate()
      await closed
      await eventually(async () => (await told(app)).status === 'Healthy')
    }
    await check({}, 'Healthy')
    await check({ busyWhileOpen: true }, 'HealthyBusy')
  })
})

describe('debug actions', () => {
  const act = async (app: App, action: unknown): Promise<readonly [number, string]> => {
    const response = await app.inject('/invocations', { body: { _agent_core_app_action: action } })
    return [response.status, await response.text()]
  }

  it('are the five of the Python SDK, with its bodies', async () => {
    const clock = testClock(start)
    const app = createApp(idle, { ...quiet, clock, debug: true })
    expect(await act(app, 'ping_status')).toEqual([200, '{"status":"Healthy","time_of_last_update":1700000000}'])
    expect(await act(app, 'job_status')).toEqual([200, '{"active_count":0,"running_jobs":[]}'])
    app.tasks.add('index')()
    clock.advance(1250)
    const jobs = '{"active_count":1,"running_jobs":[{"name":"index","duration":1.25}]}'
    expect(await act(app, 'job_status')).toEqual([200, jobs])
    expect(await act(app, 'force_healthy')).toEqual([200, '{"forced_status":"Healthy"}'])
    expect(await told(app)).toEqual({ status: 'Healthy', time_of_last_update: 1_700_000_002 })
    expect(await act(app, 'force_busy')).toEqual([200, '{"forced_status":"HealthyBusy"}'])
    expect(await told(app)).toMatchObject({ status: 'HealthyBusy' })
    expect(await act(app, 'clear_forced_status')).toEqual([200, '{"forced_status":"Cleared"}'])
    expect(await told(app)).toMatchObject({ status: 'HealthyBusy' })
  })

  it.each([['nope'], ['toString'], ['__proto__'], [''], [7], [{ toString: 1 }], [[]]])(
    'that do not exist are 400 UNKNOWN_ACTION: %j',
    async (action) => {
      const [status, text] = await act(createApp(idle, { ...quiet, debug: true }), action)
      expect([status, JSON.parse(text)]).toMatchObject([400, { code: 'UNKNOWN_ACTION' }])
    },
  )

  it('are ordinary payload with debug off', async () => {
    const app = createApp(idle, quiet)
    expect(await act(app, 'force_busy')).toEqual([200, '{"payload":{"_agent_core_app_action":"force_busy"}}'])
    expect(await told(app)).toMatchObject({ status: 'Healthy' })
  })

  it.each([[[1]], ['_agent_core_app_action'], [7], [null]])(
    'leave a payload that is no object alone: %j',
    async (payload) => {
      expect((await invoke(createApp(idle, { ...quiet, debug: true }), payload)).body).toEqual({ payload })
    },
  )
})
