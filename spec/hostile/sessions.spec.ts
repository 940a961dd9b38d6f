/** What damages session state, or takes it away: broken files, hostile names, stores that fail, apps that share a store. */
import { execFileSync } from 'node:child_process'
import { lstat, mkdir, readFile, rename, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as fc from 'fast-check'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import { AgentError, type App, createApp, entrypoint, type Options, Session } from '../../lib'
import { createFileLocks } from '../../lib/node/file/FileLocks'
import { createLocks } from '../../lib/node/queue/KeyedLocks'
import { createQueue, type Link } from '../../lib/node/queue/Queue'
import { createSessions } from '../../lib/http/session/Sessions'
import { testClock } from '../../lib/testing'
import { deferred, eventually, invoke, logSink, quiet, turns, withChild } from '../http/socketSupport'
import { as, counter, countOf, idOf, inFolder, namesIn, range } from './sessionsSupport'

const minute = 60_000

const rightOf = async <A>(task: TE.TaskEither<unknown, A>): Promise<A> => {
  const result = await task()
  if (E.isLeft(result)) throw new Error(`a left: ${JSON.stringify(result.left)}`)
  return result.right
}

const stateIn = async (store: Session.Store, id: string): Promise<unknown> =>
  pipe(
    await rightOf(store.load(idOf(id))),
    O.map(({ state }) => state),
    O.toUndefined,
  )

describe('a state file that', () => {
  const damages: ReadonlyArray<readonly [string, (path: string) => Promise<unknown>]> = [
    ['is cut off', async (path) => writeFile(path, (await readFile(path, 'utf8')).slice(0, -3))],
    ['is empty', (path) => writeFile(path, '')],
    ['is not JSON', (path) => writeFile(path, '\0\xff not JSON')],
    ['has another shape', (path) => writeFile(path, '{"hello":1}')],
    ['is null', (path) => writeFile(path, 'null')],
    ['holds the id of another session', (path) => writeFile(path, '{"id":"other","savedAt":9e15,"state":{"n":7}}')],
    [
      'is a folder',
      async (path) => {
        await rename(path, `${path}.moved`)
        await mkdir(path)
        await writeFile(join(path, 'inside'), 'kept')
      },
    ],
    [
      'is a symbolic link',
      async (path) => {
        await rename(path, `${path}.moved`)
        await symlink(`${path}.moved`, path)
      },
    ],
    [
      'is a pipe that nobody writes to',
      async (path) => {
        await rename(path, `${path}.moved`)
        execFileSync('mkfifo', [path])
      },
    ],
  ]

  it.each(damages)('%s is moved aside with one error line, and the session starts anew', (_, damage) =>
    inFolder(async (folder) => {
      const log = logSink()
      const app = createApp(
        entrypoint((payload: unknown, context) =>
          pipe(
            context.session.load,
            TE.chainFirst(() => context.session.save(payload)),
            TE.map(O.toNullable),
          ),
        ),
        { session: { store: Session.fileStore(folder) }, log: log.options },
      )
      await invoke(app, 'first', as('s'))
      const [name = ''] = await namesIn(folder, /[.]json$/)
      await damage(join(folder, name))
      expect(await invoke(app, 'second', as('s'))).toMatchObject({ status: 200, body: null })
      expect(await invoke(app, 'third', as('s'))).toMatchObject({ status: 200, body: 'second' })
      const errors = log.all.filter(({ level }) => level === 'ERROR')
      const [aside = ''] = await namesIn(folder, /[.]damaged-/)
      expect(errors).toHaveLength(1)
      expect(errors[0]).toMatchObject({ session: 's', file: join(folder, name), movedTo: join(folder, aside) })
      expect((await lstat(join(folder, name))).isFile()).toBe(true)
    }),
  )

  it('was exchanged with that of another session gives neither the state of the other', () =>
    inFolder(async (folder) => {
      const app = counter({ session: { store: Session.fileStore(folder) } })
      await countOf(app, 'a')
      const [a = ''] = await namesIn(folder, /[.]json$/)
      for (const n of [1, 2]) expect(await countOf(app, 'b')).toEqual({ n })
      const b = (await namesIn(folder, /[.]json$/)).find((name) => name !== a) ?? ''
      await rename(join(folder, b), join(folder, a))
      expect(await countOf(app, 'a')).toEqual({ n: 1 })
      expect(await namesIn(folder, /[.]damaged-/)).toHaveLength(1)
    }))

  it('was moved aside is never swept', () =>
    inFolder(async (folder) => {
      const name = `${'a'.repeat(64)}.json.damaged-20200101T000000000Z-00000000`
      await writeFile(join(folder, name), '{')
      await rightOf(Session.fileStore(folder).sweep?.(Date.now() + 10 * minute) ?? TE.of(undefined))
      expect(await namesIn(folder)).toEqual([name])
    }))
})

describe('a folder of state', () => {
  it('and what is in it are for the owner alone', () =>
    inFolder(async (folder) => {
      const deep = join(folder, 'one', 'two')
      const store = Session.fileStore(deep)
      await rightOf(store.save(idOf('s'), { state: 1, savedAt: Date.now() }))
      await rightOf(store.lock?.(idOf('s'), new AbortController().signal) ?? TE.of(O.none))
      for (const path of [join(folder, 'one'), deep]) expect((await lstat(path)).mode & 0o777).toBe(0o700)
      const names = await namesIn(deep)
      expect(names).toHaveLength(2)
      for (const name of names) expect((await lstat(join(deep, name))).mode & 0o777).toBe(0o600)
    }))

  it('has names of less than 255 bytes that differ in more than case, whatever the ids', () =>
    inFolder(async (folder) => {
      const store = Session.fileStore(folder)
      const visible = fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code))
      const id = fc.string({ unit: visible, minLength: 1, maxLength: 256 })
      const hostile = fc.constantFrom('..', '../../x', '/etc/passwd', 'a', 'A', 'NUL', '%00', 'a:b', '~', '-rf', '*')
      const seen = new Set<string>()
      await fc.assert(
        fc.asyncProperty(
          fc.oneof(
            id,
            hostile,
            id.map((text) => text.toUpperCase()),
          ),
          async (text) => {
            seen.add(text)
            await rightOf(store.save(idOf(text), { state: text, savedAt: 1 }))
            expect(await stateIn(store, text)).toBe(text)
          },
        ),
        { numRuns: 60 },
      )
      const names = await namesIn(folder)
      expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(seen.size)
      for (const name of names) expect(name).toMatch(/^[0-9a-f]{64}[.]json$/)
    }))

  it('that has no room left for a save keeps the old state, and nothing half-written', () =>
    inFolder(async (folder) => {
      const store = Session.fileStore(folder)
      await rightOf(store.save(idOf('s'), { state: 'old', savedAt: 1 }))
      const child = join(__dirname, 'sessionsChild.js')
      // The limit of the shell is that of a disk: a file may have 64 blocks, and the state has a million bytes.
      const limited = `ulimit -f 64; exec "${process.execPath}" "${child}" save "${folder}" s 1000000`
      expect(execFileSync('sh', ['-c', limited], { encoding: 'utf8' })).toMatch(/^failed Error: EFBIG/)
      expect(await stateIn(store, 's')).toBe('old')
      expect(await namesIn(folder)).toHaveLength(1)
    }))
})

