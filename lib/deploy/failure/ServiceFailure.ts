/** Lifts calls of the AWS SDK: the one place where its exceptions become failures. */
import * as TE from 'fp-ts/TaskEither'
import { errorCode, errorMessage } from '../../node/SystemError'
import type { DeployError } from './DeployError'

/** Runs a call of an operation, named as its IAM action: `s3:PutObject`. */
export const lift =
  (operation: string) =>
  <A>(call: () => Promise<A>): TE.TaskEither<DeployError, A> =>
    TE.tryCatch(call, (cause) => toFailure(operation, cause))

/** Gives a fallback for failures of some names, such as `NoSuchEntityException`. */
export const orElseNamed =
  <B>(names: ReadonlyArray<string>, fallback: () => TE.TaskEither<DeployError, B>) =>
  <A>(task: TE.TaskEither<DeployError, A>): TE.TaskEither<DeployError, A | B> =>
    TE.orElseW((error: DeployError): TE.TaskEither<DeployError, B> =>
      error._tag === 'ServiceFailed' && names.includes(error.name) ? fallback() : TE.left(error),
    )(task)

const field = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

const isNoCredentials = /^(CredentialsProviderError|TokenProviderError|ProviderError)$/
const isExpired = /^(ExpiredToken|ExpiredTokenException|RequestExpired|TokenRefreshRequired)$/
const isInvalid = /^(UnrecognizedClientException|InvalidClientTokenId|InvalidAccessKeyId|SignatureDoesNotMatch)$/
const isDenied = /^(AccessDenied|AccessDeniedException|UnauthorizedOperation|AllAccessDisabled)$/
const isThrottled = /^(Throttling|ThrottlingException|TooManyRequestsException|SlowDown|RequestLimitExceeded)$/

const isUnreachable = /^(ECONNRESET|ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)$/

const toFailure = (operation: string, cause: unknown): DeployError => {
  const reason = errorMessage(cause).replace(/\s+/g, ' ')
  const metadata = field(cause, '$metadata')
  const status = field(metadata, 'httpStatusCode')
  // HEAD answers have no body, so S3 tells their failures by the status alone.
  const name = textOf(field(cause, 'name')) ?? 'Error'
  const known = name === 'Unknown' || name === 'UnknownError' || name === '403' ? nameOf(status) : name
  if (isNoCredentials.test(known) || isInvalid.test(known)) return { _tag: 'NoCredentials', reason }
  if (isExpired.test(known)) return { _tag: 'CredentialsExpired', reason }
  if (isDenied.test(known)) return { _tag: 'AccessDenied', operation, reason }
  if (isUnreachable.test(errorCode(cause) ?? '') || known === 'TimeoutError')
    return { _tag: 'Unreachable', operation, reason }
  if (isThrottled.test(known)) return { _tag: 'Throttled', operation }
  return { _tag: 'ServiceFailed', operation, name: known, reason, requestId: textOf(field(metadata, 'requestId')) }
}

const nameOf = (status: unknown): string => {
  if (status === 403) return 'Forbidden'
  return status === 404 ? 'NotFound' : `status ${String(status)}`
}
