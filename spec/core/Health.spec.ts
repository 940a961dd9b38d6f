/** What `/ping` tells: which status counts, and when its moment moves. */
import * as fc from 'fast-check'
import * as O from 'fp-ts/Option'
import { healthy, isStatus, observe, resolve, type Status, toPing } from '../../lib/core/Health'

const status = fc.constantFrom<Status>('Healthy', 'HealthyBusy')
const perhaps = fc.option(status, { nil: undefined }).map(O.fromNullable)
const moment = fc.integer({ min: 0, max: 4_102_444_800_000 })

describe('observe', () => {
  it('moves since exactly when the status changes, whatever is observed', () => {
    fc.assert(
      fc.property(moment, fc.array(fc.tuple(status, moment), { maxLength: 50 }), (start, observations) => {
        let health = healthy(start)
        for (const [seen, now] of observations) {
          const next = observe(seen, now)(health)
          expect(next.status).toBe(seen)
          expect(next.since).toBe(seen === health.status ? health.since : now)
          health = next
        }
      }),
    )
  })

  it('gives the very same value while nothing changes', () => {
    const health = healthy(7)
    expect(observe('Healthy', 99)(health)).toBe(health)
  })

  it('leaves the health it was given as it was', () => {
    const health = Object.freeze(healthy(7))
    expect(observe('HealthyBusy', 99)(health)).toEqual({ status: 'HealthyBusy', since: 99 })
    expect(health).toEqual({ status: 'Healthy', since: 7 })
  })
})

describe('resolve', () => {
  it('prefers forced to custom to automatic', () => {
    fc.assert(
      fc.property(perhaps, perhaps, status, (forced, custom, automatic) => {
        const sources = [forced, custom, O.some(automatic)].filter(O.isSome)
        expect(resolve({ forced, custom, automatic })).toBe(sources[0]?.value)
      }),
    )
  })

  it.each<[O.Option<Status>, O.Option<Status>, Status, Status]>([
    [O.some('Healthy'), O.some('HealthyBusy'), 'HealthyBusy', 'Healthy'],
    [O.none, O.some('HealthyBusy'), 'Healthy', 'HealthyBusy'],
    [O.none, O.none, 'HealthyBusy', 'HealthyBusy'],
  ])('of %j, %j and %s is %s', (forced, custom, automatic, expected) => {
    expect(resolve({ forced, custom, automatic })).toBe(expected)
  })
})

describe('toPing', () => {
  it('tells whole seconds, never a moment that is yet to come', () => {
    fc.assert(
      fc.property(status, moment, (seen, since) => {
        const ping = toPing({ status: seen, since })
        expect(ping.status).toBe(seen)
        expect(Number.isInteger(ping.time_of_last_update)).toBe(true)
        expect(ping.time_of_last_update * 1000).toBeLessThanOrEqual(since)
        expect(ping.time_of_last_update * 1000).toBeGreaterThan(since - 1000)
      }),
    )
  })

  it('has exactly the two members of the contract', () => {
    expect(toPing(healthy(1_999))).toEqual({ status: 'Healthy', time_of_last_update: 1 })
  })
})

describe('isStatus', () => {
  it('knows the two statuses', () => {
    expect(['Healthy', 'HealthyBusy'].every(isStatus)).toBe(true)
  })

  it('refuses everything else', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        fc.pre(value !== 'Healthy' && value !== 'HealthyBusy')
        expect(isStatus(value)).toBe(false)
      }),
    )
    expect(['healthy', 'HEALTHY', 'Healthy ', '', null, ['Healthy']].some(isStatus)).toBe(false)
  })
})
