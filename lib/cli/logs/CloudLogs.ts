/** The log of a deployed agent, in CloudWatch Logs. */
import * as E from 'fp-ts/Either'
import { identity, pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { systemPause } from '../../deploy/aws/Waiting'
import { followEvents } from '../../deploy/logs/followEvents'
import type { LogEvent } from '../../deploy/logs/LogCursor'
import { openLogEvents } from '../../deploy/logs/LogEvents'
import { logGroup } from '../../deploy/resources/ResourceNames'
import { fromDeploy } from '../cloud/CloudFailure'
import type { Cli } from '../program/Cli'
import { type CliError, failed, unexpected } from '../program/CliError'
import { printLine } from '../terminal/Progress'
import { inOrder, type LogRecord, type LogSource, toRecords } from './LogRecord'

/** Where the log is. */
export interface CloudLogPlace {
  readonly runtime: string
  readonly endpoint: string | undefined
  readonly region: string
  readonly profile: string | undefined
  /** Milliseconds since the epoch. */
  readonly from: number
}

/** The session in the name of a stream, `2026/11/27/[runtime-logs-SESSION]id`; without one, the name's last part. */
export const sessionOf = (stream: string): string => {
  const [, session, id] = /\[runtime-logs-?([^\]]*)\](.*)$/.exec(stream) ?? []
  if (session !== undefined && session !== '') return session
  return id !== undefined && id !== '' ? id : stream.replace(/^.*\//, '')
}

const recordsOf = (events: ReadonlyArray<LogEvent>): ReadonlyArray<LogRecord> =>
  inOrder(events.flatMap(({ stream, at, message }) => toRecords(sessionOf(stream), message.split(/\r?\n/), at)))

/** The name of the log group. */
export const groupOf = ({ runtime, endpoint }: CloudLogPlace): string => logGroup(runtime, endpoint)

const noGroup = (group: string): CliError =>
  failed(
    'NO_LOGS',
    `There is no log group ${group} yet`,
    'invoke the agent; AgentCore creates it with the first invocation of the endpoint',
  )

/** The log. Left: `NO_LOGS` before the first invocation, `NO_SDK`, `NO_CREDENTIALS`, and what AWS refuses. */
export const cloudLogs = (cli: Cli, place: CloudLogPlace): LogSource => {
  const group = groupOf(place)
  const open = openLogEvents({ region: place.region, profile: place.profile, env: cli.env })
  return {
    read: pipe(
      open,
      TE.chain(({ since }) => since(group, place.from)),
      TE.mapLeft((error) => fromDeploy(error)),
      TE.chainEitherK((events) => (events === undefined ? E.left(noGroup(group)) : E.right(recordsOf(events)))),
    ),
    follow: (signal, onRecords) =>
      pipe(
        open,
        TE.chain((events) =>
          followEvents(events, {
            group,
            from: place.from,
            signal,
            pause: systemPause,
            onEvents: (found) => onRecords(recordsOf(found)),
            onMissing: () =>
              printLine(`The log group ${group} appears with the first invocation; waiting for it`, 'note')(cli),
          }),
        ),
        TE.mapLeft((error) => fromDeploy(error)),
        (following) => TE.tryCatch(following, unexpected), // its reader may have left
        TE.chainEitherK(identity),
      ),
  }
}
