/** A provider's keys, kept: when it is asked, who waits, and what is had while it is down. Time is moved by hand. */
import * as E from 'fp-ts/Either'
import * as fc from 'fast-check'
import { createKeyCache, type KeyCache, type CacheTimes, type Want } from '../../../lib/auth/jwt/Jwks'
import { deferred, type Deferred, turns } from '../../http/socketSupport'

const times: CacheTimes = { maxAge: 1000, maxStale: 10_000, cooldown: 100, retry: 10 }

interface Bench {
  readonly keyring: KeyCache<string>
  readonly flights: Array<Deferred<E.Either<unknown, string>>>
  readonly reports: Array<unknown>
  readonly pass: (ms: number) => void
  /** What is taken, without an answer of the provider. */
  readonly take: (want?: Want) => Promise<unknown>
  /** What is taken when the provider answers so. */
  readonly asked: (answer: E.Either<unknown, string>, want?: Want) => Promise<unknown>
}

const shown = (taken: E.Either<{ readonly _tag: string }, string>): string =>
  E.isLeft(taken) ? taken.left._tag : taken.right

const bench = (): Bench => {
  let now = 1_000_000
  const flights: Bench['flights'] = []
  const reports: Array<unknown> = []
  const keyring = createKeyCache<string>(
    times,
    () => now,
    () => {
      const flight = deferred<E.Either<unknown, string>>()
      flights.push(flight)
      return flight.promise
    },
  )
  const take = (want: Want = 'Any'): Promise<string> =>
    keyring
      .take(want, (failure) => void reports.push(failure))()
      .then(shown)
  return {
    keyring,
    flights,
    reports,
    take,
    pass: (ms) => {
      now += ms
    },
    asked: async (answer, want) => {
      const before = flights.length
      const taken = take(want)
      await turns()
      expect(flights.length).toBe(before + 1)
      flights[before]?.resolve(answer)
      return taken
    },
  }
}

describe('a keyring', () => {
  it('asks once, however many wait', async () => {
    const { take, flights } = bench()
    const many = Promise.all(Array.from({ length: 500 }, () => take()))
    await turns()
    expect(flights).toHaveLength(1)
    flights[0]?.resolve(E.right('one'))
    expect(new Set(await many)).toEqual(new Set(['one']))
    expect(await take()).toBe('one')
    expect(flights).toHaveLength(1)
  })

  it('asks again when the keys are old, and waits for the answer', async () => {
    const { asked, take, pass, flights } = bench()
    await asked(E.right('one'))
    pass(999)
    expect(await take()).toBe('one')
    pass(1)
    expect(await asked(E.right('two'))).toBe('two')
    expect(flights).toHaveLength(2)
  })

  it('asks again for an unknown key, but not at once', async () => {
    const { asked, take, pass, flights } = bench()
    await asked(E.right('one'))
    pass(99)
    expect(await take('Newer')).toBe('one')
    expect(flights).toHaveLength(1)
    pass(1)
    expect(await asked(E.right('two'), 'Newer')).toBe('two')
    expect(await take('Newer')).toBe('two')
    expect(flights).toHaveLength(2)
  })

  it('keeps nobody waiting for a key that another asks for', async () => {
    const { asked, take, pass, flights } = bench()
    await asked(E.right('one'))
    pass(100)
    const newer = take('Newer')
    expect(await take()).toBe('one')
    flights[1]?.resolve(E.right('two'))
    expect(await newer).toBe('two')
  })

  it('refuses while the provider is down from the start, and asks again later', async () => {
    const { asked, take, pass, flights, reports } = bench()
    expect(await asked(E.left('down'))).toBe('ProviderUnavailable')
    expect(await take()).toBe('ProviderUnavailable')
    expect(flights).toHaveLength(1)
    pass(10)
    expect(await asked(E.right('one'))).toBe('one')
    expect(reports).toEqual([])
  })

  it('serves on while the provider is down, without waiting, and reports it once', async () => {
    const { asked, take, pass, flights, reports } = bench()
    await asked(E.right('one'))
    pass(1000)
    expect(await asked(E.left('down'))).toBe('one')
    expect(await take()).toBe('one')
    expect(flights).toHaveLength(2)
    pass(10)
    expect(await take()).toBe('one')
    expect(flights).toHaveLength(3)
    flights[2]?.resolve(E.left('down still'))
    await turns()
    pass(10)
    expect(await take()).toBe('one')
    flights[3]?.resolve(E.right('two'))
    await turns()
    expect(await take()).toBe('two')
    expect(reports).toEqual(['down'])
  })

  it('serves on, but not for ever', async () => {
    const { asked, pass } = bench()
    await asked(E.right('one'))
    pass(9999)
    expect(await asked(E.left('down'))).toBe('one')
    pass(10)
    expect(await asked(E.left('down'))).toBe('ProviderUnavailable')
  })

  it('asks at most so often, whatever is wanted when', async () => {
    const step = fc.record({ ms: fc.nat(300), want: fc.constantFrom<Want>('Any', 'Newer'), works: fc.boolean() })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { take, pass, flights } = bench()
        let passed = 0
        for (const { ms, want, works } of steps) {
          pass(ms)
          passed += ms
          const taken = take(want)
          await turns()
          flights.at(-1)?.resolve(works ? E.right('key') : E.left('down'))
          await taken
          await turns()
        }
        expect(flights.length).toBeLessThanOrEqual(1 + passed / times.retry)
      }),
      { numRuns: 50 },
    )
  })
})
