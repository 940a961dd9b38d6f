/** The session of a request for plain functions: promises of the state itself, which throw. */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import { invalidState } from './AgentError'
import { decode, encodeState, type StateCodec } from './Codec'
import { orThrow } from './EitherThrow'
import type { Access } from './Session'

/** The state of the current session: `context.session`. */
export interface PlainSession {
  readonly load: {
    /** The encoded state; `undefined` before the first save and after expiry. */
    (): Promise<unknown>
    /** The state as a codec decodes it. Throws `InvalidState` if it rejects what was saved. */
    <S>(codec: StateCodec<S>): Promise<S | undefined>
  }
  readonly save: {
    /** Saves a JSON value. */
    (state: unknown): Promise<void>
    /** Saves a state as a codec encodes it. Throws `InvalidState` if a schema rejects it. */
    <S>(state: NoInfer<S>, codec: StateCodec<S>): Promise<void>
  }
  readonly clear: () => Promise<void>
  /**
   * Waits until no one else holds the session's lock; returns its release. Throws `Cancelled` if the client disconnects
   * first.
   */
  readonly lock: () => Promise<() => void>
  /**
   * Cancels the session's other invocations in flight, like a stop button: their `signal` aborts, and their clients get
   * `INTERRUPTED`. Returns how many. WebSockets and tasks continue.
   */
  readonly cancel: () => number
}

/** A session as plain functions see it. */
export const toPlainSession = (session: Access): PlainSession => ({
  load: loading(session),
  save: async (state: unknown, codec?: StateCodec<unknown>) => {
    const encoded =
      codec === undefined ? E.right(state) : pipe(await encodeState(codec)(state), E.mapLeft(invalidState))
    orThrow(await session.save(orThrow(encoded))())
  },
  clear: async () => orThrow(await session.clear()),
  lock: async () => orThrow(await session.lock()),
  cancel: () => session.cancel(),
})

const loading = (session: Access): PlainSession['load'] => {
  async function load(): Promise<unknown>
  async function load<S>(codec: StateCodec<S>): Promise<S | undefined>
  async function load(codec?: StateCodec<unknown>): Promise<unknown> {
    const loaded = orThrow(await session.load())
    if (O.isNone(loaded)) return undefined
    return codec === undefined
      ? loaded.value
      : orThrow(pipe(await decode(codec)(loaded.value), E.mapLeft(invalidState)))
  }
  return load
}
