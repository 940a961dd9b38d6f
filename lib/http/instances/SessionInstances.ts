/**
 * Instances of what lives with sessions, such as browsers and connections: at most one a session. One whose session
 * nobody uses is disposed when it is idle, or when another session needs its place, the least recently used first.
 */
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import type { TaskEither } from 'fp-ts/TaskEither'
import { type AgentError, fromUnknown, tooManySessions } from '../../core/AgentError'
import type { SessionId } from '../../core/Session'
import { type Clock, steady } from '../../node/Clock'

/** The instances of an app. */
export interface SessionInstances<A> {
  /** That of the session, made if it has none. Left `TooManySessions`, and that of `make`, which runs again next time. */
  readonly get: (id: SessionId, make: TaskEither<AgentError, A>) => Promise<E.Either<AgentError, A>>
  /** The session is no longer in use. */
  readonly release: (id: SessionId) => void
  /** Disposes all of them, and resolves when none is left. */
  readonly disposeAll: () => Promise<void>
}

/** What instances depend on. Times are milliseconds. */
export interface InstanceSettings<A> {
  readonly max: number
  readonly idleTimeout: number
  readonly dispose: (instance: A, id: SessionId) => Promise<unknown>
  readonly isInUse: (id: SessionId) => boolean
  readonly clock: Clock
  /** Reports what `dispose` threw, which nobody else sees. */
  readonly report: (cause: unknown) => void
}

interface Entry<A> {
  readonly made: Promise<E.Either<AgentError, A>>
  lastUsed: number
}

/** No instances yet. */
export const createSessionInstances = <A>(settings: InstanceSettings<A>): SessionInstances<A> => {
  const { max, idleTimeout, dispose, isInUse, clock, report } = settings
  const now = steady(clock)
  const entries = new Map<SessionId, Entry<A>>() // least recently used first
  const disposals = new Map<SessionId, Promise<void>>()
  let cancelTimer: (() => void) | undefined

  const end = (id: SessionId, { made }: Entry<A>): void => {
    entries.delete(id)
    const disposal = made
      .then(async (outcome) => {
        if (E.isRight(outcome)) await dispose(outcome.right, id)
      })
      .catch(report)
      .then(() => {
        if (disposals.get(id) === disposal) disposals.delete(id)
      })
    disposals.set(id, disposal)
  }

  const findUnused = (): O.Option<readonly [SessionId, Entry<A>]> => {
    for (const pair of entries) if (!isInUse(pair[0])) return O.some(pair)
    return O.none
  }

  const makeRoom = (): boolean => {
    if (entries.size < max) return true
    const unused = findUnused()
    if (O.isSome(unused)) end(...unused.value)
    return O.isSome(unused)
  }

  /** As the most recently used. */
  const touch = (id: SessionId, entry: Entry<A>): void => {
    entry.lastUsed = now()
    entries.delete(id)
    entries.set(id, entry)
  }

  const expire = (): void => {
    cancelTimer = undefined
    const at = now()
    for (const [id, entry] of entries) {
      if (isInUse(id)) continue
      if (at - entry.lastUsed < idleTimeout) break
      end(id, entry)
    }
    arm()
  }

  const arm = (): void => {
    if (entries.size === 0) return
    const unused = findUnused()
    const left = O.isSome(unused) ? unused.value[1].lastUsed + idleTimeout - now() : idleTimeout
    cancelTimer ??= clock.after(Math.max(1, left), expire)
  }

  /** After the disposal of an earlier one of the session, which may hold what the new one needs. */
  const start = async (
    id: SessionId,
    make: TaskEither<AgentError, A>,
    entry: () => Entry<A>,
  ): Promise<E.Either<AgentError, A>> => {
    await disposals.get(id)
    const outcome = await attempt(make)
    if (E.isLeft(outcome) && entries.get(id) === entry()) entries.delete(id)
    return outcome
  }

  return {
    get: (id, make) => {
      const known = entries.get(id)
      if (known !== undefined) {
        touch(id, known)
        return known.made
      }
      if (!makeRoom()) return Promise.resolve(E.left(tooManySessions(max)))
      const entry: Entry<A> = { made: start(id, make, () => entry), lastUsed: now() }
      entries.set(id, entry)
      arm()
      return entry.made
    },
    release: (id) => {
      const entry = entries.get(id)
      if (entry !== undefined) touch(id, entry)
    },
    disposeAll: async () => {
      cancelTimer?.()
      cancelTimer = undefined
      for (const [id, entry] of entries) end(id, entry)
      await Promise.all(disposals.values())
    },
  }
}

const attempt = async <A>(make: TaskEither<AgentError, A>): Promise<E.Either<AgentError, A>> => {
  try {
    return await make()
  } catch (cause) {
    return E.left(fromUnknown(cause))
  }
}
