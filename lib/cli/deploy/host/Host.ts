/** Hosts an agent: starts the local runtime and writes the record that other commands find it by. */
import type { Task } from 'fp-ts/Task'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import * as LocalRecord from '../../../config/LocalRecord'
import type { Log } from '../../../core/Log'
import {
  containerLauncher,
  type InboundAuth,
  type LauncherOf,
  type LocalError,
  type LocalOptions,
  type LocalRuntime,
  processLauncher,
  shared,
  startLocalRuntime,
} from '../../../local'
import { newControl } from '../../../local/dataplane/Control'
import { identity } from '../../../node/process/Processes'
import { type CliError, config, failed } from '../../program/CliError'
import { isTaken, tries } from '../../../node/network/Port'
import { inboundAuth } from './Callers'
import type { HostPlan } from './HostPlan'

/** A runtime that runs in this process. */
export interface Hosted {
  readonly record: LocalRecord.LocalRecord
  /** Ends it, and removes its record. */
  readonly stop: Task<void>
}

/** Is given what agents write. */
export type Show = (session: string, part: Buffer) => void

/** Hosts in this process, at the port of the plan or, unless it is fixed, the first free one after it. */
export const host = (plan: HostPlan, log: Log, show?: Show): TE.TaskEither<CliError, Hosted> => {
  const control = newControl()
  return pipe(
    TE.fromEither(inboundAuth(plan, log)),
    TE.bindTo('auth'),
    TE.bind('self', () => TE.fromTask(identity(process.pid))),
    TE.bind('runtime', ({ auth }) => startFrom(plan, toOptions(plan, { log, control, ...auth }, show), plan.port)),
    TE.chain(({ runtime, self }) => {
      const record: LocalRecord.LocalRecord = {
        agent: plan.agent,
        pid: process.pid,
        identity: O.getOrElse(() => '')(self),
        control,
        port: runtime.port,
        endpoint: runtime.url,
        arn: runtime.arn,
        startedAt: new Date(Date.now()).toISOString(),
        auth: plan.inbound._tag,
        isolation: plan.isShared ? 'none' : plan.launch._tag === 'Process' ? 'process' : 'container',
        ...(plan.logFile === undefined ? {} : { logFile: plan.logFile }),
      }
      const stop = async (): Promise<void> => {
        await runtime.stop()
        await LocalRecord.remove(plan.folder, plan.agent, process.pid)()
      }
      return pipe(
        LocalRecord.write(plan.folder, record),
        TE.bimap(config, (): Hosted => ({ record, stop })),
        TE.orElseFirst(() => TE.fromTask(runtime.stop)),
      )
    }),
  )
}

/** What starts the agents of a plan. */
export const createLauncher = (
  { launch, isShared }: Pick<HostPlan, 'launch' | 'isShared'>,
  show?: Show,
): LauncherOf => {
  const hears = show === undefined ? {} : { show }
  const single =
    launch._tag === 'Process'
      ? processLauncher({ ...launch, nodeOptions: ['--enable-source-maps'], ...hears })
      : containerLauncher({ ...launch, ...hears })
  return isShared ? shared(single) : single
}

/** The options of the runtime of a plan, all but the port. */
const toOptions = (
  plan: HostPlan,
  own: Pick<LocalOptions, 'log' | 'control'> & Partial<InboundAuth>,
  show: Show | undefined,
): LocalOptions => ({
  name: plan.agent,
  folder: plan.state,
  launcher: createLauncher(plan, show),
  lifecycle: plan.lifecycle,
  requestHeaderAllowlist: plan.requestHeaderAllowlist,
  allowedHosts: plan.allowedHosts,
  allowedOrigins: plan.allowedOrigins,
  ...own,
  ...(plan.arn === undefined ? {} : { arn: plan.arn }),
  ...(plan.region === undefined ? {} : { region: plan.region }),
  ...(plan.account === undefined ? {} : { account: plan.account }),
})

/** Starts at a port or, unless that of the plan is fixed, at the first free one after it. */
const startFrom = (plan: HostPlan, options: LocalOptions, port: number): TE.TaskEither<CliError, LocalRuntime> =>
  pipe(
    startAt(options, port),
    TE.orElse((error) => {
      const isOver = plan.isPortFixed || port + 1 >= plan.port + tries || port >= 65_535
      const isAboutPort = error._tag === 'Failed' && error.code === 'PORT_TAKEN'
      return isOver || !isAboutPort ? TE.left(error) : startFrom(plan, options, port + 1)
    }),
  )

const startAt = (options: LocalOptions, port: number): TE.TaskEither<CliError, LocalRuntime> =>
  pipe(
    port === 0 ? TE.of(false) : TE.fromTask(() => isTaken(port)),
    TE.chain((taken) =>
      taken ? TE.left(portTaken(port)) : pipe(startLocalRuntime({ ...options, port }), TE.mapLeft(cliError)),
    ),
  )

const portTaken = (port: number): CliError =>
  failed('PORT_TAKEN', `Port ${port} is in use`, 'stop the program that uses it, or choose another --port')

const cliError = (error: LocalError): CliError => {
  switch (error._tag) {
    case 'PortTaken':
      return portTaken(error.port)
    case 'CannotListen':
      return failed('CANNOT_LISTEN', error.message, 'choose another --port', { cause: error.cause })
    case 'CannotLaunch':
      return failed('CANNOT_LAUNCH', error.message, 'fix that and deploy again', { cause: error.cause })
  }
}
