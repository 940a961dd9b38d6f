/** What `.bedrock_agentcore.yaml` says of a deployment, in the fields of the starter toolkit. */
import { isDeepStrictEqual } from 'node:util'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import type { Change } from '../config/Document'
import { update } from '../config/File'
import { type AgentConfig, toAgent } from '../config/Project'
import { type DeployError, stateUnsaved } from './failure/DeployError'
import type { BuiltImage } from './image/ImageSettings'
import type { DeploySettings } from './plan/DeploySettings'

/** What is to be remembered of a step that made something. */
export type Fact =
  | { readonly _tag: 'Place' }
  | { readonly _tag: 'Role' }
  | { readonly _tag: 'Bucket' }
  | { readonly _tag: 'Repository' }
  | { readonly _tag: 'Project' }
  | { readonly _tag: 'Runtime'; readonly id: string; readonly arn: string }
  /** The fields of the runtime that this project sets. */
  | { readonly _tag: 'Fields' }

/** The changes to the file that facts are. */
export const toFileChanges = (
  agent: AgentConfig,
  {
    place,
    role,
    bucket: { bucket, prefix },
    image,
    recorded,
  }: Pick<DeploySettings, 'place' | 'role' | 'bucket' | 'image' | 'recorded'>,
  fact: Fact,
): ReadonlyArray<Change> => {
  const at = (...path: ReadonlyArray<string>): ReadonlyArray<string> => ['agents', agent.name, ...path]
  switch (fact._tag) {
    case 'Place':
      return [
        { path: at('aws', 'account'), value: place.account },
        { path: at('aws', 'region'), value: place.region },
      ]
    case 'Role':
      return [{ path: at('aws', 'execution_role'), value: role.arn }]
    case 'Bucket':
      return (agent.aws?.s3_path ?? '') === ''
        ? [{ path: at('aws', 's3_path'), value: `s3://${bucket}${prefix === '' ? '' : `/${prefix}`}` }]
        : []
    case 'Repository':
      return image?._tag === 'Built' ? [{ path: at('aws', 'ecr_repository'), value: image.repository.uri }] : []
    case 'Project':
      return image?._tag === 'Built'
        ? [
            { path: at('codebuild', 'project_name'), value: image.project.name },
            { path: at('codebuild', 'execution_role'), value: image.role.arn },
            { path: at('codebuild', 'source_bucket'), value: bucket },
          ]
        : []
    case 'Runtime':
      return [
        { path: at('bedrock_agentcore', 'agent_id'), value: fact.id },
        { path: at('bedrock_agentcore', 'agent_arn'), value: fact.arn },
        // A session belongs to the runtime that it was started with.
        ...(agent.bedrock_agentcore?.agent_id === fact.id
          ? []
          : [{ path: at('bedrock_agentcore', 'agent_session_id'), value: null }]),
      ]
    case 'Fields':
      return managedChanges(agent, recorded.managed)
  }
}

/** A list that says the same stays as it is written. */
const managedChanges = (agent: AgentConfig, managed: ReadonlyArray<string>): ReadonlyArray<Change> =>
  isDeepStrictEqual(agent.bedrock_agentcore?.managed_fields ?? [], managed)
    ? []
    : [{ path: ['agents', agent.name, 'bedrock_agentcore', 'managed_fields'], value: managed }]

/** The changes to the file once nothing of an agent is deployed any more. */
export const toForgotten = (
  agent: string,
  { role, bucket, image }: Pick<DeploySettings, 'role' | 'bucket' | 'image'>,
): ReadonlyArray<Change> => {
  const at = (...path: ReadonlyArray<string>): ReadonlyArray<string> => ['agents', agent, ...path]
  return [
    ...['agent_id', 'agent_arn', 'agent_session_id'].map((name) => ({
      path: at('bedrock_agentcore', name),
      value: null,
    })),
    { path: at('bedrock_agentcore', 'managed_fields'), value: undefined },
    ...(role.from === 'ours' ? [{ path: at('aws', 'execution_role'), value: null }] : []),
    ...(image?._tag === 'Built' ? imageFields(image).map((path) => ({ path: at(...path), value: null })) : []),
    ...(bucket.from === 'ours' && bucket.prefix === '' ? [{ path: at('aws', 's3_path'), value: null }] : []),
  ]
}

/** The fields that name what was made for an image: those of the user stay. */
const imageFields = ({ repository, project, role }: BuiltImage): ReadonlyArray<ReadonlyArray<string>> => [
  ...(repository.from === 'ours' ? [['aws', 'ecr_repository']] : []),
  ...(project.from === 'ours' ? [['codebuild', 'project_name']] : []),
  ...(role.from === 'ours' ? [['codebuild', 'execution_role']] : []),
  ['codebuild', 'source_bucket'],
]

/** Writes changes into the file of a folder. Left: `StateUnsaved`. */
export const saveChanges =
  (folder: string, agent: string) =>
  (toFields: (now: AgentConfig) => ReadonlyArray<Change>): TE.TaskEither<DeployError, void> =>
    pipe(
      update(
        folder,
        stateUnsaved,
      )((project) =>
        pipe(
          toAgent(agent)(project),
          E.bimap(stateUnsaved, (now) => ({ changes: toFields(now), value: undefined })),
        ),
      ),
      TE.map(() => undefined),
    )
