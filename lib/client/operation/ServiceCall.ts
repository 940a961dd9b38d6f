/**
 * One call of an agent, from its parts to the answer: authorized and sent, sent again where that is safe, an answer that
 * is no success decoded into the failure that it tells.
 *
 * @since 0.2.0
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import type { ReaderTaskEither } from 'fp-ts/ReaderTaskEither'
import type { TaskEither } from 'fp-ts/TaskEither'
import { anything, object, type Shape, string } from '../../core/OptionCheck'
import { parseRetryAfter } from '../../core/RetryAfter'
import { authorize, withoutSecrets } from '../auth/Authorization'
import { correctClock } from '../auth/ClockSkew'
import { readBeginning } from '../response/ResponseBody'
import type { ClientError } from '../error/ClientError'
import type { Environment } from '../transport/Environment'
import { fromLimits } from '../transport/CallLimits'
import { delay } from '../transport/Retry'
import { decode, maxBody } from '../response/ServiceErrorDecoder'
import { type Operation, toUrl, withQualifier } from '../target/Target'
import type { Answer, Bounds, Request } from '../transport/Transport'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** Options of every call. Times are in milliseconds; the defaults are those of the environment. */
export interface CallOptions {
  /** Ends the call, and the stream that it gave, with `Aborted`. */
  readonly signal?: AbortSignal
  /** The name of an endpoint of the agent. */
  readonly qualifier?: string
  readonly connectTimeout?: number
  /** How long the agent may be silent, before its answer and within it; 0 is without limit. */
  readonly idleTimeout?: number
  /** How often the call is tried at most. */
  readonly attempts?: number
}

/** Their shape; times and attempts have a check of their own. */
export const callOptions: Shape<CallOptions> = {
  signal: object,
  qualifier: string,
  connectTimeout: anything,
  idleTimeout: anything,
  attempts: anything,
}

/** A call, checked. */
export interface Call extends Pick<Request, 'method' | 'headers' | 'body'> {
  readonly operation: Operation
  /** Whether it does no harm if it happens twice. */
  readonly isIdempotent: boolean
  readonly options: CallOptions
}

/** A failure, and when the other side wants to be asked again. */
interface FailedAttempt {
  readonly error: ClientError
  readonly retryAfter: O.Option<number>
  /** Whether it has corrected the clock that signatures are dated by. */
  readonly hasCorrectedClock: boolean
}

// ---------------------------------------------------------------------------------------------------------------------
// one attempt
// ---------------------------------------------------------------------------------------------------------------------

const failed = (error: ClientError): FailedAttempt => ({ error, retryAfter: O.none, hasCorrectedClock: false })

const toFailedAttempt = async (
  request: Request,
  { status, headers, body }: Answer,
  env: Environment,
): Promise<FailedAttempt> => {
  const hasCorrectedClock = correctClock(env)({ status, headers })()
  const { bytes } = await readBeginning(maxBody)(body)()
  const text = withoutSecrets(request)(new TextDecoder().decode(bytes))
  return {
    error: decode({ status, headers, body: text }),
    retryAfter: parseRetryAfter(env.now())(headers['retry-after'] ?? ''),
    hasCorrectedClock,
  }
}

const isSuccess = ({ status }: Answer): boolean => status >= 200 && status < 300

const attempt = async <A>(
  env: Environment,
  plain: Request,
  bounds: Bounds,
  read: (answer: Answer) => TaskEither<ClientError, A>,
): Promise<E.Either<FailedAttempt, A>> => {
  const authorized = await authorize(plain)(env)()
  if (E.isLeft(authorized)) return E.left(failed(authorized.left))
  const request = authorized.right
  const answered = await env.transport(request, bounds)()
  if (E.isLeft(answered)) return E.left(failed(answered.left))
  const answer = answered.right
  if (!isSuccess(answer)) return E.left(await toFailedAttempt(request, answer, env))
  return pipe(await read(answer)(), E.mapLeft(failed))
}

// ---------------------------------------------------------------------------------------------------------------------
// a call
// ---------------------------------------------------------------------------------------------------------------------

const toBounds = (env: Environment, { signal, connectTimeout, idleTimeout }: CallOptions): Bounds => ({
  connectTimeout: connectTimeout ?? env.connectTimeout,
  idleTimeout: idleTimeout ?? env.idleTimeout,
  ...(signal === undefined ? {} : { signal }),
})

const urlIn = (env: Environment, { operation, options }: Call): E.Either<ClientError, string> =>
  pipe(env.target, withQualifier(options.qualifier), E.chain(toUrl(operation)))

/**
 * Makes a call and reads its answer, which is a success. Left: everything that can be wrong with the connection or the
 * credentials, what the other side refuses, and what reading gives.
 */
export const call =
  <A>(
    made: Call,
    read: (answer: Answer) => TaskEither<ClientError, A>,
  ): ReaderTaskEither<Environment, ClientError, A> =>
  (env) =>
  async () => {
    const url = pipe(
      fromLimits(made.options),
      E.chain(() => urlIn(env, made)),
    )
    if (E.isLeft(url)) return url
    const { method, headers, body, isIdempotent, options } = made
    const request: Request = { method, url: url.right, headers, body }
    const bounds = toBounds(env, options)
    const attempts = options.attempts ?? env.attempts
    let isClockCorrected = false
    for (let count = 1; ; count++) {
      if (bounds.signal?.aborted === true) return E.left({ _tag: 'Aborted' })
      const outcome = await attempt(env, request, bounds, read)
      if (E.isRight(outcome)) return outcome
      if (outcome.left.hasCorrectedClock && !isClockCorrected && count < attempts) {
        isClockCorrected = true
        continue
      }
      const wait = delay(attempts, env.random())({ ...outcome.left, attempt: count, isIdempotent })
      if (O.isNone(wait)) return E.left(outcome.left.error)
      await env.sleep(wait.value, bounds.signal)()
    }
  }
