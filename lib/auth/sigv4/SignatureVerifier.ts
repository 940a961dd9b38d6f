/**
 * Verifies AWS Signature Version 4, of header fields or of a presigned URL: pure, given the request as it was sent, the
 * credentials and the time. In two steps, so that a body is read only where all else is in order.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import { type AuthError, signatureRefused } from '../rules/AuthError'
import { canonicalRequest, type Signable } from './CanonicalRequest'
import { algorithm, type Proof, parseProof, type ParsedRequest, type SentRequest, parseRequest } from './SignatureProof'
import { unsignedHeader } from './SignedHeaders'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** The key that a caller signs with. */
export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Of temporary credentials: then the caller must send it. */
  readonly sessionToken?: string
  /** When they end. */
  readonly expiration?: Date
}

/** Who is let in, and what they must have signed for. */
export interface SignatureRules {
  readonly credentials: ReadonlyArray<Credentials>
  readonly regions: ReadonlyArray<string>
  readonly service: string
  /** For how many seconds a presigned URL may be good. */
  readonly maxExpires: number
}

/** Who has signed a request. */
export interface Caller {
  readonly accessKeyId: string
  readonly region: string
  readonly service: string
  /** When, in milliseconds since the epoch. */
  readonly signedAt: number
  readonly isPresigned: boolean
}

/** A request that is in order, but for its signature, which depends on its body. */
export interface Pending {
  readonly caller: Caller
  /** Checks the signature, given SHA-256 of the body in hexadecimal. */
  readonly verify: (bodyHash: string) => E.Either<AuthError, Caller>
}

// ---------------------------------------------------------------------------------------------------------------------
// refusals
// ---------------------------------------------------------------------------------------------------------------------

const invalid = (reason: string): E.Either<AuthError, never> =>
  E.left(signatureRefused('InvalidSignatureException', reason))

const unrecognized: E.Either<AuthError, never> = E.left(
  signatureRefused('UnrecognizedClientException', 'The security token included in the request is invalid.'),
)

const expired: E.Either<AuthError, never> = E.left(
  signatureRefused('ExpiredTokenException', 'The security token included in the request is expired'),
)

const mismatch = invalid(
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.',
)

// ---------------------------------------------------------------------------------------------------------------------
// checks
// ---------------------------------------------------------------------------------------------------------------------

const minutes = 60_000

/** How far the clocks may be apart. */
const skew = 5 * minutes

const stamp = (at: number): string => new Date(at).toISOString().replace(/[-:]|\.\d+/g, '')

const checkScope =
  ({ regions, service }: SignatureRules) =>
  (proof: Proof): E.Either<AuthError, Proof> => {
    if (proof.terminator !== 'aws4_request')
      return invalid("Credential should be scoped with a valid terminator: 'aws4_request'.")
    if (!regions.includes(proof.region)) return invalid('Credential should be scoped to a valid region.')
    if (proof.service !== service) return invalid(`Credential should be scoped to correct service: '${service}'.`)
    return proof.scopeDate === stamp(proof.signedAt).slice(0, 8)
      ? E.right(proof)
      : invalid('Date in Credential scope does not match the date of the request.')
  }

const checkDate =
  (now: number, { maxExpires }: SignatureRules) =>
  (proof: Proof): E.Either<AuthError, Proof> => {
    const { signedAt, expires } = proof
    if (signedAt > now + skew)
      return invalid(`Signature not yet current: ${stamp(signedAt)} is still later than ${stamp(now)} (5 min.)`)
    if (expires !== undefined && (expires < 1 || expires > maxExpires))
      return invalid(`X-Amz-Expires must be from 1 to ${maxExpires} seconds.`)
    const end = signedAt + (expires === undefined ? skew : expires * 1000)
    return now <= end ? E.right(proof) : invalid(`Signature expired: ${stamp(end)} is now earlier than ${stamp(now)}`)
  }

