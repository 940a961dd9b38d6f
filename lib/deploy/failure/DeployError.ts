/** Every failure of a deployment, as one closed union. `explain` says what is wrong and what to do. */
import * as Config from '../../config/ConfigError'
import { errorMessage } from '../../node/SystemError'
import type { Explanation } from './Explanation'
import { explainImage, type ImageError } from './ImageError'

export type { Explanation } from './Explanation'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** A file and its size in bytes. */
export interface Weight {
  readonly name: string
  readonly bytes: number
}

/** A failure of a deployment. */
export type DeployError =
  /** The AWS SDK is an optional dependency. */
  | { readonly _tag: 'NoSdk'; readonly packages: ReadonlyArray<string> }
  | { readonly _tag: 'NoCredentials'; readonly reason: string }
  | { readonly _tag: 'CredentialsExpired'; readonly reason: string }
  /** `operation` is the name of the IAM action: `iam:CreateRole`. */
  | { readonly _tag: 'AccessDenied'; readonly operation: string; readonly reason: string }
  | { readonly _tag: 'Throttled'; readonly operation: string }
  /** No response, or none that was complete. */
  | { readonly _tag: 'Unreachable'; readonly operation: string; readonly reason: string }
  | {
      readonly _tag: 'ServiceFailed'
      readonly operation: string
      /** The name of the exception, such as `ValidationException`. */
      readonly name: string
      readonly reason: string
      readonly requestId: string | undefined
    }
  | { readonly _tag: 'InvalidSettings'; readonly field: string; readonly reason: string; readonly next: string }
  | { readonly _tag: 'WrongAccount'; readonly configured: string; readonly actual: string }
  | { readonly _tag: 'ForeignBucket'; readonly bucket: string }
  | { readonly _tag: 'NameTaken'; readonly name: string; readonly id: string | undefined }
  /** An ARN that names no runtime of the account. */
  | { readonly _tag: 'RuntimeMissing'; readonly arn: string }
  /** `known` are the versions that there are, the newest first. */
  | { readonly _tag: 'UnknownVersion'; readonly version: string; readonly known: ReadonlyArray<string> }
  | { readonly _tag: 'NotDeployed'; readonly agent: string }
  | {
      readonly _tag: 'RuntimeFailed'
      readonly what: string
      readonly status: string
      readonly reason: string
      readonly logGroup: string
    }
  | { readonly _tag: 'NotReady'; readonly what: string; readonly seconds: number }
  | {
      readonly _tag: 'TooLarge'
      readonly what: 'zipped' | 'unzipped' | 'in the build context'
      readonly bytes: number
      readonly most: number
      readonly heaviest: ReadonlyArray<Weight>
    }
  /** Machine code that does not run on linux-arm64. */
  | { readonly _tag: 'WrongMachine'; readonly files: ReadonlyArray<string>; readonly packages: ReadonlyArray<string> }
  /** An `engines.node` that leaves out Node 22. */
  | { readonly _tag: 'NodeRefused'; readonly package: string; readonly range: string }
  | { readonly _tag: 'PackageMissing'; readonly name: string; readonly neededBy: string }
  | { readonly _tag: 'PackagingFailed'; readonly cause: unknown }
  | { readonly _tag: 'StateUnsaved'; readonly error: Config.ConfigError }
  | ImageError
  | { readonly _tag: 'Interrupted' }

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/** Packages of the AWS SDK are not installed. */
export const noSdk = (packages: ReadonlyArray<string>): DeployError => ({ _tag: 'NoSdk', packages })

/** The configuration asks for something that the service does not take. */
export const invalidSettings = (field: string, reason: string, next: string): DeployError => ({
  _tag: 'InvalidSettings',
  field,
  reason,
  next,
})

/** The account of the credentials is not that of the configuration. */
export const wrongAccount = (configured: string, actual: string): DeployError => ({
  _tag: 'WrongAccount',
  configured,
  actual,
})

/** A bucket of that name belongs to another account. */
export const foreignBucket = (bucket: string): DeployError => ({ _tag: 'ForeignBucket', bucket })

/** The account has a runtime of that name that this project does not know. */
export const nameTaken = (name: string, id?: string): DeployError => ({ _tag: 'NameTaken', name, id })

/** There is no runtime with an ARN. */
export const runtimeMissing = (arn: string): DeployError => ({ _tag: 'RuntimeMissing', arn })

/** A runtime has no such version. */
export const unknownVersion = (version: string, known: ReadonlyArray<string>): DeployError => ({
  _tag: 'UnknownVersion',
  version,
  known,
})

/** The agent has no runtime. */
export const notDeployed = (agent: string): DeployError => ({ _tag: 'NotDeployed', agent })

/** A runtime or an endpoint could not be made. */
export const runtimeFailed = (what: string, status: string, reason: string, logGroup: string): DeployError => ({
  _tag: 'RuntimeFailed',
  what,
  status,
  reason,
  logGroup,
})

/** It takes longer than anyone waits. */
export const notReady = (what: string, seconds: number): DeployError => ({ _tag: 'NotReady', what, seconds })

/** Packaging failed in a way that nobody thought of. */
export const packagingFailed = (cause: unknown): DeployError => ({ _tag: 'PackagingFailed', cause })

/** `.bedrock_agentcore.yaml` could not be written. */
export const stateUnsaved = (error: Config.ConfigError): DeployError => ({ _tag: 'StateUnsaved', error })

/** The user broke it off. */
export const interrupted: DeployError = { _tag: 'Interrupted' }

