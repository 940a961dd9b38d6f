/** What `agentcore dev` tells, in words. */
import { constants } from 'node:os'
import { type BuildError, explain } from '../bundler/BuildError'
import { remarks } from '../bundler/Bundle'
import { formatBytes, formatDuration } from '../terminal/Progress'
import type { Style } from '../program/Style'
import type { Compiled } from './watch/Compile'
import { type InspectorAddress, isLocal } from './state/InspectorAddress'
import type { DevPlan } from './state/DevPlan'
import type { Exit } from './server/DevServer'

/** Words about a failed build, the places that the compiler names below them. */
export const describeBuild =
  (error: BuildError, isKept: boolean) =>
  ({ red, dim }: Style): string => {
    const { message, details } = explain(error)
    const state = isKept ? 'The last working version keeps serving' : 'Nothing is serving until this is fixed'
    return [red(message), ...details, dim(state)].join('\n')
  }

/** How a process ended, and what that means where it is known. */
export const describeExit = ({ code, signal }: Exit): string => {
  if (signal !== null) {
    const number = constants.signals[signal]
    return signal === 'SIGKILL'
      ? 'was killed (SIGKILL; possibly out of memory)'
      : `was terminated by ${signal} (${number})`
  }
  switch (code) {
    case 0:
      return 'exited with code 0 without serving: call app.run(), or export the app'
    case 134:
      return 'aborted (exit code 134; possibly out of memory)'
    default:
      return `exited with code ${code ?? 'unknown'}`
  }
}

const keeping = (isKept: boolean): string =>
  isKept ? 'The last working version keeps serving' : 'Waiting for a source change'

const elsewhere = (port: number | undefined): string =>
  port === undefined ? '' : `, and says that it listens on port ${port}`

/** A server that takes long. */
export const describeWait =
  (misplaced: number | undefined) =>
  ({ dim, yellow }: Style): string =>
    misplaced === undefined
      ? dim('Waiting for the agent to respond to /ping')
      : yellow(`The agent says that it listens on port ${misplaced}, not on PORT: call app.run() without a port`)

/** A server that did not come to serve: it ended before, or took too long. */
export const describeStart =
  (why: Exit | number | undefined, misplaced: number | undefined, isKept: boolean) =>
  ({ red, dim }: Style): string => {
    const what =
      typeof why === 'number'
        ? `did not respond to /ping on PORT within ${formatDuration(why)}${elsewhere(misplaced)}: call app.run() without a port`
        : why === undefined
          ? 'exited'
          : describeExit(why)
    return `${red(`The agent ${what}`)}\n${dim(keeping(isKept))}`
  }

/** A server that ended while it served. */
export const describeCrash =
  (exit: Exit | undefined, again: number | undefined) =>
  ({ red, dim }: Style): string => {
    const next = again === undefined ? keeping(false) : `Restarting in ${formatDuration(again)}`
    return `${red(`The agent ${exit === undefined ? 'exited' : describeExit(exit)}`)}\n${dim(next)}`
  }

/** Data that changed while the agent was at work. */
export const describeOwn =
  (paths: ReadonlyArray<string>) =>
  ({ dim }: Style): string =>
    dim(`${paths.join(', ')} changed while the agent was working, and may be written by it. To restart, save it again`)

/** How to end it where there are no keys. */
export const describeEnd = ({ dim }: Style): string => dim('Press Ctrl-C to stop')

/** Where to attach a debugger. */
export const describeInspector =
  (asked: InspectorAddress, port: number) =>
  ({ dim, yellow }: Style): string => {
    const host = asked.host.includes(':') ? `[${asked.host}]` : asked.host
    return [
      ...(asked.port === 0 || asked.port === port
        ? []
        : [yellow(`Port ${asked.port} is in use; the inspector uses ${port}`)]),
      dim(`Inspector at ${host}:${port}: attach your editor, or open chrome://inspect`),
      ...(isLocal(asked) ? [] : [yellow('Whoever reaches the inspector can run code on this machine as you')]),
    ].join('\n')
  }

/** What to do with the first server, and what its program is. */
export const describeFirstStart =
  ({ agent }: DevPlan, port: number, compiled: Compiled | undefined) =>
  ({ dim, yellow }: Style): string => {
    const { native = [], external = [] } = compiled?.bundle ?? {}
    return [
      `  agentcore invoke --dev '{"prompt": "Hello"}'`,
      `  curl -N http://127.0.0.1:${port}/invocations -d '{"prompt": "Hello"}'`,
      ...[...native, ...external].map((name) => yellow(`${name} is loaded from node_modules`)),
      ...(compiled === undefined ? [] : remarks(compiled.bundle).map(yellow)),
      dim(`${agent} (${formatBytes(compiled?.bytes ?? 0)}) restarts when its source changes`),
    ].join('\n')
  }
