/** The cells of one app, made together: everything in it that changes. */
import { randomUUID } from 'node:crypto'
import type { IO } from 'fp-ts/IO'
import type * as O from 'fp-ts/Option'
import type { PingHandler } from '../core/Agent'
import { localRuntime } from '../core/Protocol'
import * as Tasks from '../core/Tasks'
import { ambient, type Ambient } from './Ambient'
import { type Calls, createCalls } from './Calls'
import { createHealth, type HealthCell } from './HealthCell'
import { type Logs, logs as createLogs } from './LogWriter'
import { type Options, settings as settingsOf, type Settings } from './Options'
import { createSessions, type Sessions } from './Sessions'
import { createTasks, type TaskCell } from './TaskCell'

/** What the parts of an app share. */
export interface Runtime {
  readonly settings: Settings
  readonly logs: Logs
  readonly sessions: Sessions
  readonly taskCell: TaskCell
  readonly health: HealthCell
  /** Header fields that `/ping` carries beside its status: none but under the local runtime. */
  readonly pingHeaders: IO<Readonly<Record<string, string>>>
  readonly ambient: Ambient
  /** Requests, streams and sockets that are not finished. */
  readonly calls: Calls
  /** Whether the server is shutting down. */
  readonly isStopping: IO<boolean>
  /** Whether it is from here on. */
  readonly setStopping: (isStopping: boolean) => void
  /** Open streams and sockets, for `busyWhileOpen`. */
  readonly open: Open
}

/** How many streams and sockets are open. */
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

const pingHeadersOf = (taskCell: TaskCell): Runtime['pingHeaders'] =>
  process.env[localRuntime.variable] === '1'
    ? () => ({ [localRuntime.tasksHeader]: String(taskCell.tasks().running.size) })
    : () => noHeaders

/** A random UUID as one piece: as Node gives it, it is joined of twenty, which are kept for as long as it is. */
const newId = (): string => Buffer.from(randomUUID(), 'latin1').toString('latin1')

/** The runtime of an app with the given options. */
export const createRuntime = (options: Options, ping: O.Option<PingHandler>): Runtime => {
  const settings = settingsOf(options, newId)
  const logs = createLogs(settings.log, settings.clock)
  const log = logs()
  const taskCell = createTasks(settings.clock, () => health.refresh())
  const open = createOpen(() => settings.busyWhileOpen && health.refresh())
  const automatic = (): 'Healthy' | 'HealthyBusy' =>
    settings.busyWhileOpen && open.count() > 0 ? 'HealthyBusy' : Tasks.status(taskCell.tasks())
  const health: HealthCell = createHealth(ping, automatic, settings, (cause) =>
    log.warn('The custom ping handler was passed over', { error: cause })(),
  )
  const sessions = createSessions(settings, log)
  let isStopping = false
  let isWarned = false
  const warnOfCurrent = (): void => {
    if (!isWarned) log.warn('app.current needs the option asyncLocalStorage: true')()
    isWarned = true
  }
  return {
    settings,
    logs,
    sessions,
    taskCell,
    health,
    pingHeaders: pingHeadersOf(taskCell),
    ambient: ambient(settings.asyncLocalStorage, warnOfCurrent),
    calls: createCalls(),
    isStopping: () => isStopping,
    setStopping: (is) => {
      isStopping = is
    },
    open,
  }
}
