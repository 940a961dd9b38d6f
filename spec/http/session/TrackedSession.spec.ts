import * as fc from 'fast-check'
import { isExpired, type Seen } from '../../../lib/core/Session'
import {
  step,
  toPlace,
  type TrackedSession,
  type TrackEvent,
  untracked,
} from '../../../lib/http/session/TrackedSession'

const timeout = 100
const next = step(timeout)

const seen: fc.Arbitrary<Seen> = fc.record({
  savedAt: fc.nat({ max: 400 }),
  version: fc.constantFrom(undefined, 'a', 'b'),
})

const now = fc.nat({ max: 400 })

const event: fc.Arbitrary<TrackEvent> = fc.oneof(
  fc.record({ _tag: fc.constant('Entered' as const), now }),
  fc.record({ _tag: fc.constant('Left' as const), now }),
  fc.record({ _tag: fc.constant('Loaded' as const), wall: now, seen: fc.option(seen, { nil: undefined }) }),
  fc.constant<TrackEvent>({ _tag: 'Saving' }),
  fc.record({ _tag: fc.constant('Saved' as const), seen }),
  fc.record({ _tag: fc.constant('Admitted' as const), seen: fc.option(seen, { nil: undefined }) }),
  fc.constant<TrackEvent>({ _tag: 'Cleared' }),
  fc.record({ _tag: fc.constant('Due' as const), now }),
  fc.constant<TrackEvent>({ _tag: 'Evicted' }),
)

const after = (events: ReadonlyArray<TrackEvent>): TrackedSession =>
  events.reduce((state, happened) => next(state, happened)[0], untracked(0))

/** A state that can be reached, and an event that may come then. */
const moment = fc.tuple(fc.array(event, { maxLength: 30 }).map(after), event)

const dropsOf = (state: TrackedSession, happened: TrackEvent) =>
  next(state, happened)[1].flatMap((command) => (command._tag === 'Drop' ? [command] : []))

const holds = (law: (state: TrackedSession, happened: TrackEvent) => void): void =>
  fc.assert(
    fc.property(moment, ([state, happened]) => law(state, happened)),
    { numRuns: 1000 },
  )

describe('a tracked session', () => {
  it('counts its users', () => {
    fc.assert(
      fc.property(fc.array(event), (events) => {
        const users = events.reduce(
          (count, { _tag }) => (_tag === 'Entered' ? count + 1 : _tag === 'Left' ? Math.max(0, count - 1) : count),
          0,
        )
        expect(after(events).users).toBe(users)
      }),
    )
  })

  it('is never evicted and never expires while it is in use', () =>
    holds((state, happened) => {
      if (state.users > 0 && happened._tag !== 'Loaded') expect(dropsOf(state, happened)).toEqual([])
    }))

  it('expires exactly when it has state and nobody has used it for the timeout', () =>
    holds((state, happened) => {
      if (happened._tag !== 'Due' && happened._tag !== 'Entered') return
      const isOver = state.isKept && isExpired(happened.now, timeout)(state)
      expect(dropsOf(state, happened).map(({ why }) => why)).toEqual(isOver ? ['expired'] : [])
    }))

  it('gains state only where there is room, and loses it by a drop or because the store has none', () =>
    holds((state, happened) => {
      const [reached] = next(state, happened)
      if (!state.isKept && reached.isKept) expect(happened._tag).toBe('Admitted')
      if (!state.isKept || reached.isKept) return
      const isEmpty = happened._tag === 'Cleared' || (happened._tag === 'Loaded' && happened.seen === undefined)
      expect(dropsOf(state, happened)).toHaveLength(isEmpty ? 0 : 1)
    }))

  it('asks for room exactly when it has no state and gets one', () =>
    holds((state, happened) => {
      const asked = next(state, happened)[1].filter(({ _tag }) => _tag === 'Admit')
      const isStale =
        happened._tag === 'Loaded' &&
        (happened.seen === undefined ||
          isExpired(happened.wall, timeout)({ users: 0, lastUsed: happened.seen.savedAt }))
      const gains = happened._tag === 'Saving' || happened._tag === 'Saved' || happened._tag === 'Loaded'
      expect(asked).toHaveLength(gains && !state.isKept && !isStale ? 1 : 0)
    }))

  it('is dropped with what was last seen of it in the store, and forgets that', () =>
    holds((state, happened) => {
      const [drop] = dropsOf(state, happened)
      if (drop === undefined) return
      const [{ savedAt, version, isKept }] = next(state, happened)
      expect({ savedAt, version, isKept }).toEqual({ savedAt: -1, version: undefined, isKept: false })
      const last: Seen = happened._tag === 'Loaded' && happened.seen !== undefined ? happened.seen : state
      expect(drop.wasKept).toBe(state.isKept)
      // No more than that: a user's store is given it.
      expect(drop.seen).toStrictEqual(last.savedAt < 0 ? undefined : { savedAt: last.savedAt, version: last.version })
    }))

  it('sees what was last saved or loaded', () =>
    holds((state, happened) => {
      const given = 'seen' in happened ? happened.seen : undefined
      const [{ isKept, savedAt, version }, commands] = next(state, happened)
      if (given === undefined || !isKept || commands.length > 0) return
      expect({ savedAt, version }).toEqual({ savedAt: given.savedAt, version: given.version })
    }))

  it('need not be tracked exactly when it is neither in use nor has state', () =>
    holds((state) => {
      expect(toPlace(state)).toBe(state.users > 0 ? 'InUse' : state.isKept ? 'Idle' : 'Gone')
    }))

  it('has one shape in memory, whatever has happened to it', () =>
    holds((state, happened) => {
      expect(Object.keys(next(state, happened)[0])).toEqual(Object.keys(untracked(0)))
    }))
})