describe('a lock file', () => {
  const times = { touch: 20, stale: 200, poll: [1, 5] } as const
  const forever = new AbortController().signal

  it('of a process that was killed is taken over at once', () =>
    inFolder(async (folder) => {
      const app = counter({ session: { store: Session.fileStore(folder) } })
      await withChild('../hostile/sessionsChild', { args: ['hold', folder, 's'] }, async (child) => {
        await child.line('holding')
        child.process.kill('SIGKILL')
        await child.exited
      })
      expect(await namesIn(folder, /[.]lock$/)).toHaveLength(1)
      const began = performance.now()
      expect(await countOf(app, 's')).toEqual({ n: 1 })
      expect(performance.now() - began).toBeLessThan(5000)
      await eventually(async () => (await namesIn(folder, /[.]lock$/)).length === 0)
    }))

  it.each([
    ['of a machine that is gone', 'elsewhere\n1\n0\nmark\nid'],
    ['that was cut off by a kill', ''],
    ['of this pid, of another place', `elsewhere\n${process.pid}\n0\nmark\nid`],
  ])('%s is taken over when it was not touched for long', (_, text) =>
    inFolder(async (folder) => {
      await writeFile(join(folder, 'x.lock'), text)
      const release = await createFileLocks(folder, times).acquire('x', forever)
      expect(O.isSome(release)).toBe(true)
      if (O.isSome(release)) await release.value()
      expect(await namesIn(folder)).toEqual([])
    }),
  )

  it('that is a folder is moved out of the way, with what is in it', () =>
    inFolder(async (folder) => {
      await mkdir(join(folder, 'x.lock'))
      await writeFile(join(folder, 'x.lock', 'inside'), 'kept')
      expect(O.isSome(await createFileLocks(folder, times).acquire('x', forever))).toBe(true)
      const [moved = ''] = await namesIn(folder, /[.]tmp$/)
      expect(await readFile(join(folder, moved, 'inside'), 'utf8')).toBe('kept')
    }))

  it('of a holder that lives is not taken over, and who waits may leave', () =>
    inFolder(async (folder) => {
      const [one, other] = [createFileLocks(folder, times), createFileLocks(folder, times)]
      const release = await one.acquire('x', forever)
      const leaving = new AbortController()
      const waiting = other.acquire('x', leaving.signal)
      let isOver = false
      void waiting.then(() => (isOver = true))
      const touched = async (): Promise<number> => (await lstat(join(folder, 'x.lock'))).mtimeMs
      const began = await touched()
      await eventually(async () => (await touched()) - began > 2 * times.stale) // touched all along
      expect(isOver).toBe(false)
      leaving.abort()
      expect(await waiting).toEqual(O.none)
      await one.check('x')
      if (O.isSome(release)) await release.value()
      expect(await namesIn(folder)).toEqual([])
    }))

  it('that was taken over from a holder that slept makes its save fail instead of losing an update', () =>
    inFolder(async (folder) => {
      const [sleeper, other] = [Session.fileStore(folder), Session.fileStore(folder)]
      await rightOf(sleeper.lock?.(idOf('s'), forever) ?? TE.of(O.none))
      const [lock = ''] = await namesIn(folder, /[.]lock$/)
      await writeFile(join(folder, lock), 'elsewhere\n1\n0\nmark\nid') // another process has it now
      await rightOf(other.save(idOf('s'), { state: 'newer', savedAt: 2 }))
      const late = await sleeper.save(idOf('s'), { state: 'older', savedAt: 3 })()
      expect(late).toMatchObject({ _tag: 'Left', left: { _tag: 'StoreFailed' } })
      expect(await stateIn(other, 's')).toBe('newer')
      expect(await namesIn(folder, /[.]tmp$/)).toEqual([])
    }))

  it('is held by one of many at a time, also where they take over a stale one', () =>
    inFolder(async (folder) => {
      await writeFile(join(folder, 'x.lock'), 'elsewhere\n1\n0\nmark\nid')
      let [inside, most] = [0, 0]
      await Promise.all(
        range(8).map(async () => {
          const locks = createFileLocks(folder, { ...times, stale: 1000 })
          for (const _ of range(5)) {
            const release = await locks.acquire('x', forever)
            inside += 1
            most = Math.max(most, inside)
            await turns(2)
            inside -= 1
            if (O.isSome(release)) await release.value()
          }
        }),
      )
      expect(most).toBe(1)
      expect(await namesIn(folder)).toEqual([])
    }))
})

