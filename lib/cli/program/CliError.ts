/**
 * Everything that a command can fail with, as one closed union. A failure is told in one line, with what to do next;
 * its exit code is 2 where the command was written wrongly, 130 where the user broke it off, else 1.
 */
import * as Client from '../../client/error/ClientError'
import type { LocalFailure } from '../../client/error/LocalFailure'
import * as Config from '../../config/ConfigError'
import { errorMessage, explainSystemError } from '../../node/SystemError'

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
      /** Lines that explain it, such as the last ones of a program that crashed: always shown. */
      readonly output?: ReadonlyArray<string>
      readonly details?: ReadonlyArray<string>
      readonly cause?: unknown
    }
  /** The user broke it off; `next` is what that means for the work that had begun, if it means anything. */
  | { readonly _tag: 'Cancelled'; readonly next: string }
  | { readonly _tag: 'Unexpected'; readonly cause: unknown }

/** A failure in words. */
export interface Explanation {
  /** 130 is what a shell gives to a program that Ctrl-C has ended. */
  readonly exitCode: 1 | 2 | 130
  readonly code: string
  readonly message: string
  /** What to do next; empty if there is nothing to say. */
  readonly next: string
  /** Lines that are always shown. */
  readonly output: ReadonlyArray<string>
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
  more: {
    readonly output?: ReadonlyArray<string>
    readonly details?: ReadonlyArray<string>
    readonly cause?: unknown
  } = {},
): CliError => ({ _tag: 'Failed', code, message, next, ...more })

/** What a command keeps in the project cannot be kept, or something of the project is in its way. */
export const stateUnusable = (cause: unknown): CliError => {
  const { message, next = 'remove whatever is in the way' } = explainSystemError(cause)
  return failed('STATE_UNUSABLE', `Cannot use .bedrock_agentcore: ${message}`, next, { cause })
}

/** The user broke it off, and there is no more to say. */
export const cancelled: CliError = { _tag: 'Cancelled', next: '' }

/** The user broke off work that others do: what becomes of it. */
export const cancelledWith = (next: string): CliError => ({ _tag: 'Cancelled', next })

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
      return error.local === undefined ? 'see the log of the agent' : 'agentcore logs shows what the agent wrote'
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

/** A rejected value and why, a line each: those of `{"path","message"}` as the agent reports them, else the JSON. */
const detailLines = (details: unknown): ReadonlyArray<string> => {
  if (typeof details === 'string') return [details]
  return Array.isArray(details) ? details.map(detailLine) : [JSON.stringify(details) ?? '']
}

const detailLine = (detail: unknown): string => {
  if (typeof detail !== 'object' || detail === null) return JSON.stringify(detail) ?? ''
  const { path, message } = detail as { readonly path?: unknown; readonly message?: unknown } // of any agent: checked
  if (typeof message !== 'string') return JSON.stringify(detail)
  return typeof path === 'string' && path !== '' ? `${path}: ${message}` : message
}

/** What an agent on this machine says of its failure, which AgentCore would tell nobody. */
const localOutput = ({ reason, answer }: LocalFailure): ReadonlyArray<string> => {
  if (answer === undefined) return [`On this machine: ${reason}`]
  const { code, error, details } = answer
  const head = code === undefined ? `The agent: ${error}` : `The agent: ${error} (${code})`
  return [head, ...(details === undefined ? [] : detailLines(details).map((line) => `  ${line}`))]
}

/** The message without its advice to look in CloudWatch, which has no logs of an agent on this machine. */
const withoutCloudWatch = (error: Client.ClientError): Client.ClientError =>
  error._tag === 'RuntimeClientError' && error.local !== undefined
    ? { ...error, message: error.message.replace(/\.? Please check your CloudWatch logs.*$/s, '') }
    : error

/** The lines that explain a failure of the client beyond its message. */
const clientOutput = (error: Client.ClientError): ReadonlyArray<string> => {
  if (error._tag === 'RuntimeClientError') return error.local === undefined ? [] : localOutput(error.local)
  const isTold = error._tag === 'AgentFailure' || error._tag === 'StreamFailure'
  return isTold && error.details !== undefined ? detailLines(error.details) : []
}

/** Explains a failure, for a terminal and for `--json`. */
export const explain = (error: CliError): Explanation => {
  switch (error._tag) {
    case 'Usage':
      return { exitCode: 2, code: 'USAGE', message: error.message, next: error.next, output: [], details: [] }
    case 'Config':
      return {
        exitCode: 1,
        code: `CONFIG_${toCode(error.error._tag)}`,
        ...Config.explain(error.error),
        output: [],
        details: [...Config.faultLines(error.error), ...toLines(Config.cause(error.error))],
      }
    case 'Client': {
      const output = clientOutput(error.error)
      return {
        exitCode: 1,
        code: toCode(error.error._tag),
        message: Client.explain(withoutCloudWatch(error.error)),
        next: error.next ?? toNextStep(error.error),
        output,
        details: output.length === 0 && 'details' in error.error ? [JSON.stringify(error.error.details)] : [],
      }
    }
    case 'Failed':
      return {
        exitCode: 1,
        code: error.code,
        message: error.message,
        next: error.next,
        output: error.output ?? [],
        details: [...(error.details ?? []), ...toLines(error.cause)],
      }
    case 'Cancelled':
      return { exitCode: 130, code: 'CANCELLED', message: 'Cancelled', next: error.next, output: [], details: [] }
    case 'Unexpected':
      return {
        exitCode: 1,
        code: 'UNEXPECTED',
        message: errorMessage(error.cause),
        next: 'this is a bug; run again with --verbose for details',
        output: [],
        details: toLines(error.cause),
      }
  }
}
