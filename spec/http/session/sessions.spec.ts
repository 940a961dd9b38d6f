/** Sessions over HTTP: whose state is whose, who waits for whom, what is kept and for how long. */
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'
import { AgentError, type App, createApp, entrypoint, Handler, type Options, Session, websocket } from '../../../lib'
import { openSocket, testClock } from '../../../lib/testing'
import {
  type Answered,
  type Deferred,
  deferred,
  eventually,
  invoke,
  quiet,
  sessionHeader,
  turns,
  withChild,
} from '../socketSupport'

const minute = 60_000
const Count = t.type({ n: t.number })

const counting = Handler.stateful(Count, { n: 0 })(
  () =>
    ({ n }) =>
    () =>
      TE.right([{ n: n + 1 }, { n: n + 1 }]),
)

const counter = (options: Options = {}): App => createApp(entrypoint(counting), { ...quiet, ...options })

const as = (id: string): Readonly<Record<string, string>> => ({ [sessionHeader]: id })

const countOf = async (app: App, id: string): Promise<unknown> => (await invoke(app, {}, as(id))).body

const range = (count: number): ReadonlyArray<number> => Array.from({ length: count }, (_, index) => index)

const inFolder = async (use: (folder: string) => Promise<void>): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), 'sessions-'))
  try {
    await use(folder)
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 10 })
  }
}

/** What is in a folder, but for locks: one may be released only after its answer has come. */
const filesIn = async (folder: string): Promise<ReadonlyArray<string>> =>
  (await readdir(folder)).filter((name) => !name.endsWith('.lock'))

describe('state', () => {
  it('of a session is kept from one invocation to the next, and is nobody else’s', async () => {
    const app = counter()
    expect(await countOf(app, 'a')).toEqual({ n: 1 })
    expect(await countOf(app, 'b')).toEqual({ n: 1 })
    expect(await countOf(app, 'a')).toEqual({ n: 2 })
    expect((await invoke(app, {})).body).toEqual({ n: 1 })
  })

  it('loses no update of 50 concurrent invocations, which run one at a time in their order', async () => {
    const order: Array<unknown> = []
    let [running, most] = [0, 0]
    const handler = Handler.stateful(Count, { n: 0 })((payload: unknown) => ({ n }) => () => async () => {
      running += 1
      most = Math.max(most, running)
      await turns(2)
      order.push(payload)
      running -= 1
      return E.right([n, { n: n + 1 }])
    })
    const app = createApp(entrypoint(handler), quiet)
    const [one, other] = await Promise.all([
      Promise.all(range(50).map((n) => invoke(app, n, as('one')))),
      invoke(app, 'other', as('other')),
    ])
    expect(one.map(({ body }) => body)).toEqual(range(50))
    expect(order.filter((payload) => payload !== 'other')).toEqual(range(50))
    expect(other.body).toBe(0)
    expect(most).toBe(2)
  })

  it('is not saved by a left or a throw', async () => {
    const handler = Handler.stateful(Count, { n: 0 })((payload: unknown) => ({ n }) => () => {
      if (payload === 'throw') throw new Error('no')
      return payload === 'left' ? TE.left(AgentError.rejected(409, 'no')) : TE.right([n, { n: n + 1 }])
    })
    const app = createApp(entrypoint(handler), quiet)
    const answers: Array<Answered> = []
    for (const payload of ['count', 'left', 'throw', 'count']) answers.push(await invoke(app, payload, as('s')))
    expect(answers.map(({ status }) => status)).toEqual([200, 409, 500, 200])
    expect(answers.at(-1)?.body).toBe(1)
  })

  it('that no longer fits its codec is 500 INVALID_STATE, without its content', async () => {
    const store = Session.memoryStore()
    await countOf(counter({ session: { store } }), 's')
    const renamed = Handler.stateful(t.type({ count: t.number }), { count: 0 })(
      () => (state) => () => TE.right([1, state]),
    )
    const app = createApp(entrypoint(renamed), { ...quiet, session: { store } })
    const answer = await invoke(app, {}, as('s'))
    expect(answer).toMatchObject({ status: 500, body: { code: 'INVALID_STATE', details: [{ path: 'count' }] } })
  })

  it('may be reached by hand: load, save and clear', async () => {
    const app = createApp(
      entrypoint((payload: unknown, { session }) =>
        payload === 'clear'
          ? session.clear
          : pipe(
              session.load,
              TE.chainFirst(() => session.save(payload)),
              TE.map(O.toNullable),
            ),
      ),
      quiet,
    )
    const answers: Array<unknown> = []
    for (const payload of [1, [2], 'clear', 3]) answers.push((await invoke(app, payload, as('s'))).body)
    expect(answers).toEqual([null, 1, null, null])
  })
})

