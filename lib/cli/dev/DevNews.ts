/** What `agentcore dev` tells, in words. */
import { constants } from 'node:os'
import { type BuildError, details, explain } from '../build/BuildError'
import { ofBytes, ofMillis } from '../Progress'
import type { Style } from '../Style'
import type { Compiled } from './Compile'
import type { DevPlan } from './DevPlan'
import type { Exit } from './DevServer'

/** Words about a failed build, the places that the compiler names below them. */
export const ofBuild =
  (error: BuildError, isKept: boolean) =>
  ({ red, dim }: Style): string =>
    [
      red(explain(error)),
      ...details(error),
      dim(isKept ? 'The last good server goes on serving' : 'Nothing serves until it is mended'),
    ].join('\n')

/** How a process ended, and what that means where it is known. */
export const ofExit = ({ code, signal }: Exit): string => {
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
export const ofStart =
  (why: Exit | number | undefined, isKept: boolean) =>
  ({ red, dim }: Style): string => {
    const what =
      typeof why === 'number'
        ? `did not answer /ping on PORT within ${ofMillis(why)}: call app.run(), and leave the port out`
        : why === undefined
          ? 'ended'
          : ofExit(why)
    return `${red(`The agent ${what}`)}\n${dim(keeping(isKept))}`
  }

/** A server that ended while it served. */
export const ofCrash =
  (exit: Exit | undefined, again: number | undefined) =>
  ({ red, dim }: Style): string => {
    const next = again === undefined ? keeping(false) : `Starting it again in ${ofMillis(again)}`
    return `${red(`The agent ${exit === undefined ? 'ended' : ofExit(exit)}`)}\n${dim(next)}`
  }

/** What to do with the first server, and what its program is. */
export const ofFirst =
  ({ agent }: DevPlan, port: number, compiled: Compiled | undefined) =>
  ({ dim, yellow }: Style): string => {
    const native = compiled?.bundle.native ?? []
    return [
      `  agentcore invoke --dev${port === 8080 ? '' : ` --port ${port}`} '{"prompt": "Hello"}'`,
      `  curl -N http://127.0.0.1:${port}/invocations -d '{"prompt": "Hello"}'`,
      ...native.map((name) =>
        yellow(`${name} has machine code: it is loaded from node_modules, outside of the program`),
      ),
      dim(`${agent} (${ofBytes(compiled?.bytes ?? 0)}) restarts when its source changes; Ctrl-C ends it`),
    ].join('\n')
  }
