/**
 * Everything that a command can fail with, as one closed union. A failure is told in one line, with what to do next;
 * its exit code is 2 where the command was written wrongly, else 1.
 */
import * as Client from '../../client/error/ClientError'
import * as Config from '../../config/ConfigError'
import { errorMessage } from '../../node/SystemError'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** A failure of a command. */
export type CliError =
  /** The command line, or what it leads to, cannot be meant. */
  | { readonly _tag: 'Usage'; readonly message: string; readonly next: string }
  | { readonly _tag: 'Config'; readonly error: Config.ConfigError }
  /** What the client says of an agent, and what to do about it where the command knows. */
  | { readonly _tag: 'Client'; readonly error: Client.ClientError; readonly next: string | undefined }
  /** What a command could not do, with a code for machines, and what more there is to tell. */
  | {
      readonly _tag: 'Failed'
      readonly code: string
      readonly message: string
      readonly next: string
      readonly details?: ReadonlyArray<string>
      readonly cause?: unknown
    }
  | { readonly _tag: 'Cancelled' }
  | { readonly _tag: 'Unexpected'; readonly cause: unknown }

/** A failure in words. */
export interface Explanation {
  readonly exitCode: 1 | 2
  readonly code: string
  readonly message: string
  /** What to do next; empty if there is nothing to say. */
  readonly next: string
  /** Lines that `--verbose` shows, and `--json` has. */
  readonly details: ReadonlyArray<string>
}

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/** The command line is wrong: exit code 2. */
export const usage = (message: string, next: string): CliError => ({ _tag: 'Usage', message, next })

/** The file of the agents is missing or wrong. */
export const config = (error: Config.ConfigError): CliError => ({ _tag: 'Config', error })

/** An agent could not be reached, or has refused. */
export const client = (error: Client.ClientError, next?: string): CliError => ({ _tag: 'Client', error, next })

/** A command could not do its work. */
export const failed = (
  code: string,
  message: string,
  next: string,
  more: { readonly details?: ReadonlyArray<string>; readonly cause?: unknown } = {},
): CliError => ({ _tag: 'Failed', code, message, next, ...more })

/** What a command keeps in the project cannot be kept, or something of the project is in its way. */
export const stateUnusable = (cause: unknown): CliError =>
  failed('STATE_UNUSABLE', `Cannot use .bedrock_agentcore: ${errorMessage(cause)}`, 'remove whatever is in the way', {
    cause,
  })

/** The user broke it off. */
export const cancelled: CliError = { _tag: 'Cancelled' }

/** Something was thrown that nobody thought of. */
export const unexpected = (cause: unknown): CliError => ({ _tag: 'Unexpected', cause })

// ---------------------------------------------------------------------------------------------------------------------
// destructors
// ---------------------------------------------------------------------------------------------------------------------

/** The code of a tag: `NoEngine` is `NO_ENGINE`. */
export const toCode = (tag: string): string => tag.replace(/(?<=.)[A-Z]/g, '_$&').toUpperCase()

/** What to do about a failure of the client, where it does not say so itself. */
const toNextStep = (error: Client.ClientError): string => {
  switch (error._tag) {
    case 'NoCredentials':
      return 'set AWS_PROFILE, or sign in with aws sso login'
    case 'UnauthorizedException':
      return 'get a new token, and pass it with --bearer-token or BEDROCK_AGENTCORE_BEARER_TOKEN'
    case 'AccessDeniedException':
      return 'check that the caller may invoke the agent, and that the agent accepts this kind of authentication'
    case 'RuntimeClientError':
      return 'see the log of the agent; agentcore status --verbose shows where the log of a local one is'
    case 'ResourceNotFoundException':
      return 'check the ARN in .bedrock_agentcore.yaml, and deploy the agent again if it no longer exists'
    case 'InvalidSessionId':
      return 'omit --session-id to continue the last session'
    case 'ConnectionFailed':
    case 'ConnectTimeout':
      return 'check with agentcore status that the agent is running'
    case 'IdleTimeout':
      return 'allow the agent more time with --timeout'
    case 'InvalidArn':
    case 'InvalidRegion':
    case 'RegionMismatch':
    case 'InvalidEndpoint':
    case 'InvalidQualifier':
    case 'InvalidExpiry':
    case 'InvalidToken':
    case 'InvalidParameter':
    case 'Unencodable':
    case 'Aborted':
    case 'Truncated':
    case 'InvalidAnswer':
    case 'ValidationException':
    case 'ServiceQuotaExceededException':
    case 'ConflictException':
    case 'RetryableConflictException':
    case 'ThrottlingException':
    case 'InternalServerException':
    case 'AgentFailure':
    case 'UnexpectedStatus':
    case 'StreamFailure':
    case 'SocketClosed':
      return ''
  }
}

const toLines = (cause: unknown): ReadonlyArray<string> => {
  if (cause === undefined) return []
  const isTraced = typeof cause === 'object' && cause !== null && 'stack' in cause && typeof cause.stack === 'string'
  return (isTraced ? String(cause.stack) : errorMessage(cause)).split('\n')
}

/** Explains a failure, for a terminal and for `--json`. */
export const explain = (error: CliError): Explanation => {
  switch (error._tag) {
    case 'Usage':
      return { exitCode: 2, code: 'USAGE', message: error.message, next: error.next, details: [] }
    case 'Config':
      return {
        exitCode: 1,
        code: `CONFIG_${toCode(error.error._tag)}`,
        ...Config.explain(error.error),
        details: [...Config.faultLines(error.error), ...toLines(Config.cause(error.error))],
      }
    case 'Client':
      return {
        exitCode: 1,
        code: toCode(error.error._tag),
        message: Client.explain(error.error),
        next: error.next ?? toNextStep(error.error),
        details: 'details' in error.error ? [JSON.stringify(error.error.details)] : [],
      }
    case 'Failed':
      return {
        exitCode: 1,
        code: error.code,
        message: error.message,
        next: error.next,
        details: [...(error.details ?? []), ...toLines(error.cause)],
      }
    case 'Cancelled':
      return { exitCode: 1, code: 'CANCELLED', message: 'Cancelled', next: '', details: [] }
    case 'Unexpected':
      return {
        exitCode: 1,
        code: 'UNEXPECTED',
        message: errorMessage(error.cause),
        next: 'this is a bug; run again with --verbose for details',
        details: toLines(error.cause),
      }
  }
}
