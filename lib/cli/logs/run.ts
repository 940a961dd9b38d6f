/** Runs `agentcore logs`. */
import { dirname, join } from 'node:path'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { stateFolder } from '../../node/file/PrivateFile'
import { agentIn } from '../agent/ConfiguredAgent'
import { format } from '../document/ExactJson'
import type { Cli, Output } from '../program/Cli'
import { type CliError, failed, unexpected } from '../program/CliError'
import type { Run } from '../program/Command'
import { logView } from '../terminal/LogEntry'
import { devLogIn, joined, localLogs } from './LocalLogs'
import { formatRecord, type LogQuery, type LogRecord, type LogSource, matches, toJson } from './LogRecord'
import type { LogsFlags } from './logsFlags'
import { toMoment } from './Since'

const nothingWritten = (agent: string): CliError =>
  failed(
    'NO_LOGS',
    `No session of ${agent} has written anything here`,
    'run agentcore dev or agentcore deploy --local, and invoke it',
  )

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

const readOnce = async (cli: Cli, agent: string, source: LogSource, query: LogQuery): Promise<Output | CliError> => {
  const all = await source.read()
  const records = all.filter(matches(query))
  if (all.length === 0) return nothingWritten(agent)
  if (records.length === 0) return nothingMatches(all)
  return {
    json: { agent, records: records.map(toJson) },
    text: () => toText(cli, records),
  }
}

const follow = async (cli: Cli, source: LogSource, query: LogQuery): Promise<Output> => {
  const controller = new AbortController()
  const off = cli.onSignal(() => controller.abort())
  try {
    await source.follow(controller.signal, (records) => show(cli, records.filter(matches(query))))
  } finally {
    off()
  }
  return { json: undefined, text: () => '' } // all was told already
}

/** Shows logs. Left: `Config`, `Failed` where there are none. */
export const run: Run<LogsFlags> = (flags) => (cli) =>
  pipe(
    agentIn(cli.cwd, flags.agent),
    TE.chain(({ name }) => {
      const source = joined([
        localLogs(join(cli.cwd, stateFolder, 'local', name, 'logs')),
        localLogs(dirname(devLogIn(join(cli.cwd, stateFolder, name))), 'several'),
      ])
      const query = { session: flags.session, from: toMoment(flags.since, cli.now()) }
      return pipe(
        TE.tryCatch(() => (flags.follow ? follow(cli, source, query) : readOnce(cli, name, source, query)), unexpected),
        TE.chain((result) => ('_tag' in result ? TE.left(result) : TE.right(result))),
      )
    }),
  )