const checkHeaders =
  (sent: ParsedRequest) =>
  (proof: Proof): E.Either<AuthError, Proof> => {
    if (proof.signed.some((name) => !sent.fields.has(name))) return invalid('A signed header is missing.')
    const unsigned = unsignedHeader(sent, proof.signed, proof.expires !== undefined)
    return unsigned === undefined
      ? E.right(proof)
      : invalid(`'${unsigned}' must be a 'SignedHeader' in the AWS Authorization.`)
  }

const checkBody = (proof: Proof): E.Either<AuthError, Proof> => {
  const { contentSha256: said } = proof
  if (said === undefined || /^[0-9a-f]{64}$/.test(said)) return E.right(proof)
  return said === 'UNSIGNED-PAYLOAD'
    ? invalid('The body must be signed: UNSIGNED-PAYLOAD is not supported.')
    : said.startsWith('STREAMING-')
      ? invalid('The body must be signed as a whole: streaming payloads are not supported.')
      : invalid('x-amz-content-sha256 must be a SHA-256 hash.')
}

const digest = (text: string): Buffer => createHash('sha256').update(text, 'utf8').digest()

const isSame = (a: string, b: string): boolean => timingSafeEqual(digest(a), digest(b))

const checkCredentials =
  (now: number, { credentials }: SignatureRules) =>
  ({ accessKeyId, securityToken }: Proof): E.Either<AuthError, Credentials> => {
    const known = credentials.filter((one) => one.accessKeyId === accessKeyId)
    const found = known.find(({ sessionToken }) => isSame(sessionToken ?? '', securityToken ?? ''))
    if (found === undefined) return unrecognized
    return found.expiration === undefined || found.expiration.getTime() > now ? E.right(found) : expired
  }

// ---------------------------------------------------------------------------------------------------------------------
// the signature
// ---------------------------------------------------------------------------------------------------------------------

const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text, 'utf8').digest()

/** The signature of a request. */
const sign = (
  secret: string,
  { scopeDate, region, service, terminator, signedAt }: Proof,
  request: Signable,
): Buffer => {
  const scope = [scopeDate, region, service, terminator]
  const hash = createHash('sha256').update(canonicalRequest(request), 'latin1').digest('hex')
  const key = scope.reduce<string | Buffer>(hmac, `AWS4${secret}`)
  return hmac(key, [algorithm, stamp(signedAt), scope.join('/'), hash].join('\n'))
}

/** A request in order but for its signature. Left: a name of AWS and what is wrong, never what was sent. */
export const checkRequest =
  (rules: SignatureRules, now: number) =>
  (request: SentRequest): E.Either<AuthError, Pending> => {
    const sent = parseRequest(request)
    return pipe(
      parseProof(sent),
      E.chain(checkScope(rules)),
      E.chain(checkDate(now, rules)),
      E.chain(checkHeaders(sent)),
      E.chain(checkBody),
      E.bindTo('proof'),
      E.bind('credentials', ({ proof }) => checkCredentials(now, rules)(proof)),
      E.chain(({ proof, credentials: { secretAccessKey } }) => {
        const { accessKeyId, region, service, signedAt, expires, contentSha256 } = proof
        const isPresigned = expires !== undefined
        const caller: Caller = Object.freeze({ accessKeyId, region, service, signedAt, isPresigned })
        const verify = (bodyHash: string): E.Either<AuthError, Caller> => {
          if (contentSha256 !== undefined && contentSha256 !== bodyHash)
            return invalid('x-amz-content-sha256 does not match the body.')
          const right = sign(secretAccessKey, proof, { ...sent, signed: proof.signed, bodyHash })
          return timingSafeEqual(right, Buffer.from(proof.signature, 'hex')) ? E.right(caller) : mismatch
        }
        // Where the hash of the body was sent, what was signed is known before the body is.
        const early = contentSha256 === undefined ? E.right(caller) : verify(contentSha256)
        return pipe(
          early,
          E.map(() => ({ caller, verify })),
        )
      }),
    )
  }
