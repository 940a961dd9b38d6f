/** Reads the whole body of a request, up to a limit. */
import type { IncomingMessage } from 'node:http'
import * as E from 'fp-ts/Either'
import type * as TE from 'fp-ts/TaskEither'
import type { Hold } from '../../node/Budget'
import { type AuthError, bodyTooLarge, clientLeft, tooManyBodies } from '../rules/AuthError'

/** Node says so of a request for an upgrade; its types do not know it. */
const isUpgrade = (req: IncomingMessage): boolean => 'upgrade' in req && req.upgrade === true

/** Whether a request has a body: one for an upgrade has none, whatever it says. */
export const hasBody = (req: IncomingMessage): boolean =>
  !isUpgrade(req) && (req.headers['content-length'] !== undefined || req.headers['transfer-encoding'] !== undefined)

/**
 * Reads the body of a request, as far as all bodies together may be held. What comes after a refusal is read and thrown
 * away, so that the client sees the answer.
 */
export const readBytes =
  (limit: number, hold: Hold) =>
  (req: IncomingMessage): TE.TaskEither<AuthError, Buffer> =>
  () =>
    new Promise((resolve) => {
      if (Number(req.headers['content-length']) > limit) return resolve(E.left(bodyTooLarge(limit)))
      if (req.destroyed) return resolve(E.left(clientLeft))
      const parts: Array<Buffer> = []
      let size = 0
      let isRefused = false
      const refuse = (error: AuthError): void => {
        isRefused = true
        parts.length = 0
        resolve(E.left(error))
      }
      req.on('data', (part: Buffer) => {
        if (isRefused) return
        size += part.length
        if (size > limit) return refuse(bodyTooLarge(limit))
        if (!hold.take(part.length)) return refuse(tooManyBodies)
        parts.push(part)
      })
      req.on('end', () => resolve(E.right(Buffer.concat(parts))))
      req.on('close', () => resolve(E.left(clientLeft))) // after `end` it says nothing new
    })
