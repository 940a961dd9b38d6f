/** Who may call the data plane: a capability, so that the runtime knows of tokens and signatures no more than their verdict. */
import type { IncomingMessage } from 'node:http'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import type { IO } from 'fp-ts/IO'
import type { Task } from 'fp-ts/Task'
import type { TaskEither } from 'fp-ts/TaskEither'
import type { Hold } from '../../node/Budget'
import type { Eventual } from '../../node/Eventual'
import { type BodyFault, readBody } from '../../node/exchange/BoundedBody'
import { accessDenied, payloadTooLarge, type ServiceError, throttled, unauthorized } from '../service/ServiceError'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** What a verdict is made of. */
export interface RequestParts {
  readonly method: string
  /** Path and query as they came. */
  readonly target: string
  /** As they came: name, value, name, value, … */
  readonly rawHeaders: ReadonlyArray<string>
  readonly isForSocket: boolean
  /** The whole body: a signature covers it. It is read only where it is asked for. Rejects where it cannot be read. */
  readonly body: Task<Uint8Array>
}

/** A caller that may call. Of a JWT's caller the agent may see the `Authorization` header. */
export interface Granted {
  readonly scheme: 'none' | 'sigv4' | 'jwt'
}

/** A caller that may not. */
export type Refusal =
  | { readonly _tag: 'Unauthorized'; readonly message: string }
  | { readonly _tag: 'AccessDenied'; readonly message: string }

/** The verdict on a request. */
export type Authorize = (request: RequestParts) => TaskEither<Refusal, Granted>

/** A caller that may call, and the body if it was read to find that out. */
export interface Caller {
  readonly granted: Granted
  readonly body: Uint8Array | undefined
}

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/** Checks the caller of a request. A body that must be read for that is held by `hold` until the request is answered. */
export type CheckCaller = (req: IncomingMessage, hold: Hold) => Eventual<ServiceError, Caller>

/** What the check works with. */
export interface CheckParts {
  /** Undefined where everyone may call. */
  readonly authorize: Authorize | undefined
  readonly maxPayload: number
  /** The value of `WWW-Authenticate` that tells an unauthorized caller where to get a token, where there is one. */
  readonly challenge: IO<string | undefined>
}

/** The check of an agent's callers. */
export const callerCheck = ({ authorize, maxPayload, challenge }: CheckParts): CheckCaller => {
  if (authorize === undefined) return () => everyone
  return async (req, hold) => {
    const body = readOnce(req, maxPayload, hold)
    const verdict = await authorize(toParts(req, body.read))()
    const read = await body.result()
    return pipe(
      verdict,
      E.bimap(
        (refusal) =>
          read !== undefined && E.isLeft(read) && read.left !== 'cut off'
            ? fromBodyFault(read.left, maxPayload)
            : fromRefusal(refusal, challenge),
        (granted) => ({ granted, body: read === undefined || E.isLeft(read) ? undefined : read.right }),
      ),
    )
  }
}

const everyone: Eventual<never, Caller> = E.right({ granted: { scheme: 'none' }, body: undefined })

type Read = E.Either<BodyFault, Buffer>

/** A body that is read when it is first asked for, and what has come of that. */
const readOnce = (req: IncomingMessage, limit: number, hold: Hold) => {
  let reading: Promise<Read> | undefined
  return {
    read: (): Promise<Read> => (reading ??= readPaused(req, limit, hold)),
    result: (): Promise<Read | undefined> => reading ?? Promise.resolve(undefined),
  }
}

/** Reads no further after a fault: the sender is held up rather than heard out. */
const readPaused = (req: IncomingMessage, limit: number, { take }: Hold): Promise<Read> =>
  new Promise((resolve) =>
    readBody(req, { limit: limit > 0 ? limit : Infinity, take }, (read) => {
      if (E.isLeft(read)) req.pause()
      resolve(read)
    }),
  )

const toParts = (req: IncomingMessage, read: Task<Read>): RequestParts => ({
  method: req.method ?? 'GET',
  target: req.url ?? '/',
  rawHeaders: req.rawHeaders,
  isForSocket: req.headers.upgrade !== undefined,
  body: async () => {
    const body = await read()
    if (E.isLeft(body)) throw new Error(`The body is ${body.left}`)
    return body.right
  },
})

const fromBodyFault = (fault: Exclude<BodyFault, 'cut off'>, maxPayload: number): ServiceError => {
  switch (fault) {
    case 'too large':
      return payloadTooLarge(maxPayload)
    case 'too many at once':
      return throttled('Too many large requests are being read: try again later')
  }
}

const fromRefusal = (refusal: Refusal, challenge: IO<string | undefined>): ServiceError => {
  switch (refusal._tag) {
    case 'Unauthorized':
      return unauthorized(refusal.message, challenge())
    case 'AccessDenied':
      return accessDenied(refusal.message)
  }
}
