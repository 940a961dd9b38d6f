/** Runs `agentcore logs`. */
import { dirname, join } from 'node:path'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { parse, type RuntimeArn } from '../../client/target/AgentArn'
import type { AgentConfig } from '../../config/Project'
import { stateFolder } from '../../node/file/PrivateFile'
import { agentIn } from '../agent/ConfiguredAgent'
import { format } from '../document/ExactJson'
import type { Cli, Output } from '../program/Cli'
import { client, type CliError, failed, usage } from '../program/CliError'
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

/** A log, the lines to show, and how to explain that there are none. */
interface Chosen {
  /** Undefined for one that is given by its ARN. */
  readonly agent: string | undefined
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

const fromCloud = (cli: Cli, name: string | undefined, { region, id }: RuntimeArn, flags: LogsFlags): Chosen => {
  const from = flags.since === undefined ? cli.now() - hour : toMoment(flags.since, cli.now())
  const { endpoint, profile } = flags
  const place = { runtime: id, endpoint, region, profile, from }
  return {
    agent: name,
    source: cloudLogs(cli, place),
    query: { session: flags.session, from },
    nothing: nothingThere(name ?? 'The agent', groupOf(place), flags.since === undefined),
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
  const arn = agent.bedrock_agentcore?.agent_arn ?? ''
  if (forCloud !== undefined && arn === '') return E.left(notDeployed(agent.name, forCloud))
  return arn !== '' && !flags.local ? ofArn(cli, agent.name, arn, flags) : E.right(fromHere(cli, agent, flags))
}

const ofArn = (cli: Cli, name: string | undefined, arn: string, flags: LogsFlags): E.Either<CliError, Chosen> =>
  pipe(
    parse(arn),
    E.bimap(
      (error) => client(error),
      (found) => fromCloud(cli, name, found, flags),
    ),
  )

const find = (cli: Cli, flags: LogsFlags): TE.TaskEither<CliError, Chosen> => {
  const { arn, agent, local } = flags
  if (arn === undefined)
    return pipe(
      agentIn(cli.cwd, agent),
      TE.chainEitherK((found) => choose(cli, found, flags)),
    )
  const other = local ? '--local' : agent === undefined ? undefined : '--agent'
  return other === undefined
    ? TE.fromEither(ofArn(cli, undefined, arn, flags))
    : TE.left(usage(`${other} and --arn: use only one of them`, 'see agentcore logs --help'))
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
      return E.right({ json: { agent: agent ?? null, records: records.map(toJson) }, text: () => toText(cli, records) })
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
    TE.map(() => ({ json: undefined, text: () => '' })), // everything is printed already
  )

/** Shows logs. Left: `Config`, `Failed` where there are none. */
export const run: Run<LogsFlags> = (flags) => (cli) =>
  pipe(
    find(cli, flags),
    TE.chain((chosen) => (flags.follow ? follow(cli, chosen) : readOnce(cli, chosen))),
  )
