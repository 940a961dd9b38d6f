/**
 * When a call that failed is made again, and after how long: a pure decision. Only what is safe is repeated: what was
 * never sent, what the service asks to be sent again, and the rest only where a call may happen twice.
 *
 * @since 0.2.0
 */
import * as O from 'fp-ts/Option'
import type { ClientError } from '../error/ClientError'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** A failed attempt. */
export interface Failed {
  readonly error: ClientError
  /** 1 for the first. */
  readonly attempt: number
  /** Whether the call may happen twice. */
  readonly isIdempotent: boolean
  /** What the answer's `Retry-After` asks for, in milliseconds. */
  readonly retryAfter: O.Option<number>
}

/** The wait before the second attempt is at most this long, and twice as long before each after it, in milliseconds. */
export const base = 100

/** No wait is longer, in milliseconds. Who asks for a longer one is not asked again. */
export const longest = 20_000

// ---------------------------------------------------------------------------------------------------------------------
// destructors
// ---------------------------------------------------------------------------------------------------------------------

/** Whether a failure may pass, and the call can be made again without harm. */
export const isRetryable = ({ error, isIdempotent }: Pick<Failed, 'error' | 'isIdempotent'>): boolean => {
  switch (error._tag) {
    case 'RetryableConflictException':
    case 'ThrottlingException':
    case 'ConnectTimeout':
      return true
    case 'ConnectionFailed':
      return isIdempotent || !error.isSent
    case 'Truncated':
    case 'InternalServerException':
      return isIdempotent
    case 'AgentFailure':
    case 'UnexpectedStatus':
      return error.status === 429 || (isIdempotent && error.status >= 500)
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
    case 'IdleTimeout':
    case 'Aborted':
    case 'InvalidAnswer':
    case 'ValidationException':
    case 'UnauthorizedException':
    case 'ServiceQuotaExceededException':
    case 'AccessDeniedException':
    case 'ResourceNotFoundException':
    case 'ConflictException':
    case 'RuntimeClientError':
    case 'StreamFailure':
    case 'SocketClosed':
      return false
  }
}

/**
 * How long to wait before the next attempt, in milliseconds; none if this was the last. The wait is a random part of
 * what doubles with each attempt, so that clients which failed together do not come back together; never less than
 * `Retry-After`. `random` is at least 0 and below 1.
 */
export const delay =
  (attempts: number, random: number) =>
  (failed: Failed): O.Option<number> => {
    if (failed.attempt >= attempts || !isRetryable(failed)) return O.none
    const jittered = random * Math.min(longest, base * 2 ** (failed.attempt - 1))
    const wait = Math.max(jittered, O.getOrElse(() => 0)(failed.retryAfter))
    return wait <= longest ? O.some(wait) : O.none
  }
