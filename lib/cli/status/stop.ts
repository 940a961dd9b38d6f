/** What `agentcore stop` does: the runtime is asked to end, in good order, and waited for. */
import { setTimeout as sleep } from 'node:timers/promises'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import * as Record from '../../config/LocalRecord'
import { agentIn } from '../agent/Agent'
import { isThere, overviewOf } from '../agent/Overview'
import type { Cli, Output } from '../Cli'
import { type CliError, config, failed } from '../CliError'
import type { Run } from '../Command'
import type { StopWishes as Wishes } from './flags'

/** How long the runtime may take to end its sessions, and how often is looked, in milliseconds. */
const patience = 30_000
const every = 20

const stuck = ({ agent, pid }: Record.LocalRecord): CliError =>
  failed(
    'STILL_RUNNING',
    `The local runtime of ${agent} has not ended within ${patience / 1000} s`,
    `end process ${pid} by hand`,
  )

const ended = (cli: Cli, record: Record.LocalRecord): TE.TaskEither<CliError, void> =>
  pipe(
    TE.tryCatch(
      async () => {
        process.kill(record.pid, 'SIGTERM')
        const end = cli.now() + patience
        while (isThere(record) && cli.now() < end) await sleep(every)
        return !isThere(record)
      },
      (cause) => failed('NOT_STOPPED', `Process ${record.pid} cannot be ended`, 'end it by hand', { cause }),
    ),
    TE.chain((isGone) => (isGone ? TE.right(undefined) : TE.left(stuck(record)))),
  )

const output = (agent: string, sessions: number | undefined) => (): Output => ({
  json: { agent, stopped: sessions !== undefined, sessions: sessions ?? 0 },
  text: ({ bold }) =>
    sessions === undefined
      ? `No local runtime of ${bold(agent)} was running`
      : `The local runtime of ${bold(agent)} is stopped${sessions === 0 ? '' : `, with ${sessions} session${sessions === 1 ? '' : 's'}`}`,
})

/** Ends a process only if it says itself that it is the runtime: its id may be another one's by now. */
const stop = (cli: Cli, record: Record.LocalRecord): TE.TaskEither<CliError, number> =>
  pipe(
    overviewOf(record, `if process ${record.pid} is the runtime, end it by hand; then remove its record`),
    TE.chain(({ sessions }) =>
      pipe(
        ended(cli, record),
        TE.map(() => sessions.length),
      ),
    ),
  )

const forget = (cli: Cli, { agent, pid }: Record.LocalRecord): TE.TaskEither<CliError, void> =>
  pipe(Record.remove(cli.cwd, agent, pid), TE.mapLeft(config))

/** Ends the local runtime of an agent. */
export const run: Run<Wishes> = (wishes) => (cli) =>
  pipe(
    agentIn(cli.cwd, wishes.agent),
    TE.bindTo('agent'),
    TE.bind('record', ({ agent }) => pipe(Record.read(cli.cwd, agent.name), TE.mapLeft(config))),
    TE.chain(({ agent, record }) => {
      if (record === undefined) return TE.right(output(agent.name, undefined)())
      return pipe(
        isThere(record) ? stop(cli, record) : TE.right<CliError, number | undefined>(undefined),
        TE.chainFirst(() => forget(cli, record)),
        TE.map((sessions) => output(agent.name, sessions)()),
      )
    }),
  )