describe('a client that waits for its session', () => {
  it('and leaves is not waited for, and its handler never runs', async () => {
    const gate = deferred()
    const ran: Array<unknown> = []
    const handler = Handler.stateful(Count, { n: 0 })((payload: unknown) => ({ n }) => () => async () => {
      ran.push(payload)
      if (payload === 1) await gate.promise
      return E.right([n, { n: n + 1 }])
    })
    const app = createApp(entrypoint(handler), quiet)
    const leaving = new AbortController()
    const first = invoke(app, 1, as('s'))
    await eventually(() => ran.length === 1)
    const second = app.inject('/invocations', { body: '2', headers: as('s'), signal: leaving.signal })
    await turns(20)
    const third = invoke(app, 3, as('s'))
    await turns(20)
    leaving.abort()
    await expect(second).rejects.toThrow()
    await turns(5)
    gate.resolve()
    expect([(await first).body, (await third).body]).toEqual([0, 1])
    expect(ran).toEqual([1, 3])
  })
})

describe('Handler.statefulGenerator', () => {
  interface Steps {
    readonly app: App
    readonly gates: Deferred<void>
  }

  const streaming = (whileWaiting: (gate: Promise<void>, signal: AbortSignal) => Promise<unknown>): Steps => {
    const gates = deferred()
    const handler = Handler.statefulGenerator(Count, { n: 0 })(
      (payload: unknown) =>
        ({ n }) =>
          async function* ({ signal }) {
            yield { n }
            if (payload === 'wait') await whileWaiting(gates.promise, signal)
            if (payload === 'throw') throw new Error('no')
            if (payload === 'yield') for (;;) yield 'x'.repeat(10_000)
            return { n: n + 1 }
          },
    )
    return { app: createApp(entrypoint(handler), quiet), gates }
  }

  const read = async (app: App, payload: unknown): Promise<string> =>
    (await app.inject('/invocations', { body: JSON.stringify(payload), headers: as('s') })).text()

  const leaveMidway = async (app: App, payload: unknown): Promise<void> => {
    const response = await app.inject('/invocations', { body: JSON.stringify(payload), headers: as('s') })
    const reader = response.body?.getReader()
    await reader?.read()
    await reader?.cancel()
    await turns(10)
  }

  it('saves what it returns when the stream has completed', async () => {
    const { app } = streaming(() => Promise.resolve())
    expect(await read(app, 'count')).toContain('data: {"n":0}\n\n')
    expect(await read(app, 'count')).toContain('data: {"n":1}\n\n')
  })

  it('saves nothing when it throws', async () => {
    const { app } = streaming(() => Promise.resolve())
    expect(await read(app, 'throw')).toContain('event: error')
    expect(await read(app, 'count')).toContain('data: {"n":0}\n\n')
  })

  it('saves nothing when the client leaves midway, and keeps nobody waiting', async () => {
    const { app } = streaming(() => Promise.resolve())
    await leaveMidway(app, 'yield')
    expect(await read(app, 'count')).toContain('data: {"n":0}\n\n')
  })

  it('saves nothing when the client leaves while it waits for something that ends with the signal', async () => {
    const { app } = streaming((_, signal) => new Promise((resolve) => signal.addEventListener('abort', resolve)))
    await leaveMidway(app, 'wait')
    expect(await read(app, 'count')).toContain('data: {"n":0}\n\n')
  })

  it('saves nothing though it comes to its end after the client has left', async () => {
    const { app, gates } = streaming((gate) => gate)
    await leaveMidway(app, 'wait')
    gates.resolve()
    await turns(5)
    expect(await read(app, 'count')).toContain('data: {"n":0}\n\n')
  })

  it('keeps nobody waiting whose client has left, though it waits for something that never ends', async () => {
    const { app } = streaming((gate) => gate)
    await leaveMidway(app, 'wait')
    expect(await read(app, 'count')).toContain('data: {"n":0}\n\n')
  })
})

