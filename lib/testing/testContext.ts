/** A context for a unit test: no server, no port, no mock. */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import type { Context } from '../core/Context'
import type { Fields, Level, Log } from '../core/Log'
import { checkOptions, func, object, quantity, type Shape, string, texts } from '../core/OptionCheck'
import { type PlainContext, toPlain } from '../core/PlainContext'
import { header, headers as headersOf } from '../core/Protocol'
import { parseId } from '../core/Session'
import { type Clock, systemClock } from '../node/Clock'
import { memoryStore } from '../http/store/MemoryStore'
import { createSessions } from '../http/session/Sessions'
import { createTasks } from '../http/state/TaskStore'

/** What a test says of its request; everything else is as in a request that says nothing. */
export interface TestContextOptions<S extends object> {
  readonly sessionId?: string
  readonly requestId?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly userId?: string
  readonly workloadAccessToken?: string
  readonly oauth2CallbackUrl?: string
  /** What `provide` would have added. */
  readonly state?: S
  readonly signal?: AbortSignal
  /** Milliseconds since the epoch. */
  readonly deadline?: number
  readonly clock?: Clock
  /** Takes what the handler logs. */
  readonly onLog?: (level: Level, message: string, fields: Fields) => void
}

const shape: Shape<TestContextOptions<never>> = {
  sessionId: string,
  requestId: string,
  headers: texts,
  userId: string,
  workloadAccessToken: string,
  oauth2CallbackUrl: string,
  state: object,
  signal: object,
  deadline: quantity,
  clock: object,
  onLog: func,
}

const lowerCase = (headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))

const toSessionId = (text: string): Context['sessionId'] =>
  pipe(
    parseId(text),
    E.getOrElseW(() => {
      throw new TypeError(`not a session id: ${text}`)
    }),
  )

/**
 * A context for calling a handler in a test, with working tasks, session and log of its own. Throws for an invalid session
 * id.
 *
 * @example
 * ```ts
 * import { Handler } from 'agentcore-fp'
 * import { testContext } from 'agentcore-fp/testing'
 *
 * const hello = Handler.fromSync((_: unknown, { sessionId }) => ({ sessionId }))
 *
 * export const greeted = hello({}, testContext({ sessionId: 's-1' }))
 * ```
 */
export const testContext = <S extends object = {}>(options: TestContextOptions<S> = {}): Context<S> => {
  checkOptions('testContext', shape, options)
  const { clock = systemClock, requestId = 'test-request', signal = new AbortController().signal } = options
  const raw = lowerCase({
    ...options.headers,
    ...(options.userId === undefined ? {} : { [header.userId]: options.userId }),
  })
  const onLog = options.onLog ?? (() => undefined)
  const write =
    (level: Level): Log[Level] =>
    (message, fields = {}) =>
    () =>
      onLog(level, message, fields)
  const log: Log = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
  const sessionId = toSessionId(options.sessionId ?? 'test-session-00000000-0000-4000-8000-000000000000')
  const session = { store: memoryStore(), idleTimeout: 900_000, max: 1000, onEvict: () => undefined }
  const sessions = createSessions({ session: { ...session, policy: 'generate' }, clock }, log)
  const view = headersOf(raw)
  // A test that says nothing of state asks for a context without any, which `{}` is.
  const state = Object.freeze({ ...options.state }) as Readonly<S>
  return Object.freeze({
    sessionId,
    requestId,
    headers: view,
    userId: O.fromNullable(options.userId),
    workloadAccessToken: O.fromNullable(options.workloadAccessToken),
    oauth2CallbackUrl: O.fromNullable(options.oauth2CallbackUrl),
    trace: {
      traceparent: view.get(header.traceparent),
      tracestate: view.get(header.tracestate),
      baggage: view.get(header.baggage),
      xAmznTraceId: view.get(header.xAmznTraceId),
    },
    state,
    signal,
    deadline: O.fromNullable(options.deadline),
    tasks: createTasks({ clock, maxTasks: Infinity }, () => undefined).runner(
      () => () => undefined,
      () => log,
    ),
    session: sessions.access(
      sessionId,
      () => signal,
      () => 0,
    ),
    log,
    request: {
      method: 'POST',
      url: '/invocations',
      path: '/invocations',
      querystring: '',
      ip: '127.0.0.1',
      headers: raw,
      get: (field: string) => raw[field.toLowerCase()] ?? '',
      ctx: { state: {} },
    },
  })
}

/**
 * The same context for a plain function, whose effects happen when called.
 *
 * @example
 * ```ts
 * import type { Context } from 'agentcore-fp/plain'
 * import { plainTestContext } from 'agentcore-fp/testing'
 *
 * const whoAmI = ({ userId = 'nobody' }: Context) => userId
 *
 * export const ann = whoAmI(plainTestContext({ userId: 'ann' })) // 'ann'
 * ```
 */
export const plainTestContext = <S extends object = {}>(options: TestContextOptions<S> = {}): PlainContext<S> =>
  toPlain(testContext(options))
