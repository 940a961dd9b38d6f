/**
 * Mutual proof, between a command and a local runtime, that both know the secret in the runtime's record, without
 * sending it: the command sends a nonce with a proof, the runtime responds with its own proof over the same nonce.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

/** The header of the challenge, on the request and the response. */
export const controlHeader = 'x-agentcore-control'

/** A new secret for a runtime. */
export const newControl = (): string => randomBytes(32).toString('base64url')

const toProof = (control: string, side: 'command' | 'runtime', nonce: string): string =>
  createHmac('sha256', control).update(`${side} ${nonce}`).digest('base64url')

const isEqual = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a, 'latin1'), Buffer.from(b, 'latin1'))

/** A challenge: the header to send, and whether a response proves knowledge of the secret. */
export interface Question {
  readonly field: string
  readonly isAnsweredBy: (field: string | null) => boolean
}

/** A new challenge. */
export const question = (control: string): Question => {
  const nonce = randomBytes(18).toString('base64url')
  return {
    field: `${nonce}.${toProof(control, 'command', nonce)}`,
    isAnsweredBy: (field) => field !== null && isEqual(field, toProof(control, 'runtime', nonce)),
  }
}

/** The response to a valid challenge; undefined if the sender does not know the secret. */
export const answerTo = (
  control: string | undefined,
  field: string | ReadonlyArray<string> | undefined,
): string | undefined => {
  if (control === undefined || typeof field !== 'string') return undefined
  const [nonce = '', proof = '', ...rest] = field.split('.', 3)
  const isKnown = nonce !== '' && rest.length === 0 && isEqual(proof, toProof(control, 'command', nonce))
  return isKnown ? toProof(control, 'runtime', nonce) : undefined
}
