/** The log groups of builds in CloudWatch Logs. */
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import type { DeployError } from '../failure/DeployError'
import { orElseNamed } from '../failure/ServiceFailure'
import { isOurs, ownerTags } from '../resources/OwnerTags'
import type { ResourceState } from '../resources/Provenance'
import type { Place } from '../resources/ResourceNames'
import { type BuildClients, callWith } from './BuildClients'

/** What is done with log groups. */
export interface LogGroups {
  readonly find: (group: string, agent: string) => TE.TaskEither<DeployError, ResourceState>
  /** Makes a group that keeps its lines for a month; one that is there already is no failure. */
  readonly create: (group: string, agent: string) => TE.TaskEither<DeployError, void>
  /** The last lines of a stream. */
  readonly tail: (group: string, stream: string) => TE.TaskEither<DeployError, ReadonlyArray<string>>
  readonly remove: (group: string) => TE.TaskEither<DeployError, void>
}

const days = 30

/** How many lines explain a failure. */
const mostLines = 40

const missing = ['ResourceNotFoundException']

/** Log groups of an account. */
export const logGroups = ({ logs }: Pick<BuildClients, 'logs'>, { partition, region, account }: Place): LogGroups => {
  const call = callWith(logs)

  const find = (group: string, agent: string): TE.TaskEither<DeployError, ResourceState> =>
    pipe(
      call('logs:DescribeLogGroups')((client, Logs) =>
        client.send(new Logs.DescribeLogGroupsCommand({ logGroupNamePrefix: group })),
      ),
      TE.chain(({ logGroups: found = [] }) =>
        found.some(({ logGroupName }) => logGroupName === group)
          ? isOf(group, agent)
          : TE.right<DeployError, ResourceState>('Missing'),
      ),
    )

  const isOf = (group: string, agent: string): TE.TaskEither<DeployError, ResourceState> =>
    pipe(
      call('logs:ListTagsForResource')((client, Logs) =>
        client.send(
          new Logs.ListTagsForResourceCommand({
            resourceArn: `arn:${partition}:logs:${region}:${account}:log-group:${group}`,
          }),
        ),
      ),
      TE.map(({ tags = {} }): ResourceState => (isOurs(Object.entries(tags), agent) ? 'Ours' : 'Others')),
      orElseNamed(missing, () => TE.right<DeployError, ResourceState>('Missing')),
    )

  const create = (group: string, agent: string): TE.TaskEither<DeployError, void> =>
    pipe(
      call('logs:CreateLogGroup')((client, Logs) =>
        client.send(
          new Logs.CreateLogGroupCommand({ logGroupName: group, tags: Object.fromEntries(ownerTags(agent)) }),
        ),
      ),
      TE.chain(() =>
        call('logs:PutRetentionPolicy')((client, Logs) =>
          client.send(new Logs.PutRetentionPolicyCommand({ logGroupName: group, retentionInDays: days })),
        ),
      ),
      TE.map(() => undefined),
      orElseNamed(['ResourceAlreadyExistsException'], () => TE.right(undefined)),
    )

  const tail = (group: string, stream: string): TE.TaskEither<DeployError, ReadonlyArray<string>> =>
    pipe(
      call('logs:GetLogEvents')((client, Logs) =>
        client.send(
          new Logs.GetLogEventsCommand({
            logGroupName: group,
            logStreamName: stream,
            limit: mostLines,
            startFromHead: false,
          }),
        ),
      ),
      TE.map(({ events = [] }) => events.map(({ message = '' }) => message.replace(/\s+$/, ''))),
    )

  const remove = (group: string): TE.TaskEither<DeployError, void> =>
    pipe(
      call('logs:DeleteLogGroup')((client, Logs) =>
        client.send(new Logs.DeleteLogGroupCommand({ logGroupName: group })),
      ),
      TE.map(() => undefined),
      orElseNamed(missing, () => TE.right(undefined)),
    )

  return { find, create, tail, remove }
}
