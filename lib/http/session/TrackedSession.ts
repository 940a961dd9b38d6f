/**
 * A session as a state machine, while it is in use or has state: every event yields the next state and commands. Pure:
 * `SessionTable` interprets it.
 */
import { enter, isExpired, leave, type Seen, type Use } from '../../core/Session'
import type { Eviction } from '../state/Options'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

export interface TrackedSession extends Use {
  /** Whether it has state. */
  readonly isKept: boolean
  /** What this app last loaded or saved: the time, negative before that, and the version. */
  readonly savedAt: number
  readonly version: string | undefined
}

/** An event of a session. `now` is on the monotonic clock, `wall` on that of saves, both in milliseconds. */
export type TrackEvent =
  /** A request, task or store operation starts to use it. */
  | { readonly _tag: 'Entered'; readonly now: number }
  | { readonly _tag: 'Left'; readonly now: number }
  /** The store has been asked for its state. */
  | { readonly _tag: 'Loaded'; readonly wall: number; readonly seen: Seen | undefined }
  /** Its state is about to be saved. */
  | { readonly _tag: 'Saving' }
  | { readonly _tag: 'Saved'; readonly seen: Seen }
  /** There is room for its state. */
  | { readonly _tag: 'Admitted'; readonly seen: Seen | undefined }
  | { readonly _tag: 'Cleared' }
  /** It may be expired. */
  | { readonly _tag: 'Due'; readonly now: number }
  /** Another session needs its room. */
  | { readonly _tag: 'Evicted' }

export type TrackCommand =
  /** Makes room for its state, then `Admitted`; fails if all sessions with state are in use. */
  { readonly _tag: 'Admit'; readonly seen: Seen | undefined } | Drop

/** Removes its state from the store, unless another app has saved it since. */
export interface Drop {
  readonly _tag: 'Drop'
  readonly why: Eviction
  /** What this app has seen of it; undefined if the store has nothing that this app knows of. */
  readonly seen: Seen | undefined
  /** Whether this app had its state. If not, several apps may find it expired at the same time. */
  readonly wasKept: boolean
}

type Commands = ReadonlyArray<TrackCommand>

type Step = readonly [TrackedSession, Commands]

// ---------------------------------------------------------------------------------------------------------------------
// transitions
// ---------------------------------------------------------------------------------------------------------------------

/** The next state and commands of an event. A session in use is never dropped. */
export const step =
  (idleTimeout: number) =>
  (state: TrackedSession, event: TrackEvent): Step => {
    switch (event._tag) {
      case 'Entered':
        return onEntered(idleTimeout, state, event.now)
      case 'Left':
        return [withUse(state, leave(event.now)(state)), none]
      case 'Loaded':
        return onLoaded(idleTimeout, state, event.wall, event.seen)
      case 'Saving':
        return [state, state.isKept ? none : admitUnseen]
      case 'Saved':
        return state.isKept ? [keeping(state, event.seen), none] : [state, [{ _tag: 'Admit', seen: event.seen }]]
      case 'Admitted':
        return [keeping(state, event.seen ?? state), none]
      case 'Cleared':
        return [withoutState(state), none]
      case 'Due':
        return state.isKept && isExpired(event.now, idleTimeout)(state) ? dropped(state, 'expired') : [state, none]
      case 'Evicted':
        return state.isKept && state.users === 0 ? dropped(state, 'evicted') : [state, none]
    }
  }

const none: Commands = []

const admitUnseen: Commands = [{ _tag: 'Admit', seen: undefined }]

/** State that has expired while its session was not in use is dropped first, so that the new user starts without it. */
const onEntered = (idleTimeout: number, state: TrackedSession, now: number): Step => {
  const [fresh, commands]: Step =
    state.isKept && isExpired(now, idleTimeout)(state) ? dropped(state, 'expired') : [state, none]
  return [withUse(fresh, enter(now)(fresh)), commands]
}

/** The expiry of state saved by another process counts from its save; that of this process from its last use. */
const onLoaded = (idleTimeout: number, state: TrackedSession, wall: number, seen: Seen | undefined): Step => {
  if (seen === undefined) return [withoutState(state), none]
  if (state.isKept) return [keeping(state, seen), none]
  return isExpired(wall, idleTimeout)({ users: 0, lastUsed: seen.savedAt })
    ? dropped(state, 'expired', seen)
    : [state, [{ _tag: 'Admit', seen }]]
}

const dropped = (state: TrackedSession, why: Eviction, { savedAt, version }: Seen = state): Step => [
  withoutState(state),
  [{ _tag: 'Drop', why, seen: savedAt < 0 ? undefined : { savedAt, version }, wasKept: state.isKept }],
]

// Written out, since an object created by spreading takes twice the memory: a server tracks up to a million of them.

const withUse = ({ isKept, savedAt, version }: TrackedSession, { users, lastUsed }: Use): TrackedSession => ({
  users,
  lastUsed,
  isKept,
  savedAt,
  version,
})

const keeping = ({ users, lastUsed }: Use, { savedAt, version }: Seen): TrackedSession => ({
  users,
  lastUsed,
  isKept: true,
  savedAt,
  version,
})

const withoutState = ({ users, lastUsed }: TrackedSession): TrackedSession => ({
  users,
  lastUsed,
  isKept: false,
  savedAt: unseen,
  version: undefined,
})

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

const unseen = -1

/** A session that is neither in use nor has state. */
export const untracked = (now: number): TrackedSession => ({
  users: 0,
  lastUsed: now,
  isKept: false,
  savedAt: unseen,
  version: undefined,
})

// ---------------------------------------------------------------------------------------------------------------------
// destructors
// ---------------------------------------------------------------------------------------------------------------------

/** Whether it is in use, has state without being in use, or need not be tracked any longer. */
export const toPlace = ({ users, isKept }: TrackedSession): 'InUse' | 'Idle' | 'Gone' =>
  users > 0 ? 'InUse' : isKept ? 'Idle' : 'Gone'
