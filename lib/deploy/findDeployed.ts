/** Looks at a deployed agent: its runtime with all versions and endpoints. Changes nothing. */
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import type { AgentConfig } from '../config/Project'
import { endpoints, type ListedEndpoint } from './aws/Endpoints'
import { runtimes } from './aws/Runtimes'
import type { DeployError } from './failure/DeployError'
import type { ExistingRuntime } from './plan/RuntimeRequest'
import { bucketName, roleName } from './resources/ResourceNames'
import { type ControlClient, openControl } from './sdk/ControlClient'

/** What there is of an agent in AWS. */
export type Deployment =
  /** Nothing is recorded, so nothing was looked for. */
  | { readonly _tag: 'None' }
  /** A runtime is recorded, and there is none. */
  | { readonly _tag: 'Missing'; readonly arn: string }
  /** Nothing is recorded, but the account has a runtime with the name of the agent. */
  | { readonly _tag: 'Unrecorded'; readonly arn: string; readonly id: string }
  | {
      readonly _tag: 'Deployed'
      readonly runtime: ExistingRuntime
      readonly endpoints: ReadonlyArray<ListedEndpoint>
      /** The newest first. */
      readonly versions: ReadonlyArray<string>
    }

/** What is asked, and as whom. */
export interface DeployedOptions {
  readonly region: string | undefined
  readonly profile: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
}

/** Looks in the region of the recorded ARN, else in that of the configuration. Left: `NoSdk`, `NoCredentials`, and what AWS refuses. */
export const findDeployed = (agent: AgentConfig, options: DeployedOptions): TE.TaskEither<DeployError, Deployment> => {
  const { agent_arn: arn = '', agent_id: id = '' } = agent.bedrock_agentcore ?? {}
  const [, , , recordedIn = '', , resource = ''] = (arn ?? '').split(':')
  const known = id === null || id === '' ? resource.replace(/^runtime\//, '') : id
  const region = options.region ?? (recordedIn === '' ? (agent.aws?.region ?? '') : recordedIn)
  if (region === '' || (known === '' && !hasBegun(agent, region))) return TE.right({ _tag: 'None' })
  return pipe(
    openControl({ ...options, region }),
    TE.chain((control) => (known === '' ? findByName(control, agent.name) : findById(control, known, arn ?? known))),
  )
}

/** A runtime, by its ARN and what that says. */
export interface RuntimeName {
  readonly arn: string
  readonly region: string
  readonly id: string
}

/** Looks at a runtime of any project. Left: `NoSdk`, `NoCredentials`, and what AWS refuses. */
export const findRuntime = (
  { arn, region, id }: RuntimeName,
  options: Omit<DeployedOptions, 'region'>,
): TE.TaskEither<DeployError, Deployment> =>
  pipe(
    openControl({ ...options, region }),
    TE.chain((control) => findById(control, id, arn)),
  )

/** Whether a deployment has begun and did not come to its runtime: it records what it makes before. */
const hasBegun = ({ name, aws }: AgentConfig, region: string): boolean =>
  (aws?.execution_role ?? '').endsWith(`/${roleName(name, region)}`) ||
  (aws?.s3_path ?? '').startsWith(`s3://${bucketName({ account: aws?.account ?? '', region })}`)

const findById = (control: ControlClient, id: string, arn: string): TE.TaskEither<DeployError, Deployment> =>
  pipe(
    runtimes(control).find(id),
    TE.chain((runtime): TE.TaskEither<DeployError, Deployment> => {
      if (runtime === undefined) return TE.right({ _tag: 'Missing', arn })
      return pipe(
        TE.Do,
        TE.apS('endpoints', endpoints(control).list(id)),
        TE.apS('versions', runtimes(control).versions(id)),
        TE.map((found) => ({ _tag: 'Deployed', runtime, ...found })),
      )
    }),
  )

const findByName = (control: ControlClient, name: string): TE.TaskEither<DeployError, Deployment> =>
  pipe(
    runtimes(control).findByName(name),
    TE.chain((id) => (id === undefined ? TE.right(undefined) : runtimes(control).find(id))),
    TE.map((found): Deployment => {
      const { agentRuntimeArn: arn = '', agentRuntimeId: id = '' } = found ?? {}
      return id === '' ? { _tag: 'None' } : { _tag: 'Unrecorded', arn, id }
    }),
  )
