/** What `agentcore dev` tells, in words. */
import { constants } from 'node:os'
import { type BuildError, details, explain } from '../bundler/BuildError'
import { formatBytes, formatDuration } from '../terminal/Progress'
import type { Style } from '../program/Style'
import type { Compiled } from './watch/Compile'
import type { DevPlan } from './state/DevPlan'
import type { Exit } from './server/DevServer'

/** Words about a failed build, the places that the compiler names below them. */
export const describeBuild =
  (error: BuildError, isKept: boolean) =>
  ({ red, dim }: Style): string =>
    [
      red(explain(error)),
      ...details(error),
      dim(isKept ? 'The last good server goes on serving' : 'Nothing serves until it is mended'),
    ].join('\n')

/** How a process ended, and what that means where it is known. */
export const describeExit = ({ code, signal }: Exit): string => {
  if (signal !== null) {
    const number = constants.signals[signal]
    return signal === 'SIGKILL' ? 'was killed (SIGKILL: perhaps out of memory)' : `was ended by ${signal} (${number})`
  }
  switch (code) {
    case 0:
      return 'ended with exit code 0: it does not keep serving; call app.run(), or export the app'
    case 134:
      return 'aborted (exit code 134: perhaps out of memory)'
    default:
      return `ended with exit code ${code ?? 'unknown'}`
  }
}

const keeping = (isKept: boolean): string =>
  isKept ? 'The last good server goes on serving' : 'Waiting for a change of the source'

/** A server that did not come to serve: it ended before, or took too long. */
export const describeStart =
  (why: Exit | number | undefined, isKept: boolean) =>
  ({ red, dim }: Style): string => {
    const what =
      typeof why === 'number'
        ? `did not answer /ping on PORT within ${formatDuration(why)}: call app.run(), and leave the port out`
        : why === undefined
          ? 'ended'
          : describeExit(why)
    return `${red(`The agent ${what}`)}\n${dim(keeping(isKept))}`
  }

/** A server that ended while it served. */
export const describeCrash =
  (exit: Exit | undefined, again: number | undefined) =>
  ({ red, dim }: Style): string => {
    const next = again === undefined ? keeping(false) : `Starting it again in ${formatDuration(again)}`
    return `${red(`The agent ${exit === undefined ? 'ended' : describeExit(exit)}`)}\n${dim(next)}`
  }

/** What to do with the first server, and what its program is. */
export const describeFirstStart =
  ({ agent }: DevPlan, port: number, compiled: Compiled | undefined) =>
  ({ dim, yellow }: Style): string => {
    const native = compiled?.bundle.native ?? []
    return [
      `  agentcore invoke --dev${port === 8080 ? '' : ` --port ${port}`} '{"prompt": "Hello"}'`,
      `  curl -N http://127.0.0.1:${port}/invocations -d '{"prompt": "Hello"}'`,
      ...native.map((name) =>
        yellow(`${name} has machine code: it is loaded from node_modules, outside of the program`),
      ),
      dim(`${agent} (${formatBytes(compiled?.bytes ?? 0)}) restarts when its source changes; Ctrl-C ends it`),
    ].join('\n')
  }
