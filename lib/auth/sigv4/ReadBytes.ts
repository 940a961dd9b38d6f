/** Reads the whole body of a request, up to a limit. */
import type { IncomingMessage } from 'node:http'
import * as E from 'fp-ts/Either'
import type * as TE from 'fp-ts/TaskEither'
import { type BodyFault, readBody } from '../../node/exchange/BoundedBody'
import type { Hold } from '../../node/Budget'
import { type AuthError, bodyTooLarge, clientLeft, tooManyBodies } from '../rules/AuthError'

/** Node says so of a request for an upgrade; its types do not know it. */
const isUpgrade = (req: IncomingMessage): boolean => 'upgrade' in req && req.upgrade === true

/** Whether a request has a body: one for an upgrade has none, whatever it says. */
export const hasBody = (req: IncomingMessage): boolean =>
  !isUpgrade(req) && (req.headers['content-length'] !== undefined || req.headers['transfer-encoding'] !== undefined)

const toError = (fault: BodyFault, limit: number): AuthError => {
  switch (fault) {
    case 'too large':
      return bodyTooLarge(limit)
    case 'too many at once':
      return tooManyBodies
    case 'cut off':
      return clientLeft
  }
}

/** Reads the body of a request, as far as all bodies together may be held. */
export const readBytes =
  (limit: number, { take }: Hold) =>
  (req: IncomingMessage): TE.TaskEither<AuthError, Buffer> =>
  () =>
    new Promise((resolve) =>
      readBody(req, { limit, take }, (read) => resolve(E.mapLeft((fault: BodyFault) => toError(fault, limit))(read))),
    )
