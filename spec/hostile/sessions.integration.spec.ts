/** A million sessions, two processes on one folder, and two hundred kills while state is being written. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import { Session } from '../../lib'
import { createSessions } from '../../lib/http/session/Sessions'
import { testClock } from '../../lib/testing'
import { turns, withChild } from '../http/socketSupport'
import { counter, countOf, idOf, inFolder, namesIn, range } from './sessionsSupport'

const child = '../hostile/sessionsChild'

const silent = () => (): void => undefined

const log = { debug: silent, info: silent, warn: silent, error: silent }

/** Milliseconds of the processor's time that some work takes: other processes do not count. */
const costOf = async (work: () => Promise<void>): Promise<number> => {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

describe('a million sessions', () => {
  it('cost each what the first ones cost: to begin, to be given up and to expire', async () => {
    const clock = testClock(1_000_000)
    let [evicted, expired] = [0, 0]
    const max = 1_000_000
    const sessions = createSessions(
      {
        clock,
        session: {
          policy: 'generate',
          store: Session.memoryStore(),
          idleTimeout: 900_000,
          max,
          onEvict: (_, why) => {
            if (why === 'evicted') evicted += 1
            else expired += 1
          },
        },
      },
      log,
    )
    const signal = new AbortController().signal
    const begin = async (n: number): Promise<void> => {
      const id = idOf(`session-${n}`)
      sessions.enter(id)
      const access = sessions.access(
        id,
        () => signal,
        () => 0,
      )
      await access.load()
      await access.save({ n })()
      sessions.leave(id)
    }
    const some = 50_000
    const beginFrom = (first: number): Promise<number> =>
      costOf(async () => {
        for (let n = first; n < first + some; n += 1) await begin(n)
      })
    await beginFrom(0)
    const early = await beginFrom(some)
    for (let first = 2 * some; first < max; first += some) await beginFrom(first)
    expect(sessions.size()).toEqual({ kept: max, known: max })
    const late = await beginFrom(max)
    await turns()
    expect(evicted).toBe(some)
    expect(sessions.size()).toEqual({ kept: max, known: max })
    // Garbage collection makes a big heap dearer; a scan of a million would make it 10,000 times as dear.
    expect(late).toBeLessThan(10 * early + 1000)
    clock.advance(900_000)
    for (let round = 0; round < 3000 && sessions.size().kept > 0; round += 1) {
      clock.advance(1)
      await turns()
    }
    expect(expired).toBe(max)
    expect(sessions.size()).toEqual({ kept: 0, known: 0 })
    expect(clock.pending()).toBe(0)
  }, 480_000)
})

describe('two processes on one folder', () => {
  it(
    'lose no update of one session',
    () =>
      inFolder((folder) =>
        withChild(child, { args: ['count', folder, 's', '200'] }, (one) =>
          withChild(child, { args: ['count', folder, 's', '200'] }, async (other) => {
            await Promise.all([one.line('ready'), other.line('ready')])
            for (const { process } of [one, other]) process.stdin?.write('go\n')
            expect(await Promise.all([one.exited, other.exited])).toMatchObject([{ code: 0 }, { code: 0 }])
            const [name = '', ...more] = await namesIn(folder)
            expect(more).toEqual([])
            expect(JSON.parse(await readFile(join(folder, name), 'utf8'))).toMatchObject({ id: 's', state: { n: 400 } })
          }),
        ),
      ),
    120_000,
  )

  it(
    'lose no update that was answered, though one of them is killed again and again',
    () =>
      inFolder(async (folder) => {
        const app = counter({ session: { store: Session.fileStore(folder) } })
        let answered = 0
        for (const round of range(10)) {
          await withChild(child, { args: ['fill', folder, 's'] }, async (filling) => {
            await filling.line('counted')
            for (const _ of range(3)) {
              await countOf(app, 's')
              answered += 1
            }
            await turns(round * 5)
            filling.process.kill('SIGKILL')
            await filling.exited
            answered += filling.lines.all.filter((line) => line.startsWith('counted')).length
          })
        }
        // An update that was saved when the kill came may not have been printed: at most one for each kill.
        const { n } = (await countOf(app, 's')) as { readonly n: number }
        expect(n).toBeGreaterThan(answered)
        expect(n).toBeLessThanOrEqual(answered + 11)
      }),
    120_000,
  )
})

describe('two hundred kills during writes', () => {
  it(
    'leave a folder that works, with a complete state after each',
    () =>
      inFolder(async (folder) => {
        const store = Session.fileStore(folder)
        let last = 0
        for (const round of range(200)) {
          await withChild(child, { args: ['fill', folder, 'killed'] }, async (filling) => {
            await filling.line('counted')
            await turns(round % 20)
            filling.process.kill('SIGKILL')
            await filling.exited
          })
          const loaded = await store.load(idOf('killed'))()
          if (E.isLeft(loaded) || O.isNone(loaded.right)) throw new Error('there is no state')
          const { n } = loaded.right.value.state as { readonly n: number }
          expect(n).toBeGreaterThan(last)
          last = n
        }
        expect(await namesIn(folder, /damaged/)).toEqual([])
        expect(await namesIn(folder, /[.]json$/)).toHaveLength(1)
      }),
    300_000,
  )
})
