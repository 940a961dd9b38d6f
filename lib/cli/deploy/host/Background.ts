/** Hosts an agent in a background process that outlives the terminal. Returns its record when it is ready. */
import { join } from 'node:path'
import * as E from 'fp-ts/Either'
import * as TE from 'fp-ts/TaskEither'
import { readTail } from '../../../node/file/LogTail'
import type { LocalRecord } from '../../../config/LocalRecord'
import { appendPrivate } from '../../../node/file/PrivateFile'
import type { Cli } from '../../program/Cli'
import { type CliError, failed, stateUnusable, unexpected } from '../../program/CliError'
import { type HostPlan, HostReport } from './HostPlan'

/** How long the runtime may take until it listens, in milliseconds. */
const limit = 60_000

const reportIn = (message: unknown): E.Either<CliError, LocalRecord> => {
  const report = HostReport.decode(message)
  if (E.isLeft(report)) return E.left(unexpected(new Error('the runtime process sent an unknown message')))
  switch (report.right._tag) {
    case 'Ready':
      return E.right(report.right.record)
    case 'Failed': {
      const { code, message: text, next } = report.right.error
      return E.left(failed(code, text, next))
    }
  }
}

const start = async (cli: Cli, plan: HostPlan, logFile: string): Promise<E.Either<CliError, LocalRecord>> => {
  const log = await appendPrivate(logFile)
  try {
    const child = cli.spawn(process.execPath, [join(__dirname, 'hostMain.js')], {
      cwd: plan.folder,
      env: cli.env,
      detached: true,
      stdio: ['ignore', log.fd, log.fd, 'ipc'],
    })
    const said = await new Promise<E.Either<CliError, LocalRecord>>((resolve) => {
      const fail = (why: string): void =>
        resolve(E.left(failed('HOST_FAILED', `The local runtime ${why}`, `see ${logFile}`)))
      const late = setTimeout(() => {
        child.kill('SIGKILL')
        fail('was not ready in time')
      }, limit)
      child.once('error', (cause) => fail(`could not be started: ${cause.message}`))
      child.once('exit', (code, signal) => fail(`exited immediately (${signal ?? `exit code ${code ?? 'unknown'}`})`))
      child.once('message', (message) => {
        clearTimeout(late)
        resolve(reportIn(message))
      })
      child.once('exit', () => clearTimeout(late))
      child.send({ ...plan, logFile })
    })
    if (child.connected) child.disconnect()
    child.unref()
    if (E.isRight(said) || said.left._tag !== 'Failed' || said.left.code !== 'HOST_FAILED') return said
    return E.left({ ...said.left, details: await readTail(logFile) })
  } finally {
    await log.close()
  }
}

/** Where a runtime in the background writes. */
export const toLogFile = ({ folder, agent }: Pick<HostPlan, 'folder' | 'agent'>): string =>
  join(folder, '.bedrock_agentcore', 'local', `${agent}.log`)

/** Hosts in the background. */
export const hostInBackground = (cli: Cli, plan: HostPlan): TE.TaskEither<CliError, LocalRecord> => {
  const attempt = TE.tryCatch(() => start(cli, plan, toLogFile(plan)), stateUnusable)
  return () => attempt().then(E.flatten)
}
