import * as fc from 'fast-check'
import * as O from 'fp-ts/Option'
import { type Lifecycle, toLifecycle } from '../../../lib/core/Lifecycle'
import {
  admission,
  due,
  enter,
  idleSince,
  isBusy,
  type Kind,
  leave,
  type Life,
  missedPing,
  missesAllowed,
  ready,
  reported,
  starting,
  stopping,
  touch,
} from '../../../lib/local/session/SessionLife'

const lifecycle: Lifecycle = { idleRuntimeSessionTimeout: 900, maxLifetime: 28_800 }

type Step =
  | { readonly do: 'ready' | 'touch' | 'missed' | 'stop' }
  | { readonly do: 'enter' | 'leave'; readonly kind: Kind }
  | { readonly do: 'report'; readonly isBusy: boolean; readonly told: number | undefined }

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('ready' as const, 'touch' as const, 'missed' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('enter' as const, 'leave' as const),
      kind: fc.constantFrom<Kind>('inFlight', 'sockets', 'look'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('report' as const),
      isBusy: fc.boolean(),
      told: fc.option(fc.nat(40_000_000), { nil: undefined }),
    }),
  },
)

const taken =
  (now: number, made: Step) =>
  (life: Life): Life => {
    switch (made.do) {
      case 'ready':
        return ready(now)(life)
      case 'touch':
        return touch(now)(life)
      case 'missed':
        return missedPing(life)
      case 'stop':
        return stopping(now, 'asked')(life)
      case 'enter':
        return enter(now, made.kind)(life)
      case 'leave':
        return leave(now, made.kind)(life)
      case 'report':
        return reported(now, {
          status: made.isBusy ? 'HealthyBusy' : 'Healthy',
          updatedAt: O.fromNullable(made.told),
          tasks: O.none,
        })(life)
    }
  }

/** A life that has gone through steps, each a while after the one before, and the moment of the last. */
const lived = fc.array(fc.tuple(fc.nat(2_000_000), step), { maxLength: 30 }).map((steps) =>
  steps.reduce(({ now, life }, [pause, made]) => ({ now: now + pause, life: taken(now + pause, made)(life) }), {
    now: 0,
    life: ready(0)(starting(0)),
  }),
)

describe('the life of a session', () => {
  it('never ends by idleness while an invocation runs', () =>
    fc.assert(
      fc.property(lived, fc.nat(100_000_000), ({ now, life }, later) => {
        const held = enter(now, 'inFlight')(life)
        expect(due(now + later, { ...lifecycle, maxLifetime: Infinity })(held)).toEqual(O.none)
      }),
    ))

  it('is held by HealthyBusy', () =>
    fc.assert(
      fc.property(lived, fc.nat(100_000_000), ({ now, life }, later) => {
        const held = reported(now, { status: 'HealthyBusy', updatedAt: O.none, tasks: O.none })(life)
        expect(due(now + later, { ...lifecycle, maxLifetime: Infinity })(held)).toEqual(O.none)
      }),
    ))

  it('always ends with its lifetime, whatever runs', () =>
    fc.assert(
      fc.property(lived, fc.nat(100_000_000), ({ now, life }, later) => {
        const used = enter(now, 'inFlight')(life)
        const end = Math.max(now, lifecycle.maxLifetime * 1000) + later
        expect(due(end, lifecycle)(used)).toEqual(O.some('maxLifetime'))
      }),
    ))

  it('ends by idleness exactly when nothing has held it for that long', () =>
    fc.assert(
      fc.property(lived, ({ now, life }) => {
        if (life._tag !== 'Ready' || life.inFlight > 0 || isBusy(life)) return
        const endless = { ...lifecycle, maxLifetime: Infinity }
        const end = idleSince(life) + lifecycle.idleRuntimeSessionTimeout * 1000
        expect(due(end - 1, endless)(life)).toEqual(O.none)
        expect(due(end, endless)(life)).toEqual(O.some('idle'))
        expect(idleSince(life)).toBeLessThanOrEqual(now)
      }),
    ))

  it('gives back every use: as many leaves as enters hold nothing', () =>
    fc.assert(
      fc.property(fc.array(fc.constantFrom<Kind>('inFlight', 'sockets')), (kinds) => {
        const all = kinds.reduce((life, kind) => enter(1, kind)(life), ready(0)(starting(0)))
        const none = kinds.reduce((life, kind) => leave(2, kind)(life), all)
        expect(none).toMatchObject({ inFlight: 0, sockets: 0 })
      }),
    ))

  it('takes an invocation only when it is ready, and begins only when there is none', () => {
    const life = ready(1)(starting(0))
    expect(admission(undefined)).toBe('Start')
    expect(admission(starting(0))).toBe('Conflict')
    expect(admission(life)).toBe('Enter')
    expect(admission(stopping(2, 'idle')(life))).toBe('Conflict')
  })

  it('is total: nothing but its agent ends a start, and nothing revives what stops', () =>
    fc.assert(
      fc.property(step, (made) => {
        const stopped = stopping(5, 'asked')(ready(1)(starting(0)))
        expect(taken(9, made)(stopped)).toBe(stopped)
        if (made.do !== 'ready') expect(taken(9, made)(starting(0))).toEqual(starting(0))
      }),
    ))

  it('is held by a busy agent that misses a ping, and no longer by one that misses several', () => {
    const busy = reported(1, { status: 'HealthyBusy', updatedAt: O.none, tasks: O.none })(ready(0)(starting(0)))
    const missed = (times: number): Life => Array.from({ length: times }).reduce<Life>((life) => missedPing(life), busy)
    expect(due(10_000_000, lifecycle)(missed(missesAllowed - 1))).toEqual(O.none)
    expect(due(10_000_000, lifecycle)(missed(missesAllowed))).toEqual(O.some('idle'))
  })

  it('becomes idle never, as in the cloud, where the agent says with each ping that its status is new', () => {
    const life = reported(5_000_000, { status: 'Healthy', updatedAt: O.some(5_000_000), tasks: O.none })(
      ready(0)(starting(0)),
    )
    expect(due(5_000_001, lifecycle)(life)).toEqual(O.none)
  })

  it('is not longer idle for a moment to come', () => {
    const life = reported(1000, { status: 'Healthy', updatedAt: O.some(9e15), tasks: O.none })(ready(0)(starting(0)))
    expect(life).toMatchObject({ statusSince: 1000 })
  })
})

describe('a lifecycle', () => {
  it.each([
    [{}, { idleRuntimeSessionTimeout: 900, maxLifetime: 28_800 }],
    [{ maxLifetime: 600 }, { idleRuntimeSessionTimeout: 600, maxLifetime: 600 }],
    [{ maxLifetime: 3600 }, { idleRuntimeSessionTimeout: 900, maxLifetime: 3600 }],
    [{ idleRuntimeSessionTimeout: 60 }, { idleRuntimeSessionTimeout: 60, maxLifetime: 28_800 }],
  ])('of %j is %j', (given, meant) => {
    expect(toLifecycle(given)).toEqual(meant)
  })
})
