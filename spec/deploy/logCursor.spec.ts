import * as fc from 'fast-check'
import * as E from 'fp-ts/Either'
import type { DeployError } from '../../lib/deploy/failure/DeployError'
import { followEvents } from '../../lib/deploy/logs/followEvents'
import { advance, cursorAt, lateness, type LogEvent } from '../../lib/deploy/logs/LogCursor'
import { left, right } from './deploying'

const event = (id: string, at: number): LogEvent => ({ id, at, stream: 's', message: id })

/** Events and the look that is the first to find each: no later than `lateness` after it happened. */
const arrivals = fc
  .array(fc.record({ at: fc.nat(300_000), delay: fc.nat(lateness) }), { maxLength: 60 })
  .map((all) => all.map(({ at, delay }, index) => ({ event: event(`e${index}`, at), arrives: at + delay })))

describe('a cursor', () => {
  it('gives every event once, however late and in whatever order they come', () =>
    fc.assert(
      fc.property(arrivals, fc.integer({ min: 500, max: 50_000 }), (all, interval) => {
        let cursor = cursorAt(0)
        const given: Array<string> = []
        for (let now = 0; now <= 300_000 + lateness + interval; now += interval) {
          const { from } = cursor
          const found = all.filter(({ event: { at }, arrives }) => arrives <= now && at >= from)
          const step = advance(
            cursor,
            found.map((arrival) => arrival.event),
          )
          given.push(...step.fresh.map(({ id }) => id))
          cursor = step.cursor
        }
        expect([...given].sort()).toEqual(all.map(({ event: { id } }) => id).sort())
      }),
    ))

  it('forgets what no look can find again', () => {
    const all = Array.from({ length: 1000 }, (_, index) => event(`e${index}`, index * 1000))
    expect(advance(cursorAt(0), all).cursor.seen.size).toBe(lateness / 1000 + 1)
  })
})

describe('following', () => {
  const follow = async (
    looks: ReadonlyArray<E.Either<DeployError, ReadonlyArray<LogEvent> | undefined>>,
  ): Promise<{
    readonly result: E.Either<DeployError, void>
    readonly said: Array<string>
    readonly pauses: Array<number>
  }> => {
    const controller = new AbortController()
    const said: Array<string> = []
    const pauses: Array<number> = []
    const left = [...looks]
    const since = () => (): Promise<E.Either<DeployError, ReadonlyArray<LogEvent> | undefined>> => {
      const next = left.shift()
      if (left.length === 0) setImmediate(() => controller.abort())
      return Promise.resolve(next ?? E.right([]))
    }
    const result = await followEvents(
      { since },
      {
        group: 'g',
        from: 0,
        signal: controller.signal,
        pause: async (ms) => {
          pauses.push(ms)
          await new Promise(setImmediate)
        },
        onEvents: async (events) => void said.push(...events.map(({ id }) => id)),
        onMissing: () => void said.push('missing'),
      },
    )()
    return { result, said, pauses }
  }

  it('waits for a group that is not there yet, and says so once', async () => {
    const { result, said } = await follow([
      E.right(undefined),
      E.right(undefined),
      E.right([event('a', 1)]),
      E.right([]),
    ])
    expect(right(result)).toBeUndefined()
    expect(said).toEqual(['missing', 'a'])
  })

  it('slows down when AWS throttles, and loses nothing', async () => {
    const throttled: DeployError = { _tag: 'Throttled', operation: 'logs:FilterLogEvents' }
    const { said, pauses } = await follow([
      E.right([event('a', 1)]),
      E.left(throttled),
      E.right([event('b', 2)]),
      E.right([]),
    ])
    expect(said).toEqual(['a', 'b'])
    expect(pauses[1]).toBeGreaterThan(pauses[0] ?? 0)
  })

  it('ends with what went wrong', async () => {
    const expired: DeployError = { _tag: 'CredentialsExpired', reason: 'too old' }
    expect(left((await follow([E.left(expired), E.right([])])).result)).toBe(expired)
  })
})
