/** What to do about a failure of a deployed agent, where the response of AgentCore alone does not say it. */
import type { ClientError } from '../../client/error/ClientError'

/** How the agent was called. */
export interface DeployedCall {
  /** The flags that name the agent in commands to paste, such as ` --agent hello --endpoint prod`. */
  readonly which: string
  readonly hasToken: boolean
}

/** The next step; undefined where the failure says it itself. */
export const deployedHint = (error: ClientError, { which, hasToken }: DeployedCall): string | undefined => {
  switch (error._tag) {
    case 'RuntimeClientError':
      if (error.local !== undefined) return undefined // a runtime of this machine stands in for AWS
      return /initialization/i.test(error.message)
        ? `the agent took too long to start: agentcore logs${which} shows how far it came`
        : `agentcore logs${which} shows what the agent wrote`
    case 'AccessDeniedException':
      return /method mismatch/i.test(error.message) ? mismatch(hasToken) : undefined
    case 'ValidationException':
      return /mmds/i.test(error.message)
        ? 'the runtime does not require MMDSv2, which AgentCore demands: agentcore deploy sets it'
        : undefined
    case 'ResourceNotFoundException':
      return `check the ARN and the endpoint: agentcore status lists the endpoints; agentcore deploy creates what is missing`
    case 'ServiceQuotaExceededException':
      return 'stop sessions that are no longer needed with agentcore stop-session, or ask AWS for a higher quota'
    case 'ConflictException':
    case 'RetryableConflictException':
      return 'the session is being started or stopped: try again in a moment, or use --new-session'
    case 'ThrottlingException':
      return 'AWS limits the rate of calls: try again in a moment'
    case 'InternalServerException':
      return 'this is a failure of AgentCore: try again in a moment'
    case 'UnauthorizedException':
    case 'InvalidArn':
    case 'InvalidRegion':
    case 'RegionMismatch':
    case 'InvalidEndpoint':
    case 'InvalidQualifier':
    case 'InvalidSessionId':
    case 'InvalidExpiry':
    case 'InvalidToken':
    case 'InvalidParameter':
    case 'Unencodable':
    case 'NoCredentials':
    case 'ConnectionFailed':
    case 'ConnectTimeout':
    case 'IdleTimeout':
    case 'Aborted':
    case 'Truncated':
    case 'InvalidAnswer':
    case 'AgentFailure':
    case 'UnexpectedStatus':
    case 'StreamFailure':
    case 'SocketClosed':
      return undefined
  }
}

const mismatch = (hasToken: boolean): string =>
  hasToken
    ? 'the agent accepts callers with AWS credentials: call it without a bearer token'
    : 'the agent accepts bearer tokens: pass --bearer-token, or set BEDROCK_AGENTCORE_BEARER_TOKEN'
