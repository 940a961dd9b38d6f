/** Runs `agentcore logs`. */
import { dirname, join } from 'node:path'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import type { AgentConfig } from '../../config/Project'
import { stateFolder } from '../../node/file/PrivateFile'
import { agentIn } from '../agent/ConfiguredAgent'
import { format } from '../document/ExactJson'
import type { Cli, Output } from '../program/Cli'
import { type CliError, failed, usage } from '../program/CliError'
import type { Run } from '../program/Command'
import { logView } from '../terminal/LogEntry'
import { cloudLogs, groupOf } from './CloudLogs'
import { devLogIn, joined, localLogs } from './LocalLogs'
import { formatRecord, type LogQuery, type LogRecord, type LogSource, matches, toJson } from './LogRecord'
import type { LogsFlags } from './logsFlags'
import { toMoment } from './Since'

// ---------------------------------------------------------------------------------------------------------------------
// which log
// ---------------------------------------------------------------------------------------------------------------------

/** A log, which lines of it, and what it means if there are none. */
interface Chosen {
  readonly agent: string
  readonly source: LogSource
  readonly query: LogQuery
  readonly nothing: CliError
}

const nothingHere = (agent: string): CliError =>
  failed(
    'NO_LOGS',
    `No session of ${agent} has written anything here`,
    'run agentcore dev or agentcore deploy --local, and invoke it',
  )

const nothingThere = (agent: string, group: string, isRecent: boolean): CliError =>
  failed(
    'NO_LOGS',
    `${agent} has written nothing to ${group}${isRecent ? ' in the last hour' : ' since then'}`,
    isRecent ? 'go further back, for example with --since 1d' : 'choose another --since or --endpoint',
  )

const notDeployed = (agent: string, flag: string): CliError =>
  failed('NOT_DEPLOYED', `${agent} is not deployed, and ${flag} is for deployed agents`, 'run agentcore deploy first')

/** What a deployed agent has written of late is what is asked for: all that it ever wrote may be gigabytes. */
const hour = 3_600_000

const fromCloud = (cli: Cli, { name, bedrock_agentcore: ids }: AgentConfig, flags: LogsFlags): Chosen => {
  const [, , , region = '', , resource = ''] = (ids?.agent_arn ?? '').split(':')
  const from = flags.since === undefined ? cli.now() - hour : toMoment(flags.since, cli.now())
  const { endpoint, profile } = flags
  const place = { runtime: resource.replace(/^runtime\//, ''), endpoint, region, profile, from }
  return {
    agent: name,
    source: cloudLogs(cli, place),
    query: { session: flags.session, from },
    nothing: nothingThere(name, groupOf(place), flags.since === undefined),
  }
}

const fromHere = (cli: Cli, { name }: AgentConfig, flags: LogsFlags): Chosen => ({
  agent: name,
  source: joined([
    localLogs(join(cli.cwd, stateFolder, 'local', name, 'logs')),
    localLogs(dirname(devLogIn(join(cli.cwd, stateFolder, name))), 'several'),
  ]),
  query: { session: flags.session, from: toMoment(flags.since, cli.now()) },
  nothing: nothingHere(name),
})

/** The log of the deployed agent if it is deployed, as `invoke` calls it then; `--local` and `--deployed` choose. */
const choose = (cli: Cli, agent: AgentConfig, flags: LogsFlags): E.Either<CliError, Chosen> => {
  const forCloud = flags.deployed ? '--deployed' : flags.endpoint !== undefined ? '--endpoint' : undefined
  if (flags.local && forCloud !== undefined)
    return E.left(usage(`--local and ${forCloud}: use only one of them`, 'see agentcore logs --help'))
  const isDeployed = (agent.bedrock_agentcore?.agent_arn ?? '') !== ''
  if (forCloud !== undefined && !isDeployed) return E.left(notDeployed(agent.name, forCloud))
  return E.right(isDeployed && !flags.local ? fromCloud(cli, agent, flags) : fromHere(cli, agent, flags))
}

// ---------------------------------------------------------------------------------------------------------------------
// showing it
// ---------------------------------------------------------------------------------------------------------------------

const nothingMatches = (records: ReadonlyArray<LogRecord>): CliError => {
  const known = [...new Set(records.map(({ session }) => session))]
  return failed('NO_MATCH', 'No log line matches', `sessions with logs: ${known.slice(-5).join(', ')}`)
}

const toText = (cli: Cli, records: ReadonlyArray<LogRecord>): string =>
  records.map(formatRecord(logView(cli, 'stdout'))).join('')

const show = async (cli: Cli, records: ReadonlyArray<LogRecord>): Promise<void> => {
  if (records.length === 0) return
  const text = cli.isJson ? records.map((record) => `${format(toJson(record))}\n`).join('') : toText(cli, records)
  await cli.stdout.write(text)
}

const readOnce = (cli: Cli, { agent, source, query, nothing }: Chosen): TE.TaskEither<CliError, Output> =>
  pipe(
    source.read,
    TE.chainEitherK((all): E.Either<CliError, Output> => {
      const records = all.filter(matches(query))
      if (all.length === 0) return E.left(nothing)
      if (records.length === 0) return E.left(nothingMatches(all))
      return E.right({ json: { agent, records: records.map(toJson) }, text: () => toText(cli, records) })
    }),
  )

const follow = (cli: Cli, { source, query }: Chosen): TE.TaskEither<CliError, Output> =>
  pipe(
    TE.fromIO(() => new AbortController()),
    TE.chain((controller) =>
      TE.bracket(
        TE.fromIO(() => cli.onSignal(() => controller.abort())),
        () => source.follow(controller.signal, (records) => show(cli, records.filter(matches(query)))),
        (off) => TE.fromIO(off),
      ),
    ),
    TE.map(() => ({ json: undefined, text: () => '' })), // all was told already
  )

/** Shows logs. Left: `Config`, `Failed` where there are none. */
export const run: Run<LogsFlags> = (flags) => (cli) =>
  pipe(
    agentIn(cli.cwd, flags.agent),
    TE.chainEitherK((agent) => choose(cli, agent, flags)),
    TE.chain((chosen) => (flags.follow ? follow(cli, chosen) : readOnce(cli, chosen))),
  )