describe('the state of an unused session', () => {
  const evicting = (
    options: Options['session'] = {},
  ): Readonly<{ app: App; evicted: ReadonlyArray<unknown>; clock: ReturnType<typeof testClock> }> => {
    const clock = testClock(1_000_000)
    const evicted: Array<unknown> = []
    const onEvict = (id: string, why: string): void => void evicted.push([id, why])
    return { clock, evicted, app: counter({ clock, session: { ...options, onEvict } }) }
  }

  it('expires exactly 15 minutes after its last use', async () => {
    const { app, clock, evicted } = evicting()
    await countOf(app, 's')
    clock.advance(15 * minute - 1)
    expect(await countOf(app, 's')).toEqual({ n: 2 })
    clock.advance(15 * minute - 1)
    expect(evicted).toEqual([])
    clock.advance(1)
    await turns()
    expect(evicted).toEqual([['s', 'expired']])
    expect(await countOf(app, 's')).toEqual({ n: 1 })
  })

  it('expires after the time that is set, each session at its own', async () => {
    const { app, clock, evicted } = evicting({ idleTimeout: 1000 })
    await countOf(app, 'a')
    clock.advance(600)
    await countOf(app, 'b')
    clock.advance(400)
    await turns()
    expect(evicted).toEqual([['a', 'expired']])
    clock.advance(600)
    await turns()
    expect(evicted).toEqual([
      ['a', 'expired'],
      ['b', 'expired'],
    ])
    expect(clock.pending()).toBe(0)
  })

  it('is given up for a new session where there are too many, the one used longest ago first', async () => {
    const { app, clock, evicted } = evicting({ max: 2 })
    for (const id of ['a', 'b', 'a', 'c']) {
      await countOf(app, id)
      clock.advance(1)
    }
    await turns()
    expect(evicted).toEqual([['b', 'evicted']])
    expect(await countOf(app, 'a')).toEqual({ n: 3 })
    expect(await countOf(app, 'b')).toEqual({ n: 1 })
    await turns()
    expect(evicted.at(-1)).toEqual(['c', 'evicted'])
  })

  it('is dropped though onEvict throws', async () => {
    const clock = testClock()
    const session: Options['session'] = {
      max: 1,
      onEvict: () => {
        throw new Error('no')
      },
    }
    const app = counter({ clock, session })
    expect(await countOf(app, 'a')).toEqual({ n: 1 })
    expect(await countOf(app, 'b')).toEqual({ n: 1 })
    expect(await countOf(app, 'a')).toEqual({ n: 1 })
  })
})

describe('a session in use', () => {
  /** An app whose session can be held in every way that there is. */
  const holding = (
    options: Options['session'] = {},
  ): { readonly app: App; readonly gate: Deferred<void>; readonly clock: ReturnType<typeof testClock> } => {
    const gate = deferred()
    const clock = testClock(1_000_000)
    const agent = pipe(
      entrypoint((payload: unknown, context) => {
        const wait = TE.fromTask(() => gate.promise)
        switch (payload) {
          case 'request':
            return wait
          case 'stream':
            return TE.right(
              (async function* () {
                yield 1
                await gate.promise
              })(),
            )
          case 'task':
            return TE.fromIO(() => context.tasks.fork('work')(wait)().id)
          case 'added':
            return TE.fromIO(context.tasks.add('work'))
          default:
            return counting(payload, context)
        }
      }),
      websocket(() => TE.fromTask(() => gate.promise)),
    )
    return { app: createApp(agent, { ...quiet, clock, session: options }), gate, clock }
  }

  const ways: ReadonlyArray<readonly [string, (app: App) => Promise<unknown>]> = [
    [
      'a request',
      async (app) => {
        const answer = invoke(app, 'request', as('s'))
        await turns(20)
        return { answer }
      },
    ],
    ['a stream', (app) => app.inject('/invocations', { body: '"stream"', headers: as('s') })],
    ['a socket', (app) => openSocket(app, { headers: as('s') })],
    ['a task', (app) => invoke(app, 'task', as('s'))],
    ['an added task', (app) => invoke(app, 'added', as('s'))],
  ]

  it.each(ways)('by %s keeps its state, however long it takes', async (_, hold) => {
    const { app, gate, clock } = holding()
    await countOf(app, 's')
    await hold(app)
    clock.advance(60 * minute)
    await turns()
    expect(await countOf(app, 's')).toEqual({ n: 2 })
    gate.resolve()
    await turns(20)
    await app.stop({ timeout: 0 })
  })

  it.each(ways.slice(0, 4))('by %s is idle again when that has ended', async (_, hold) => {
    const { app, gate, clock } = holding()
    await countOf(app, 's')
    const held = await hold(app)
    clock.advance(60 * minute)
    gate.resolve()
    if (held instanceof Response) await held.text()
    await turns(30)
    clock.advance(15 * minute)
    await turns()
    expect(await countOf(app, 's')).toEqual({ n: 1 })
    await app.stop({ timeout: 0 })
  })

  it('is never given up: where all are, a new one is 503 TOO_MANY_SESSIONS', async () => {
    const { app, gate } = holding({ max: 1 })
    await countOf(app, 's')
    const held = invoke(app, 'request', as('s'))
    await turns(20)
    expect(await invoke(app, {}, as('new'))).toMatchObject({ status: 503, body: { code: 'TOO_MANY_SESSIONS' } })
    gate.resolve()
    await held
    expect(await countOf(app, 'new')).toEqual({ n: 1 })
  })
})

