/** The clients of the AWS SDK that containers need. Each is loaded by its first use: deploying code needs none of them. */
import type * as CodeBuild from '@aws-sdk/client-codebuild'
import type * as Ecr from '@aws-sdk/client-ecr'
import type * as Logs from '@aws-sdk/client-cloudwatch-logs'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { notLoaded } from '../aws/AwsClients'
import type { DeployError } from '../failure/DeployError'
import { lift } from '../failure/ServiceFailure'
import { type ClientOptions, toShared } from '../sdk/ClientOptions'
import { withoutVersionWarning } from '../sdk/SdkModule'

/** A client with its module, loaded once. */
export type Lazy<Module, Client> = TE.TaskEither<DeployError, { readonly module: Module; readonly client: Client }>

/** The clients of one region. */
export interface BuildClients {
  readonly ecr: Lazy<typeof Ecr, Ecr.ECRClient>
  readonly codebuild: Lazy<typeof CodeBuild, CodeBuild.CodeBuildClient>
  readonly logs: Lazy<typeof Logs, Logs.CloudWatchLogsClient>
}

/** The packages that push an image, and those that have one built in the cloud. */
export const registryPackages: ReadonlyArray<string> = ['@aws-sdk/client-ecr']
export const buildPackages: ReadonlyArray<string> = [
  ...registryPackages,
  '@aws-sdk/client-codebuild',
  '@aws-sdk/client-cloudwatch-logs',
]

const lazily = <Module, Client>(
  load: () => Promise<Module>,
  create: (module: Module) => Client,
): Lazy<Module, Client> => {
  const state: { loading: ReturnType<Lazy<Module, Client>> | undefined } = { loading: undefined }
  const loaded = pipe(
    TE.tryCatch(withoutVersionWarning(load), notLoaded(buildPackages)),
    TE.map((module) => ({ module, client: create(module) })),
  )
  return () => (state.loading ??= loaded())
}

/** Clients, none of which is loaded yet. */
export const createBuildClients = (options: ClientOptions): BuildClients => {
  const shared = toShared(options)
  return {
    ecr: lazily(
      () => import('@aws-sdk/client-ecr'),
      ({ ECRClient }) => new ECRClient(shared),
    ),
    codebuild: lazily(
      () => import('@aws-sdk/client-codebuild'),
      ({ CodeBuildClient }) => new CodeBuildClient(shared),
    ),
    logs: lazily(
      () => import('@aws-sdk/client-cloudwatch-logs'),
      ({ CloudWatchLogsClient }) => new CloudWatchLogsClient(shared),
    ),
  }
}

/** Runs calls of a client, each named as its IAM action. */
export const callWith =
  <Module, Client>(clients: Lazy<Module, Client>) =>
  (operation: string) =>
  <A>(run: (client: Client, module: Module) => Promise<A>): TE.TaskEither<DeployError, A> =>
    pipe(
      clients,
      TE.chain(({ client, module }) => lift(operation)(() => run(client, module))),
    )