// ---------------------------------------------------------------------------------------------------------------------
// destructors
// ---------------------------------------------------------------------------------------------------------------------

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`

/** Explains a failure. */
export const explain = (error: DeployError): Explanation => {
  switch (error._tag) {
    case 'NoSdk':
      return {
        message: `This needs the AWS SDK, of which ${error.packages.join(', ')} ${error.packages.length === 1 ? 'is' : 'are'} not installed`,
        next: `run npm install --save-dev ${error.packages.join(' ')}`,
        details: [],
      }
    case 'NoCredentials':
      return {
        message: 'No AWS credentials found',
        next: 'set AWS_PROFILE or pass --profile, or sign in with aws sso login',
        details: [error.reason],
      }
    case 'CredentialsExpired':
      return {
        message: 'The AWS credentials have expired',
        next: 'sign in again, for example with aws sso login, and run the command again: it goes on where it stopped',
        details: [error.reason],
      }
    case 'AccessDenied':
      return {
        message: `The AWS credentials do not allow ${error.operation}`,
        next: 'add the permissions of the page "Deploy" of the manual to the user or role',
        details: [error.reason],
      }
    case 'Throttled':
      return {
        message: `AWS throttled ${error.operation} again and again`,
        next: 'run the command again in a minute: it goes on where it stopped',
        details: [],
      }
    case 'Unreachable':
      return {
        message: `Could not reach AWS (${error.operation}): ${error.reason}`,
        next: 'check the network, the region and AWS_ENDPOINT_URL, and run the command again: it goes on where it stopped',
        details: [],
      }
    case 'ServiceFailed':
      return {
        message: `${error.operation} failed: ${error.reason} (${error.name})`,
        next: '',
        details: error.requestId === undefined ? [] : [`AWS request id ${error.requestId}`],
      }
    case 'InvalidSettings':
      return { message: `${error.field}: ${error.reason}`, next: error.next, details: [] }
    case 'WrongAccount':
      return {
        message: `The agent is configured for the account ${error.configured}, but the credentials are of ${error.actual}`,
        next: 'use the credentials of that account, or remove aws.account from .bedrock_agentcore.yaml',
        details: [],
      }
    case 'ForeignBucket':
      return {
        message: `The bucket ${error.bucket} is not yours, or the credentials may not see it`,
        next: 'set aws.s3_path in .bedrock_agentcore.yaml to a bucket of this account',
        details: [],
      }
    case 'NameTaken':
      return {
        message: `The account already has an agent runtime named ${error.name}${error.id === undefined ? '' : ` (${error.id})`}, which this project did not deploy`,
        next: 'pass --auto-update-on-conflict to take it over, or choose another name with agentcore configure --name',
        details: [],
      }
    case 'RuntimeMissing':
      return {
        message: `There is no agent runtime ${error.arn} in this account`,
        next: 'check the ARN, the region and the credentials: aws bedrock-agentcore-control list-agent-runtimes lists what there is',
        details: [],
      }
    case 'UnknownVersion':
      return {
        message: `The agent runtime has no version ${error.version}`,
        next: `pass one of its versions to --version: ${error.known.slice(0, 10).join(', ')}${error.known.length > 10 ? ', …' : ''}`,
        details: [],
      }
    case 'NotDeployed':
      return { message: `${error.agent} is not deployed`, next: 'run agentcore deploy first', details: [] }
    case 'RuntimeFailed':
      return {
        message: `${error.what} is ${error.status}${error.reason === '' ? '' : `: ${error.reason}`}`,
        next: `fix what it reports and deploy again; the output of the agent is in the log group ${error.logGroup}`,
        details: [],
      }
    case 'NotReady':
      return {
        message: `${error.what} is not ready after ${error.seconds} seconds`,
        next: 'see agentcore status; deploying again goes on waiting',
        details: [],
      }
    case 'TooLarge':
      return {
        message: `The code is too large: ${megabytes(error.bytes)} ${error.what}, and the limit is ${megabytes(error.most)}`,
        next:
          error.what === 'in the build context'
            ? 'leave files out in .dockerignore'
            : 'leave files out with --exclude, or deploy a container',
        details: error.heaviest.map(({ name, bytes }) => `${megabytes(bytes)}  ${name}`),
      }
    case 'WrongMachine':
      return {
        message: `Machine code for another machine than linux-arm64, on which AgentCore runs: ${error.files.slice(0, 3).join(', ')}${error.files.length > 3 ? ` and ${error.files.length - 3} more` : ''}`,
        next: `install the packages for it: npm install --no-save --os=linux --cpu=arm64 --libc=glibc ${error.packages.join(' ')}`,
        details: error.files,
      }
    case 'NodeRefused':
      return {
        message: `${error.package} wants Node ${error.range}, and AgentCore runs Node 22`,
        next: 'change engines.node of its package.json so that it admits 22, or use another version of it',
        details: [],
      }
    case 'PackageMissing':
      return {
        message: `${error.name} is not installed, but ${error.neededBy} needs it`,
        next: `run npm install ${error.name}`,
        details: [],
      }
    case 'PackagingFailed':
      return { message: `Could not package the code: ${errorMessage(error.cause)}`, next: '', details: [] }
    case 'StateUnsaved': {
      const { message, next } = Config.explain(error.error)
      return { message: `Could not record the deployment: ${message}`, next, details: Config.faultLines(error.error) }
    }
    case 'Interrupted':
      return { message: 'Cancelled', next: 'run the command again: it goes on where it stopped', details: [] }
    case 'ImageTagTaken':
    case 'BuildFailed':
    case 'ImageFailed':
    case 'LoginRefused':
    case 'PushFailed':
    case 'ImageMissing':
      return explainImage(error)
  }
}
