/**
 * Everything that can go wrong between a client and an agent, as one closed union. `explain` says it to a person, and
 * what to do next; no case holds a secret.
 *
 * @since 0.2.0
 */

import type { LocalFailure } from './LocalFailure'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** What came with a failure that the other side has told. */
export interface Told {
  readonly status: number
  readonly message: string
  readonly requestId: string | undefined
}

/** The failures that the AgentCore data plane names in `x-amzn-ErrorType`. */
export type ServiceErrorName =
  | 'ValidationException'
  | 'UnauthorizedException'
  | 'ServiceQuotaExceededException'
  | 'AccessDeniedException'
  | 'ResourceNotFoundException'
  | 'ConflictException'
  | 'RetryableConflictException'
  | 'RuntimeClientError'
  | 'ThrottlingException'
  | 'InternalServerException'

/** A failure. The first cases are found before anything is sent. */
export type ClientError =
  | { readonly _tag: 'InvalidArn'; readonly arn: string; readonly reason: string }
  | { readonly _tag: 'InvalidRegion'; readonly region: string }
  | { readonly _tag: 'RegionMismatch'; readonly region: string; readonly arnRegion: string }
  | { readonly _tag: 'InvalidEndpoint'; readonly endpoint: string; readonly reason: string }
  | { readonly _tag: 'InvalidQualifier'; readonly qualifier: string }
  | { readonly _tag: 'InvalidSessionId'; readonly reason: string }
  | { readonly _tag: 'InvalidExpiry'; readonly expires: number }
  | { readonly _tag: 'InvalidToken'; readonly reason: string }
  | { readonly _tag: 'InvalidParameter'; readonly name: string; readonly reason: string }
  | { readonly _tag: 'Unencodable'; readonly reason: string }
  | { readonly _tag: 'NoCredentials'; readonly tried: ReadonlyArray<string>; readonly reason: string }
  // the connection
  | { readonly _tag: 'ConnectionFailed'; readonly host: string; readonly reason: string; readonly isSent: boolean }
  | { readonly _tag: 'ConnectTimeout'; readonly host: string; readonly after: number }
  | { readonly _tag: 'IdleTimeout'; readonly after: number }
  | { readonly _tag: 'Aborted' }
  // the answer
  | { readonly _tag: 'Truncated' }
  | { readonly _tag: 'InvalidAnswer'; readonly reason: string }
  | ({ readonly _tag: ServiceErrorName } & Told & { readonly local?: LocalFailure })
  | ({ readonly _tag: 'AgentFailure'; readonly code: string; readonly details?: unknown } & Told)
  | ({ readonly _tag: 'UnexpectedStatus' } & Told)
  | {
      readonly _tag: 'StreamFailure'
      readonly code: string
      readonly message: string
      readonly requestId?: string
      readonly details?: unknown
    }
  | { readonly _tag: 'SocketClosed'; readonly closeCode: number; readonly reason: string }

// ---------------------------------------------------------------------------------------------------------------------
// destructors
// ---------------------------------------------------------------------------------------------------------------------

const withId = (text: string, requestId: string | undefined): string =>
  requestId === undefined ? text : `${text} (request ${requestId})`

/**
 * Explains a failure in one line, and what to do about it. The line holds no secret.
 *
 * @example
 * ```ts
 * import { ClientError } from 'agentcore-fp/client'
 *
 * export const line = ClientError.explain({ _tag: 'InvalidRegion', region: 'mars' })
 * ```
 */
export const explain = (error: ClientError): string => {
  switch (error._tag) {
    case 'InvalidArn':
      return `"${error.arn}" is not the ARN of an agent runtime: ${error.reason}`
    case 'InvalidRegion':
      return `"${error.region}" is not an AWS region: expected a name such as us-west-2`
    case 'RegionMismatch':
      return `The region ${error.region} does not match the ARN, which is in ${error.arnRegion}: omit the region`
    case 'InvalidEndpoint':
      return `"${error.endpoint}" is not an endpoint: ${error.reason}`
    case 'InvalidQualifier':
      return `"${error.qualifier}" is not the name of an endpoint: a letter, then at most 47 letters, digits and _`
    case 'InvalidSessionId':
      return `Invalid session id: ${error.reason}; derive one from any text with SessionId.derive`
    case 'InvalidExpiry':
      return `Invalid expiry ${error.expires}: expected 1 to 300 whole seconds`
    case 'InvalidToken':
      return `Invalid bearer token: ${error.reason}`
    case 'InvalidParameter':
      return `Invalid ${error.name}: ${error.reason}`
    case 'Unencodable':
      return `The payload cannot be encoded as JSON: ${error.reason}`
    case 'NoCredentials':
      return `No AWS credentials: ${error.reason}; tried ${error.tried.join(', ')}`
    case 'ConnectionFailed':
      return `Could not reach ${error.host}: ${error.reason}`
    case 'ConnectTimeout':
      return `Could not connect to ${error.host} within ${error.after} ms: check that it is running and reachable`
    case 'IdleTimeout':
      return `No data received for ${error.after} ms: raise idleTimeout if the agent needs longer`
    case 'Aborted':
      return 'The request was aborted'
    case 'Truncated':
      return 'The response ended before it was complete'
    case 'InvalidAnswer':
      return `Invalid response: ${error.reason}`
    case 'ValidationException':
    case 'UnauthorizedException':
    case 'ServiceQuotaExceededException':
    case 'AccessDeniedException':
    case 'ResourceNotFoundException':
    case 'ConflictException':
    case 'RetryableConflictException':
    case 'RuntimeClientError':
    case 'ThrottlingException':
    case 'InternalServerException':
      return withId(`${error._tag}: ${error.message}`, error.requestId)
    case 'AgentFailure':
      return withId(`The agent responded with ${error.status} ${error.code}: ${error.message}`, error.requestId)
    case 'UnexpectedStatus':
      return withId(`Unexpected status ${error.status}: ${error.message}`, error.requestId)
    case 'StreamFailure':
      return withId(`The stream failed with ${error.code}: ${error.message}`, error.requestId)
    case 'SocketClosed':
      return `The socket was closed with code ${error.closeCode}${error.reason === '' ? '' : `: ${error.reason}`}`
  }
}