describe('two apps over one store', () => {
  const stores: ReadonlyArray<readonly [string, (folder: string) => () => Session.Store]> = [
    [
      'in memory',
      () => {
        const store = Session.memoryStore()
        return () => store
      },
    ],
    ['in a folder', (folder) => () => Session.fileStore(folder)],
    [
      'of their own that only loads, saves and removes, and keeps no versions',
      () => {
        const kept = new Map<string, Session.Stored>()
        return () => ({
          load: (id) => TE.fromIO(() => O.fromNullable(kept.get(id))),
          save: (id, { state, savedAt }) => TE.fromIO(() => void kept.set(id, { state, savedAt })),
          remove: (id) => TE.fromIO(() => void kept.delete(id)),
        })
      },
    ],
  ]

  describe.each(stores)('%s', (_, make) => {
    const withApps = (
      options: Options['session'],
      use: (apps: {
        readonly one: App
        readonly other: App
        readonly store: Session.Store
        readonly evicted: ReadonlyArray<string>
        readonly clock: ReturnType<typeof testClock>
      }) => Promise<void>,
    ): Promise<void> =>
      inFolder(async (folder) => {
        const open = make(folder)
        const clock = testClock(Date.now())
        const evicted: Array<string> = []
        const onEvict = (id: string, why: string): void => void evicted.push(`${id} ${why}`)
        await use({
          clock,
          evicted,
          store: open(),
          one: counter({ clock, session: { ...options, store: open(), onEvict } }),
          other: counter({ clock, session: { ...options, store: open(), max: 1000 } }),
        })
      })

    it('an app forgets what it has not used, and leaves what the other has saved since', () =>
      withApps({}, async ({ one, other, store, evicted, clock }) => {
        expect(await countOf(one, 's')).toEqual({ n: 1 })
        clock.advance(14 * minute)
        expect(await countOf(other, 's')).toEqual({ n: 2 })
        clock.advance(minute)
        await eventually(() => evicted.length === 1)
        expect(evicted).toEqual(['s expired'])
        expect(await stateIn(store, 's')).toEqual({ n: 2 })
        expect(await countOf(one, 's')).toEqual({ n: 3 })
      }))

    it('an app removes what it has not used where it has saved it last', () =>
      withApps({}, async ({ one, other, store, evicted, clock }) => {
        expect(await countOf(other, 's')).toEqual({ n: 1 })
        clock.advance(10)
        expect(await countOf(one, 's')).toEqual({ n: 2 })
        clock.advance(15 * minute)
        await eventually(() => evicted.length === 1)
        expect(await stateIn(store, 's')).toBeUndefined()
      }))

    it('an app that evicts leaves what the other has saved since, and removes what it has not', () =>
      withApps({ max: 1 }, async ({ one, other, store, evicted, clock }) => {
        expect(await countOf(one, 'a')).toEqual({ n: 1 })
        clock.advance(10)
        expect(await countOf(other, 'a')).toEqual({ n: 2 })
        expect(await countOf(one, 'b')).toEqual({ n: 1 })
        expect(await countOf(one, 'c')).toEqual({ n: 1 })
        await eventually(() => evicted.length === 2)
        expect(evicted).toEqual(['a evicted', 'b evicted'])
        expect(await stateIn(store, 'a')).toEqual({ n: 2 })
        expect(await stateIn(store, 'b')).toBeUndefined()
        expect(await countOf(one, 'a')).toEqual({ n: 3 })
      }))
  })

  describe.each(stores.slice(0, 2))('%s', (_, make) => {
    it('their concurrent invocations of one session lose no update', () =>
      inFolder(async (folder) => {
        const open = make(folder)
        const apps = range(2).map(() => counter({ session: { store: open() } }))
        await Promise.all(apps.flatMap((app) => range(20).map(() => countOf(app, 's'))))
        expect(await stateIn(open(), 's')).toEqual({ n: 40 })
      }))

    it('removeIf removes what is unchanged, and nothing else, under any order of saves', () =>
      inFolder(async (folder) => {
        const store = make(folder)()
        const id = idOf('s')
        const stored = fc.record({ state: fc.nat(), savedAt: fc.nat({ max: 2 }), version: fc.constantFrom('a', 'b') })
        await fc.assert(
          fc.asyncProperty(stored, stored, async (kept, seen) => {
            await rightOf(store.save(id, kept))
            const isSame = Session.isUnchanged(seen)(kept)
            expect(isSame).toBe(kept.savedAt === seen.savedAt && kept.version === seen.version)
            expect(await rightOf(store.removeIf?.(id, seen) ?? TE.of(false))).toBe(isSame)
            expect(O.isNone(await rightOf(store.load(id)))).toBe(isSame)
            expect(await rightOf(store.removeIf?.(id, kept) ?? TE.of(false))).toBe(!isSame)
          }),
          { numRuns: 30 },
        )
      }))
  })

  it('a file that another process is at work on is neither dropped nor swept', () =>
    inFolder(async (folder) => {
      const [one, other] = [Session.fileStore(folder), Session.fileStore(folder)]
      await rightOf(one.save(idOf('s'), { state: 1, savedAt: 1 }))
      const signal = new AbortController().signal
      const lock = await rightOf(other.lock?.(idOf('s'), signal) ?? TE.of(O.none))
      expect(await rightOf(one.removeIf?.(idOf('s'), { savedAt: 1 }) ?? TE.of(true))).toBe(false)
      await rightOf(one.sweep?.(Date.now() + minute) ?? TE.of(undefined))
      expect(await stateIn(one, 's')).toBe(1)
      if (O.isSome(lock)) await lock.value()
      await rightOf(one.sweep?.(Date.now() + minute) ?? TE.of(undefined))
      expect(await namesIn(folder)).toEqual([])
    }))
})

