/** What `agentcore stop` does: the runtime is asked to end, in good order, and waited for. One that was killed is tidied up after. */
import { join } from 'node:path'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { stateFolder } from '../../node/file/PrivateFile'
import { ignoredLines, type Recovered, registryIn } from '../../local/launch/Registry'
import { agentIn } from '../agent/ConfiguredAgent'
import { fetchOverview } from '../agent/RuntimeOverview'
import { end, find, forget, type Runtime } from '../agent/RunningRuntime'
import type { Cli, Output } from '../program/Cli'
import { type CliError, stateUnusable } from '../program/CliError'
import type { Run } from '../program/Command'
import { printLine } from '../terminal/Progress'
import type { StopFlags } from '../status/flags'

/** What was ended: a runtime with its sessions, or what a killed one has left behind. */
interface Stopped {
  readonly wasRunning: boolean
  /** Undefined where the runtime did not tell. */
  readonly sessions: number | undefined
  readonly recovered: number
}

const count = (n: number, name: string): string => `${n} ${name}${n === 1 ? '' : 's'}`

const output = (agent: string, { wasRunning, sessions = 0, recovered }: Stopped): Output => ({
  json: { agent, stopped: wasRunning, sessions, recovered },
  text: ({ bold }) => {
    if (wasRunning)
      return `Stopped the local runtime of ${bold(agent)}${sessions === 0 ? '' : ` and ${count(sessions, 'session')}`}`
    return recovered > 0
      ? `The local runtime of ${bold(agent)} had been killed; stopped ${count(recovered, 'agent')} that it left behind`
      : `No local runtime of ${bold(agent)} was running`
  },
})

/** How many sessions it has; a runtime that does not answer is ended all the same. */
const toSessions = (runtime: Runtime): TE.TaskEither<CliError, number | undefined> =>
  runtime._tag === 'Running'
    ? pipe(
        fetchOverview(runtime.record),
        TE.match(
          () => undefined,
          ({ sessions }) => sessions.length,
        ),
        TE.fromTask,
      )
    : TE.right(undefined)

const endIt = (cli: Cli, runtime: Runtime): TE.TaskEither<CliError, void> => {
  switch (runtime._tag) {
    case 'None':
      return TE.right(undefined)
    case 'Gone':
      return forget(cli.cwd, runtime.record)
    case 'Running':
      return end(cli.cwd, runtime.record)
  }
}

/** Ends what runtimes that were killed have left behind. */
const recover = (cli: Cli, agent: string): TE.TaskEither<CliError, Recovered> =>
  pipe(
    TE.tryCatch(() => registryIn(join(cli.cwd, stateFolder, 'local', agent)).recover(), stateUnusable),
    TE.chainFirstIOK((recovered) => () => ignoredLines(recovered).forEach((line) => printLine(line, 'note')(cli))),
  )

/** Ends the local runtime of an agent. */
export const run: Run<StopFlags> = (flags) => (cli) =>
  pipe(
    agentIn(cli.cwd, flags.agent),
    TE.chain(({ name }) =>
      pipe(
        find(cli.cwd, name),
        TE.bindTo('runtime'),
        TE.bind('sessions', ({ runtime }) => toSessions(runtime)),
        TE.chainFirst(({ runtime }) => endIt(cli, runtime)),
        TE.bind('left', () => recover(cli, name)),
        TE.map(({ runtime, sessions, left }) =>
          output(name, { wasRunning: runtime._tag === 'Running', sessions, recovered: left.ended.length }),
        ),
      ),
    ),
  )