describe('Session.fileStore', () => {
  it('keeps state over a restart, in this process and in another', () =>
    inFolder(async (folder) => {
      const store = (): Options => ({ session: { store: Session.fileStore(folder) } })
      expect(await countOf(counter(store()), 's')).toEqual({ n: 1 })
      expect(await countOf(counter(store()), 's')).toEqual({ n: 2 })
      await withChild('sessionsChild', { args: ['count', folder, 's'] }, async (child) => {
        expect(await child.line('counted')).toBe('counted 3')
        expect(await child.exited).toMatchObject({ code: 0 })
      })
      expect(await countOf(counter(store()), 's')).toEqual({ n: 4 })
    }))

  it('holds a complete state whenever the process is killed', () =>
    inFolder(async (folder) => {
      const store = Session.fileStore(folder)
      const id = pipe(
        Session.parseId('killed'),
        E.getOrElseW(() => {
          throw new Error('no id')
        }),
      )
      for (const round of range(6)) {
        await withChild('sessionsChild', { args: ['loop', folder, 'killed'] }, async (child) => {
          await child.line(`saved ${round}`)
          await turns(round * 7)
          child.process.kill('SIGKILL')
          expect((await child.exited).signal).toBe('SIGKILL')
        })
        const loaded = await store.load(id)()
        if (E.isLeft(loaded) || O.isNone(loaded.right)) throw new Error('there is no state')
        const state = loaded.right.value.state as { readonly n: number; readonly padding: string }
        expect(state.n).toBeGreaterThanOrEqual(round)
        expect(state.padding).toBe(String(state.n % 10).repeat(300_000))
      }
      expect((await filesIn(folder)).filter((name) => name.endsWith('.json'))).toHaveLength(1)
    }))

  it('takes ids of any visible characters, and no id leaves its folder', () =>
    inFolder(async (folder) => {
      const app = counter({ session: { store: Session.fileStore(join(folder, 'deep', 'er')) } })
      const ids = [
        '../../up',
        '/etc/passwd',
        '.',
        '..',
        'a/b',
        'a\\b',
        'CON',
        'A',
        'a',
        `~!@#$%^&*()_+{}|:"<>?`,
        'x'.repeat(256),
      ]
      for (const id of ids) expect(await countOf(app, id)).toEqual({ n: 1 })
      for (const id of ids) expect(await countOf(app, id)).toEqual({ n: 2 })
      expect(await filesIn(folder)).toEqual(['deep'])
      expect(await filesIn(join(folder, 'deep', 'er'))).toHaveLength(ids.length)
    }))

  it('that cannot be written answers 500 SESSION_STORE_FAILED', () =>
    inFolder(async (folder) => {
      await writeFile(join(folder, 'taken'), '')
      const app = counter({ session: { store: Session.fileStore(join(folder, 'taken')) } })
      expect(await invoke(app, {}, as('s'))).toMatchObject({ status: 500, body: { code: 'SESSION_STORE_FAILED' } })
    }))

  it('is swept after a restart: of expired sessions and of what a kill left half-written, not of others', () =>
    inFolder(async (folder) => {
      const store = (): Options => ({ session: { store: Session.fileStore(folder) } })
      await countOf(counter(store()), 'old')
      const [old = ''] = await filesIn(folder)
      await countOf(counter(store()), 'young')
      await Promise.all(['a.json.1.tmp', 'b.json.2.tmp', 'notes.txt'].map((name) => writeFile(join(folder, name), '{')))
      const before = new Date(Date.now() - 16 * minute)
      await Promise.all([old, 'a.json.1.tmp', 'notes.txt'].map((name) => utimes(join(folder, name), before, before)))
      await countOf(counter(store()), 'new')
      await eventually(async () => !(await filesIn(folder)).includes('a.json.1.tmp'))
      const left = await filesIn(folder)
      expect(left).not.toContain(old)
      expect(left).toHaveLength(4)
      expect(left).toEqual(expect.arrayContaining(['b.json.2.tmp', 'notes.txt']))
    }))

  it('forgets on a restart what was saved too long ago', () =>
    inFolder(async (folder) => {
      const clock = testClock(Date.now())
      const app = (): App => counter({ clock, session: { store: Session.fileStore(folder) } })
      await countOf(app(), 's')
      clock.advance(15 * minute - 1)
      expect(await countOf(app(), 's')).toEqual({ n: 2 })
      clock.advance(15 * minute)
      expect(await countOf(app(), 's')).toEqual({ n: 1 })
    }))

  it('keeps state that only its owner may read, with the id in it for people', () =>
    inFolder(async (folder) => {
      await countOf(counter({ session: { store: Session.fileStore(folder) } }), 'my-id')
      const [file = ''] = await filesIn(folder)
      expect(JSON.parse(await readFile(join(folder, file), 'utf8'))).toMatchObject({ id: 'my-id', state: { n: 1 } })
    }))
})
