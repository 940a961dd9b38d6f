/** What the specs of the core stand on: a context, a session and a socket made by hand, without a server. */
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import type { AgentError } from '../../lib/core/AgentError'
import type { Context } from '../../lib/core/Context'
import type { Log } from '../../lib/core/Log'
import { headers } from '../../lib/core/Protocol'
import { type Access, parseId } from '../../lib/core/Session'
import { messages, type Socket } from '../../lib/core/Socket'
import type { Self, TaskRunner, Work } from '../../lib/core/Tasks'

/** The right of an Either that a spec knows to be one. */
export const right = <A>(result: E.Either<unknown, A>): A => {
  if (E.isLeft(result)) throw new Error(`not a right: ${String(result.left)}`)
  return result.right
}

/** The left of an Either that a spec knows to be one. */
export const left = <L>(result: E.Either<L, unknown>): L => {
  if (E.isRight(result)) throw new Error(`not a left: ${String(result.right)}`)
  return result.left
}

/** Waits until what can happen without a timer has happened. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

const silent = () => () => undefined

const log: Log = { debug: silent, info: silent, warn: silent, error: silent }

const self: Self = { id: 1, signal: new AbortController().signal, report: () => () => undefined }

/** The work of a task as what it comes to. */
export const running =
  <A>(work: Work<A>): TE.TaskEither<AgentError, A> =>
  async () => {
    const given = work(self)
    return typeof given === 'function' ? given() : given
  }

const noTasks: TaskRunner = {
  add: () => () => 1,
  report: () => () => false,
  complete: () => () => false,
  fail: () => () => false,
  cancel: () => () => false,
  list: () => [],
  find: () => () => O.none,
  watch: () => ({ [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve({ done: true, value: undefined }) }) }),
  track: () => (work) => running(work),
  fork: () => (work) => () => ({ id: 1, outcome: running(work) }),
}

/** A session that keeps its state in a variable and tells what was done to it. */
export interface FakeSession {
  readonly access: Access
  readonly saved: ReadonlyArray<unknown>
  /** How often the lock was taken, and how often given back. */
  readonly locked: () => number
  readonly released: () => number
}

/** A session with a state, whose steps may fail. */
export const fakeSession = (
  stored: O.Option<unknown> = O.none,
  failing: Readonly<Partial<Record<'load' | 'save' | 'lock', AgentError>>> = {},
): FakeSession => {
  const saved: Array<unknown> = []
  let [locked, released] = [0, 0]
  const access: Access = {
    load: failing.load === undefined ? TE.right(stored) : TE.left(failing.load),
    save: (state) => async () => {
      if (failing.save !== undefined) return E.left(failing.save)
      saved.push(state)
      return E.right(undefined)
    },
    clear: TE.right(undefined),
    lock: async () => {
      if (failing.lock !== undefined) return E.left(failing.lock)
      locked += 1
      return E.right(() => {
        released += 1
      })
    },
    cancel: () => 0,
  }
  return { access, saved, locked: () => locked, released: () => released }
}

/** A context with the given state, and whatever else a spec wants in it. */
export const fakeContext = <S extends object>(state: S, other: Partial<Context> = {}): Context<S> => ({
  sessionId: right(parseId('session-1')),
  requestId: 'request-1',
  headers: headers({}),
  userId: O.none,
  workloadAccessToken: O.none,
  oauth2CallbackUrl: O.none,
  trace: { traceparent: O.none, tracestate: O.none, baggage: O.none, xAmznTraceId: O.none },
  signal: new AbortController().signal,
  deadline: O.none,
  tasks: noTasks,
  session: fakeSession().access,
  log,
  request: fakeRequest({}),
  ...other,
  state,
})

/** A request whose middleware has left the given state. */
export const fakeRequest = (state: Readonly<Record<string, unknown>>): Context['request'] => ({
  method: 'POST',
  url: '/invocations',
  path: '/invocations',
  querystring: '',
  ip: '127.0.0.1',
  headers: {},
  get: () => '',
  ctx: { state },
})

/** A socket whose peer is the spec. */
export interface FakeSocket<In, Says> {
  readonly socket: Socket<In, Says>
  readonly sent: ReadonlyArray<Says>
  /** The peer says something. */
  readonly say: (message: In) => void
  /** What the peer said could not be read. */
  readonly garble: (error: AgentError) => void
  readonly hangUp: () => void
}

/** A socket whose sends succeed unless told otherwise. */
export const fakeSocket = <In = unknown, Says = unknown>(
  send: (message: Says) => TE.TaskEither<AgentError, void> = () => TE.right(undefined),
): FakeSocket<In, Says> => {
  type Received = E.Either<AgentError, O.Option<In>>
  const sent: Array<Says> = []
  const arrived: Array<Received> = []
  const waiting: Array<(received: Received) => void> = []
  const arrive = (received: Received): void => {
    const next = waiting.shift()
    if (next === undefined) arrived.push(received)
    else next(received)
  }
  const receive = (): Promise<Received> =>
    new Promise((resolve) => {
      const next = arrived.shift()
      if (next === undefined) waiting.push(resolve)
      else resolve(next)
    })
  return {
    socket: {
      send: (message) => async () => {
        const result = await send(message)()
        if (E.isRight(result)) sent.push(message)
        return result
      },
      receive,
      messages: messages(receive),
      close: () => () => undefined,
      protocol: O.none,
    },
    sent,
    say: (message) => arrive(E.right(O.some(message))),
    garble: (error) => arrive(E.left(error)),
    hangUp: () => arrive(E.right(O.none)),
  }
}

/** All that a source gives, pulled to its end. */
export const drain = async (source: unknown): Promise<ReadonlyArray<unknown>> => {
  const values: Array<unknown> = []
  for await (const value of source as AsyncIterable<unknown> | Iterable<unknown>) values.push(value)
  return values
}