describe('the sessions of an app', () => {
  type Move = readonly [what: 'use' | 'enter' | 'leave' | 'wait', who: number, ms: number]

  const move: fc.Arbitrary<Move> = fc.tuple(
    fc.constantFrom('use' as const, 'enter' as const, 'leave' as const, 'wait' as const),
    fc.nat({ max: 5 }),
    fc.nat({ max: 400 }),
  )

  it('are dropped exactly when they are expired, or used longest ago when there are too many', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(move, { maxLength: 60 }), fc.integer({ min: 1, max: 4 }), async (moves, max) => {
        const clock = testClock(1_000_000)
        const dropped: Array<string> = []
        const onEvict = (id: string, why: string): void => void dropped.push(`${id} ${why}`)
        const log = { debug: silent, info: silent, warn: silent, error: silent }
        const session = { policy: 'generate', store: Session.memoryStore(), idleTimeout: 1000, max, onEvict } as const
        const sessions = createSessions({ session, clock }, log)
        const model = new Map<Session.SessionId, Session.Use>() // those with state, as the pure functions see them
        const inside = new Map<Session.SessionId, number>()
        const expected: Array<string> = []
        const lapse = (): void => {
          for (const id of Session.expired(clock.now(), 1000)(model)) {
            expected.push(`${id} expired`)
            model.delete(id)
          }
        }
        for (const [what, who, ms] of moves) {
          const id = idOf(`s${who}`)
          const users = inside.get(id) ?? 0
          if (what === 'wait') {
            for (const _ of range(ms)) {
              clock.advance(1)
              lapse()
            }
          } else if (what === 'enter') {
            clock.advance(1)
            lapse()
            sessions.enter(id)
            inside.set(id, users + 1)
            if (model.has(id)) model.set(id, { users: users + 1, lastUsed: clock.now() })
          } else if (what === 'leave' && users > 0) {
            clock.advance(1)
            lapse()
            sessions.leave(id)
            inside.set(id, users - 1)
            if (model.has(id)) model.set(id, { users: users - 1, lastUsed: clock.now() })
          } else if (what === 'use') {
            clock.advance(1) // no two are used at the same moment, and entering and leaving are uses too
            lapse()
            const access = sessions.access(
              id,
              () => new AbortController().signal,
              () => 0,
            )
            sessions.enter(id)
            const victim = model.has(id) || model.size < max ? undefined : Session.leastRecentlyUsed(model)
            const fits = model.has(id) || model.size < max || victim !== undefined
            expect(E.isRight(await access.save(1)())).toBe(fits)
            sessions.leave(id)
            if (victim !== undefined) {
              expected.push(`${victim} evicted`)
              model.delete(victim)
            }
            if (fits) model.set(id, { users, lastUsed: clock.now() })
          }
          const inUse = [...inside].flatMap(([user, count]) => (count > 0 ? [user] : []))
          expect(sessions.size()).toEqual({ kept: model.size, known: new Set([...model.keys(), ...inUse]).size })
        }
        await turns(2)
        expect([...dropped].sort()).toEqual([...expected].sort())
        sessions.stop()
        expect(clock.pending()).toBe(0)
      }),
      { numRuns: 60 },
    )
  })

  it('expire though the clock was set back by a year', async () => {
    let [now, fire] = [1_000_000_000_000, (): void => undefined]
    const clock = {
      now: () => now,
      after: (_: number, f: () => void) => {
        fire = f
        return () => undefined
      },
    }
    const evicted: Array<string> = []
    const app = counter({ clock, session: { onEvict: (id) => void evicted.push(id) } })
    await countOf(app, 'a')
    now -= 365 * 24 * 60 * minute
    await countOf(app, 'b')
    now += 15 * minute
    fire()
    await eventually(() => evicted.length === 2)
  })

  it('report the end of one once, though many look at it at the same time', () =>
    inFolder(async (folder) => {
      const store = Session.fileStore(folder)
      await rightOf(store.save(idOf('s'), { state: 1, savedAt: 1 }))
      const evicted: Array<string> = []
      // Each has loaded before the first one finds that it is expired, and goes on after the one before has dropped it.
      let [loaded, last] = [0, Promise.resolve()]
      const loadSlowly: Session.Store['load'] = (id) => async () => {
        const result = await store.load(id)()
        loaded += 1
        await eventually(() => loaded === 10)
        const mine = last.then(() => turns(200))
        last = mine
        await mine
        return result
      }
      const app = createApp(
        entrypoint((_: unknown, { session }) => pipe(session.load, TE.map(O.toNullable))),
        {
          ...quiet,
          session: {
            store: { ...store, load: loadSlowly, sweep: () => TE.of(undefined) },
            onEvict: (id) => void evicted.push(id),
          },
        },
      )
      const bodies = await Promise.all(range(10).map(async () => (await invoke(app, {}, as('s'))).body))
      expect(bodies).toEqual(range(10).map(() => null))
      await eventually(() => evicted.length > 0)
      await turns(20)
      expect(evicted).toEqual(['s'])
    }))

  it('are not dropped while the store is still at work on them', async () => {
    const gate = deferred()
    const memory = Session.memoryStore()
    const store: Session.Store = {
      ...memory,
      save: (id, stored) => async () => {
        if (id === 'slow') await gate.promise
        return memory.save(id, stored)()
      },
    }
    const app = createApp(
      entrypoint((_: unknown, { session }) => {
        void session.save(1)() // nobody waits for it, and the session is not in use by anything else
        return TE.right(1)
      }),
      { ...quiet, session: { store, max: 1 } },
    )
    await invoke(app, {}, as('slow'))
    await turns(10)
    expect(await invoke(app, {}, as('other'))).toMatchObject({ status: 200 })
    gate.resolve()
    await turns(10)
    expect(await stateIn(memory, 'slow')).toBe(1)
    expect(await stateIn(memory, 'other')).toBeUndefined()
  })

  const failures: ReadonlyArray<readonly [string, () => TE.TaskEither<AgentError.AgentError, never>]> = [
    [
      'throws',
      () => {
        throw new Error('no')
      },
    ],
    ['rejects', () => () => Promise.reject(new Error('no'))],
    ['gives lefts', () => TE.left(AgentError.storeFailed(new Error('no')))],
  ]

  it.each(failures)('go on, and none stays behind, though their store %s', async (_, fail) => {
    const clock = testClock()
    const store = { load: fail, save: fail, remove: fail, sweep: fail, lock: fail }
    const app = counter({ clock, session: { store } })
    for (const _ of range(3)) {
      expect(await invoke(app, {}, as('s'))).toMatchObject({ status: 500, body: { code: 'SESSION_STORE_FAILED' } })
    }
    clock.advance(60 * minute)
    await turns()
    expect(clock.pending()).toBe(0)
  })

  it('are dropped, and the process goes on, though their store throws when it removes one', async () => {
    const clock = testClock()
    const log = logSink()
    const { load, save } = Session.memoryStore()
    const remove = (): never => {
      throw new Error('remove throws')
    }
    const app = counter({ clock, session: { store: { load, save, remove } }, log: log.options })
    await countOf(app, 's')
    clock.advance(15 * minute)
    expect(await log.line('could not be dropped')).toMatchObject({ level: 'ERROR' })
    expect(clock.pending()).toBe(0)
  })
})

