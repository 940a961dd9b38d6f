/** Authorizes callers of the data plane. A capability, so that the runtime need not know tokens or signatures. */
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

/** The parts of a request that authorization depends on. */
export interface RequestParts {
  readonly method: string
  /** Path and query, unchanged. */
  readonly target: string
  /** Unchanged: name, value, name, value, … */
  readonly rawHeaders: ReadonlyArray<string>
  readonly isForSocket: boolean
  /** The whole body, which a signature covers. Read only on demand; rejects if it cannot be read. */
  readonly body: Task<Uint8Array>
}

/** An authorized caller. With `jwt` the agent may see the `Authorization` header. */
export interface Granted {
  readonly scheme: 'none' | 'sigv4' | 'jwt'
}

/** An unauthorized caller. */
export type Refusal =
  | { readonly _tag: 'Unauthorized'; readonly message: string }
  | { readonly _tag: 'AccessDenied'; readonly message: string }

/** Decides whether a request is authorized. */
export type Authorize = (request: RequestParts) => TaskEither<Refusal, Granted>

/** An authorized caller, with the body if authorization has read it. */
export interface Caller {
  readonly granted: Granted
  readonly body: Uint8Array | undefined
}

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/** Authorizes the caller of a request. If that requires the body, `hold` holds it until the response. */
export type CheckCaller = (req: IncomingMessage, hold: Hold) => Eventual<ServiceError, Caller>

/** What the check depends on. */
export interface CheckParts {
  /** Undefined if every caller is authorized. */
  readonly authorize: Authorize | undefined
  readonly maxPayload: number
  /** The `WWW-Authenticate` value that says where to get a token, if there is one. */
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

/** A body that is read on demand, at most once. */
const readOnce = (req: IncomingMessage, limit: number, hold: Hold) => {
  let reading: Promise<Read> | undefined
  return {
    read: (): Promise<Read> => (reading ??= readPaused(req, limit, hold)),
    result: (): Promise<Read | undefined> => reading ?? Promise.resolve(undefined),
  }
}

/** Stops reading after a fault: backpressure stops the sender, and nothing is read only to be dropped. */
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
      return throttled('Too many large requests in flight; try again later')
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
