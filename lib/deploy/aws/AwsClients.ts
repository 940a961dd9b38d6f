/** The clients of the AWS SDK. They are optional packages, loaded by the command that needs them. */
import type * as Control from '@aws-sdk/client-bedrock-agentcore-control'
import type * as Iam from '@aws-sdk/client-iam'
import type * as S3 from '@aws-sdk/client-s3'
import type * as Sts from '@aws-sdk/client-sts'
import type * as Storage from '@aws-sdk/lib-storage'
import * as TE from 'fp-ts/TaskEither'
import { type DeployError, noSdk, packagingFailed } from '../failure/DeployError'
import { type ClientOptions, toShared } from '../sdk/ClientOptions'
import { isNotInstalled, withoutVersionWarning } from '../sdk/SdkModule'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** The modules of the SDK. */
export interface AwsModules {
  readonly control: typeof Control
  readonly iam: typeof Iam
  readonly s3: typeof S3
  readonly sts: typeof Sts
  readonly storage: typeof Storage
}

/** The clients of one region, with their modules. */
export interface AwsClients {
  readonly modules: AwsModules
  readonly control: Control.BedrockAgentCoreControlClient
  readonly iam: Iam.IAMClient
  readonly s3: S3.S3Client
  readonly sts: Sts.STSClient
}

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

const loaders = {
  '@aws-sdk/client-bedrock-agentcore-control': () => import('@aws-sdk/client-bedrock-agentcore-control'),
  '@aws-sdk/client-iam': () => import('@aws-sdk/client-iam'),
  '@aws-sdk/client-s3': () => import('@aws-sdk/client-s3'),
  '@aws-sdk/client-sts': () => import('@aws-sdk/client-sts'),
  '@aws-sdk/lib-storage': () => import('@aws-sdk/lib-storage'),
} as const

/** The packages of the SDK, as npm names them. */
export const sdkPackages: ReadonlyArray<string> = Object.keys(loaders)

/**
 * Loads the SDK. `more` are packages that the command will need later. Left: `NoSdk` with all packages that are missing,
 * so that one command installs them.
 */
export const loadModules = (more: ReadonlyArray<string> = []): TE.TaskEither<DeployError, AwsModules> =>
  more.some((name) => !isInstalled(name)) ? TE.left(noSdk(missingOf(more))) : modules(more)

const modules = (more: ReadonlyArray<string>): TE.TaskEither<DeployError, AwsModules> =>
  TE.tryCatch(
    withoutVersionWarning(async () => ({
      control: await loaders['@aws-sdk/client-bedrock-agentcore-control'](),
      iam: await loaders['@aws-sdk/client-iam'](),
      s3: await loaders['@aws-sdk/client-s3'](),
      sts: await loaders['@aws-sdk/client-sts'](),
      storage: await loaders['@aws-sdk/lib-storage'](),
    })),
    notLoaded(more),
  )

/** Why a package of the SDK could not be loaded. */
export const notLoaded =
  (more: ReadonlyArray<string>) =>
  (cause: unknown): DeployError =>
    isNotInstalled(cause) ? noSdk(missingOf(more)) : packagingFailed(cause)

const missingOf = (more: ReadonlyArray<string>): ReadonlyArray<string> =>
  [...sdkPackages, ...more].filter((name) => !isInstalled(name))

const isInstalled = (name: string): boolean => {
  try {
    require.resolve(name)
    return true
  } catch {
    return false
  }
}

/** Clients. */
export const createClients =
  (options: ClientOptions) =>
  (modules: AwsModules): AwsClients => {
    const { env } = options
    const shared = toShared(options)
    // Stand-ins for S3 have no host name for each bucket.
    const isElsewhere = [env['AWS_ENDPOINT_URL_S3'], env['AWS_ENDPOINT_URL']].some((url) => (url ?? '') !== '')
    return {
      modules,
      control: new modules.control.BedrockAgentCoreControlClient(shared),
      iam: new modules.iam.IAMClient(shared),
      s3: new modules.s3.S3Client({ ...shared, forcePathStyle: isElsewhere }),
      sts: new modules.sts.STSClient(shared),
    }
  }
