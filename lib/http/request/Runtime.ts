/** The mutable state of one app, created together. */
import type { IO } from 'fp-ts/IO'
import type * as O from 'fp-ts/Option'
import type { PingHandler } from '../../core/Agent'
import type { AgentError } from '../../core/AgentError'
import { type Budget, budget } from '../../node/Budget'
import type { Status } from '../../core/Health'
import { localRuntime } from '../../core/Protocol'
import { ambient, type Ambient } from '../state/CurrentContext'
import { createInFlight, type InFlight } from './InFlight'
import { createHealth, type HealthCell } from '../state/HealthStore'
import { guardStandardStreams } from '../log/LogLoss'
import { createLogs, type Logs } from '../log/LogWriter'
import { type Options, settings as settingsOf, type Settings } from '../state/Options'
import { type Answer, fromError } from '../response/WireResponse'
import { createSessions, type Sessions } from '../session/Sessions'
import { type Report, safeHook } from '../state/Supplied'
import { type EffectWatch, isDevelopment, watchEffects } from '../state/UnrunEffects'
import { createTasks, type TaskCell } from '../state/TaskStore'

/** What the parts of an app share. */
export interface Runtime {
  readonly settings: Settings
  readonly logs: Logs
  readonly sessions: Sessions
  /** The memory budget of all request bodies. */
  readonly bodies: Budget
  readonly taskCell: TaskCell
  readonly health: HealthCell
  /** Headers that `/ping` adds to its response: none, except under the local runtime. */
  readonly pingHeaders: IO<Readonly<Record<string, string>>>
  readonly ambient: Ambient
  /** The registry of requests, streams and WebSockets in flight. */
  readonly inFlight: InFlight
  /** Whether the server is shutting down. */
  readonly isStopping: IO<boolean>
  /** Marks the server as shutting down. */
  readonly setStopping: (isStopping: boolean) => void
  /** The response for a failure, with the id by which the log knows the request. */
  readonly failure: (requestId: string, headers?: Readonly<Record<string, string>>) => (error: AgentError) => Answer
  /** Open streams and WebSockets, for `busyWhileOpen`. */
  readonly open: Open
  /** What is to end after all requests when the app stops. Each resolves when it has ended. */
  readonly atStop: Array<() => Promise<void>>
  /** Finds effects that handlers made and never ran; `undefined` unless in development. */
  readonly effects: EffectWatch | undefined
}

/** Counts open streams and WebSockets. */
export interface Open {
  readonly enter: IO<void>
  readonly leave: IO<void>
  readonly count: () => number
}

const createOpen = (onChange: () => void): Open => {
  let count = 0
  return {
    enter: () => {
      count += 1
      onChange()
    },
    leave: () => {
      count -= 1
      onChange()
    },
    count: () => count,
  }
}

const noHeaders: Readonly<Record<string, string>> = {}

const toPingHeaders = (taskCell: TaskCell): Runtime['pingHeaders'] =>
  process.env[localRuntime.variable] === '1'
    ? () => ({ [localRuntime.tasksHeader]: String(taskCell.running()) })
    : () => noHeaders

/** Wraps a hook: what it throws must not fail the session. */
const withSafeHook = ({ session, ...settings }: Settings, report: Report): Settings => ({
  ...settings,
  session: { ...session, onEvict: safeHook(session.onEvict, report) },
})

/** The runtime of an app with the given options. */
export const createRuntime = (options: Options, ping: O.Option<PingHandler>): Runtime => {
  const settings = settingsOf(options)
  if (settings.log.level !== 'silent') guardStandardStreams()
  const logs = createLogs(settings.log, settings.clock)
  const log = logs()
  const taskCell = createTasks(settings, () => health.refresh())
  const open = createOpen(() => settings.busyWhileOpen && health.refresh())
  const automatic = (): Status =>
    taskCell.running() > 0 || (settings.busyWhileOpen && open.count() > 0) ? 'HealthyBusy' : 'Healthy'
  const health: HealthCell = createHealth(ping, automatic, settings, (cause) =>
    log.warn('The custom ping handler was ignored', { error: cause })(),
  )
  const report = (cause: unknown): void => log.error('A hook of the options failed', { error: cause })()
  const sessions = createSessions(withSafeHook(settings, report), log)
  let isStopping = false
  let isWarned = false
  const warnOfCurrent = (): void => {
    if (!isWarned) log.warn('app.current requires the option asyncLocalStorage: true')()
    isWarned = true
  }
  return {
    settings,
    logs,
    sessions,
    bodies: budget(settings.maxBuffered),
    taskCell,
    health,
    pingHeaders: toPingHeaders(taskCell),
    ambient: ambient(settings.asyncLocalStorage, warnOfCurrent),
    inFlight: createInFlight(),
    isStopping: () => isStopping,
    setStopping: (is) => {
      isStopping = is
    },
    failure: (requestId, headers) => (error) => fromError(error, requestId, settings.reveals, headers),
    open,
    atStop: [],
    effects: isDevelopment(process.env) ? watchEffects() : undefined,
  }
}
