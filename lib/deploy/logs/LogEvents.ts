/** The events of a log group in CloudWatch Logs. */
import type * as Logs from '@aws-sdk/client-cloudwatch-logs'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import type { DeployError } from '../failure/DeployError'
import { lift, orElseNamed } from '../failure/ServiceFailure'
import { type ClientOptions, toShared } from '../sdk/ClientOptions'
import { loadModule } from '../sdk/SdkModule'
import type { LogEvent } from './LogCursor'

/** Reads events. */
export interface LogEvents {
  /** All events since a moment, through every page; undefined for a group that does not exist. */
  readonly since: (
    group: string,
    from: number,
    signal?: AbortSignal,
  ) => TE.TaskEither<DeployError, ReadonlyArray<LogEvent> | undefined>
}

/** The stream that OpenTelemetry writes the lines of an agent to once more. */
const isCopy = (stream: string): boolean => stream === 'otel-rt-logs'

const toEvent = ({ eventId, logStreamName, timestamp, message }: Logs.FilteredLogEvent): LogEvent => ({
  id: eventId ?? `${logStreamName ?? ''} ${timestamp ?? 0} ${message ?? ''}`,
  stream: logStreamName ?? '',
  at: timestamp ?? 0,
  message: (message ?? '').replace(/\s+$/, ''),
})

/** Opens the events of a region. Left: `NoSdk`. */
export const openLogEvents = (options: ClientOptions): TE.TaskEither<DeployError, LogEvents> =>
  pipe(
    loadModule('@aws-sdk/client-cloudwatch-logs', () => import('@aws-sdk/client-cloudwatch-logs')),
    TE.map(({ CloudWatchLogsClient, paginateFilterLogEvents }) => {
      const client = new CloudWatchLogsClient(toShared(options))
      return {
        since: (group, from, signal) =>
          pipe(
            lift('logs:FilterLogEvents')(async () => {
              const found: Array<LogEvent> = []
              const request = { logGroupName: group, startTime: Math.max(0, Math.floor(from)) }
              const configuration = { client, ...(signal === undefined ? {} : { abortSignal: signal }) }
              for await (const { events = [] } of paginateFilterLogEvents(configuration, request)) {
                if (signal?.aborted === true) break
                found.push(...events.filter(({ logStreamName = '' }) => !isCopy(logStreamName)).map(toEvent))
              }
              return found
            }),
            orElseNamed(['ResourceNotFoundException'], () => TE.right(undefined)),
          ),
      }
    }),
  )