const silent = () => (): void => undefined

describe('locks in memory', () => {
  it('leave nothing behind, whatever is asked for, released and left', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat({ max: 2 }), fc.boolean())), async (asked) => {
        const locks = createLocks<number>()
        const waiting = asked.map(([key, leaves]) => {
          const leaving = new AbortController()
          const lock = locks.acquire(key, leaving.signal)
          if (leaves) leaving.abort()
          return lock
        })
        for (const lock of waiting) {
          const release = await lock
          release?.()
          release?.() // a second time is nothing
        }
        expect(locks.size()).toBe(0)
      }),
    )
  })
})

describe('a queue', () => {
  interface Member extends Link<Member> {
    readonly name: number
  }

  it('keeps the order in which its members came last, whoever leaves it', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat({ max: 6 }))), (moves) => {
        const members = range(7).map((name): Member => ({ name, older: undefined, newer: undefined, isQueued: false }))
        const queue = createQueue<Member>()
        let model: ReadonlyArray<number> = []
        for (const [comes, name] of moves) {
          const member = members[name]
          if (member === undefined) continue
          model = model.filter((other) => other !== name)
          if (comes) model = [...model, name]
          if (comes) queue.push(member)
          else queue.remove(member)
          expect(queue.size()).toBe(model.length)
        }
        const order: Array<number> = []
        for (let next = queue.oldest(); next !== undefined; next = queue.oldest()) {
          order.push(next.name)
          queue.remove(next)
        }
        expect(order).toEqual(model)
      }),
    )
  })
})
