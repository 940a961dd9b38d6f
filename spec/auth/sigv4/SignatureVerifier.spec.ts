/** AWS signatures: those that botocore has made, and every way in which one can be wrong, by AWS's own names. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import { problem } from '../../../lib/core/Problem'
import { type AuthError, toAgentError } from '../../../lib/auth/rules/AuthError'
import { type Caller, checkRequest, type SignatureRules } from '../../../lib/auth/sigv4/SignatureVerifier'
import { at, credentials, rules, type Signed, signed, type Signing, temporary, type Unsigned } from '../signing'

const hash = (body: string | Uint8Array): string => createHash('sha256').update(body).digest('hex')

const judge = (
  request: Signed,
  now: Date | number = at,
  by: Partial<SignatureRules> = {},
): E.Either<AuthError, Caller> =>
  pipe(
    checkRequest({ ...rules, ...by }, Number(now))(request),
    E.chain(({ verify }) => verify(hash(request.body))),
  )

/** AWS's name of what is wrong, and the message. */
const told = (verdict: E.Either<AuthError, Caller>): readonly [string, string] => {
  if (E.isRight(verdict)) return ['let in', verdict.right.accessKeyId]
  const { status, code, message } = problem(toAgentError('')(verdict.left))
  expect(status).toBe(403)
  return [code, message]
}

const seconds = (count: number): number => at.getTime() + count * 1000

interface Vector {
  readonly name: string
  readonly kind: 'ws-headers' | 'presigned' | 'invoke'
  readonly input: {
    readonly accessKeyId: string
    readonly secretAccessKey: string
    readonly sessionToken: string | null
    readonly region: string
    readonly amzDate: string
    readonly sessionId: string
    readonly body: string | null
  }
  readonly expect: { readonly url: string; readonly authorization?: string }
}

const vectors = JSON.parse(
  readFileSync(join(__dirname, '../../../../spec/vectors/sigv4.json'), 'utf8'),
) as ReadonlyArray<Vector>

const timeOf = (stamp: string): number =>
  Date.parse(stamp.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z'))

/** What botocore would send. Of an invocation the vectors do not say the types: these are what it sends. */
const requestOf = ({ kind, input, expect: { url, authorization } }: Vector): Signed => {
  const { host, pathname, search } = new URL(url)
  const headers: Readonly<Record<string, string>> = {
    host,
    ...(authorization === undefined
      ? {}
      : {
          authorization,
          'x-amz-date': input.amzDate,
          'x-amzn-bedrock-agentcore-runtime-session-id': input.sessionId,
          ...(input.sessionToken === null ? {} : { 'x-amz-security-token': input.sessionToken }),
        }),
    ...(kind === 'ws-headers' ? { connection: 'Upgrade', upgrade: 'websocket' } : {}),
    ...(kind === 'invoke' ? { 'content-type': 'application/json', accept: 'text/event-stream, application/json' } : {}),
  }
  return {
    method: kind === 'invoke' ? 'POST' : 'GET',
    target: pathname + search,
    headers,
    rawHeaders: Object.entries(headers).flat(),
    body: input.body ?? '',
  }
}

describe('what botocore has signed', () => {
  it.each(vectors)('$name: is verified at its date', (vector) => {
    const { accessKeyId, secretAccessKey, sessionToken, region, amzDate } = vector.input
    const known = { accessKeyId, secretAccessKey, ...(sessionToken === null ? {} : { sessionToken }) }
    const by = { credentials: [known], regions: [region] }
    const request = requestOf(vector)
    const now = timeOf(amzDate)
    expect(judge(request, now, by)).toEqual(
      E.right({
        accessKeyId,
        region,
        service: 'bedrock-agentcore',
        signedAt: now,
        isPresigned: vector.kind === 'presigned',
      }),
    )
    expect(told(judge({ ...request, body: 'x' }, now, by))[0]).toBe('InvalidSignatureException')
    expect(told(judge(request, now + 301_000, by))[1]).toMatch(/^Signature expired/)
    const wrong = { credentials: [{ ...known, secretAccessKey: 'wrong' }], regions: [region] }
    expect(told(judge(request, now, wrong))[1]).toMatch(/^The request signature we calculated does not match/)
  })
})

const header = async (unsigned: Unsigned = {}, signing: Signing = {}): Promise<Signed> => signed(unsigned, signing)
const presigned = async (signing: Signing = {}): Promise<Signed> =>
  signed({ method: 'GET', path: '/ws' }, { expires: 60, ...signing })

const withField = (request: Signed, ...fields: ReadonlyArray<string>): Signed => ({
  ...request,
  rawHeaders: [...request.rawHeaders, ...fields],
})

const withoutField = (request: Signed, name: string): Signed => ({
  ...request,
  rawHeaders: Object.entries(request.headers).flatMap(([key, value]) => (key === name ? [] : [key, value])),
})

const withAuthorization = async (change: (value: string) => string, unsigned: Unsigned = {}): Promise<Signed> => {
  const request = await header(unsigned)
  const authorization = change(request.headers['authorization'] ?? '')
  return withField(withoutField(request, 'authorization'), 'authorization', authorization)
}

const withQuery = async (change: (target: string) => string): Promise<Signed> => {
  const request = await presigned()
  return { ...request, target: change(request.target) }
}

const incomplete = 'IncompleteSignatureException'
const invalid = 'InvalidSignatureException'

describe('a signature that is wrong', () => {
  it.each<[string, () => Promise<Signed>, string, RegExp] | [string, () => Promise<Signed>, string, RegExp, number]>([
    [
      'nothing',
      async () => withoutField(await header(), 'authorization'),
      'MissingAuthenticationTokenException',
      /^Missing Auth/,
    ],
    [
      'a bearer token',
      () => withAuthorization(() => 'Bearer abc'),
      'AccessDeniedException',
      /^Authorization method mismatch/,
    ],
    ['another scheme', () => withAuthorization(() => 'Basic abc'), incomplete, /must be AWS4-HMAC-SHA256/],
    [
      'another algorithm',
      () => withAuthorization((text) => text.replace('HMAC', 'ECDSA')),
      incomplete,
      /must be AWS4-HMAC-SHA256/,
    ],
    ['no parameters', () => withAuthorization(() => 'AWS4-HMAC-SHA256'), incomplete, /exactly one/],
    ['no signature', () => withAuthorization((text) => text.replace(/, Signature=.*/, '')), incomplete, /exactly one/],
    [
      'two signatures',
      () => withAuthorization((text) => `${text}, Signature=${'0'.repeat(64)}`),
      incomplete,
      /exactly one/,
    ],
    ['a parameter more', () => withAuthorization((text) => `${text}, A=b`), incomplete, /exactly one/],
    [
      'a short signature',
      () => withAuthorization((text) => text.slice(0, -1)),
      incomplete,
      /64 lower-case hexadecimal/,
    ],
    [
      'a signature in upper case',
      () => withAuthorization((text) => text.replace(/[0-9a-f]{64}$/, 'A'.repeat(64))),
      incomplete,
      /64 lower-case hexadecimal/,
    ],
    [
      'a short credential',
      () => withAuthorization((text) => text.replace('/aws4_request', '')),
      incomplete,
      /^Credential must/,
    ],
    [
      'signed headers in upper case',
      () => withAuthorization((text) => text.replace('host', 'Host')),
      incomplete,
      /^SignedHeaders must/,
    ],
    [
      'a signed header twice',
      () => withAuthorization((text) => text.replace('host', 'host;host')),
      incomplete,
      /^SignedHeaders must/,
    ],
    ['no date', async () => withoutField(await header(), 'x-amz-date'), incomplete, /^X-Amz-Date/],
    [
      'a date that does not exist',
      async () => withField(withoutField(await header(), 'x-amz-date'), 'x-amz-date', '20260230T000000Z'),
      incomplete,
      /^X-Amz-Date/,
    ],
    [
      'two Authorization headers',
      async () => withField(await header(), 'Authorization', 'AWS4-HMAC-SHA256 x'),
      incomplete,
      /authorization occurs more/,
    ],
    [
      'two dates',
      async () => withField(await header(), 'X-Amz-Date', '20260102T030405Z'),
      incomplete,
      /x-amz-date occurs more/,
    ],
    ['two hosts', async () => withField(await header(), 'Host', 'b'), incomplete, /host occurs more/],
    [
      'a header and a query',
      async () => withField(await presigned(), 'authorization', 'AWS4-HMAC-SHA256 x'),
      incomplete,
      /header and in its query string/,
    ],
    [
      'a query that only begins',
      () => withQuery(() => '/ws?X-Amz-Date=20260102T030405Z'),
      incomplete,
      /^X-Amz-Algorithm/,
    ],
    [
      'a parameter twice',
      () => withQuery((target) => `${target}&X-Amz-Date=20260102T030405Z`),
      incomplete,
      /more than once/,
    ],
    [
      'a parameter twice, in another case',
      () => withQuery((target) => `${target}&x-amz-signature=a`),
      incomplete,
      /more than once/,
    ],
    [
      'a parameter twice, encoded',
      () => withQuery((target) => `${target}&X-Amz%2DSignature=a`),
      incomplete,
      /more than once/,
    ],
    [
      'expiry that is no number',
      () => withQuery((target) => target.replace('Expires=60', 'Expires=-1')),
      incomplete,
      /^X-Amz-Expires must be a number/,
    ],
    ['expiry of nothing', () => presigned({ expires: 0 }), invalid, /from 1 to 300/],
    ['expiry of too long', () => presigned({ expires: 301 }), invalid, /from 1 to 300/],
    [
      'expiry that was changed',
      () => withQuery((target) => target.replace('Expires=60', 'Expires=61')),
      invalid,
      /does not match/,
    ],
    ['another region', () => header({}, { region: 'us-east-1' }), invalid, /valid region/],
    ['another service', () => header({}, { service: 's3' }), invalid, /correct service: 'bedrock-agentcore'/],
    [
      'another terminator',
      () => withAuthorization((text) => text.replace('aws4_request', 'aws5_request')),
      invalid,
      /valid terminator/,
    ],
    [
      'another date in the scope',
      () => withAuthorization((text) => text.replace('/20260102/', '/20260103/')),
      invalid,
      /^Date in Credential scope/,
    ],
    [
      'an unknown key',
      () => header({}, { by: { ...credentials, accessKeyId: 'AKIDOTHER' } }),
      'UnrecognizedClientException',
      /security token .* is invalid/,
    ],
    [
      'the secret of another',
      () => header({}, { by: { ...credentials, secretAccessKey: 'x' } }),
      invalid,
      /does not match/,
    ],
    [
      'a session token that is not known',
      () => header({}, { by: { ...credentials, sessionToken: 'x' } }),
      'UnrecognizedClientException',
      /is invalid/,
    ],
    [
      'no session token where there must be one',
      () => header({}, { by: { accessKeyId: 'ASIAEXAMPLE', secretAccessKey: 'another/secret' } }),
      'UnrecognizedClientException',
      /is invalid/,
    ],
    [
      'another session token',
      () => header({}, { by: { ...temporary, sessionToken: 'x' } }),
      'UnrecognizedClientException',
      /is invalid/,
    ],
    [
      'an unsigned host',
      () => withAuthorization((text) => text.replace('host;', '')),
      invalid,
      /'host' must be a 'SignedHeader'/,
    ],
    [
      'an unsigned date',
      () => withAuthorization((text) => text.replace(';x-amz-date', '')),
      invalid,
      /'x-amz-date' must be/,
    ],
    [
      'an unsigned body hash',
      () => withAuthorization((text) => text.replace(';x-amz-content-sha256', '')),
      invalid,
      /'x-amz-content-sha256' must be/,
    ],
    [
      'an unsigned session token',
      async () => withField(await header(), 'x-amz-security-token', 'x'),
      invalid,
      /'x-amz-security-token' must be/,
    ],
    [
      'a signed header that is missing',
      async () => withoutField(await header({ headers: { 'x-a': 'b' } }), 'x-a'),
      invalid,
      /signed header is missing/,
    ],
    [
      'an unsigned body',
      () => header({ headers: { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' } }),
      invalid,
      /UNSIGNED-PAYLOAD is not supported/,
    ],
    [
      'a streaming body',
      () => header({ headers: { 'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD' } }),
      invalid,
      /streaming payloads are not supported/,
    ],
    [
      'a streaming body with a trailer',
      () => header({ headers: { 'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER' } }),
      invalid,
      /streaming payloads are not supported/,
    ],
    [
      'a hash that is none',
      () => header({ headers: { 'x-amz-content-sha256': 'x' } }),
      invalid,
      /must be a SHA-256 hash/,
    ],
    ['another body', async () => ({ ...(await header({ body: 'a' })), body: 'b' }), invalid, /does not match the body/],
    [
      'five minutes and a second old',
      () => header(),
      invalid,
      /^Signature expired: 20260102T030905Z is now earlier than/,
      seconds(301),
    ],
    [
      'five minutes and a second early',
      () => header(),
      invalid,
      /^Signature not yet current: 20260102T030405Z/,
      seconds(-301),
    ],
    ['presigned and over', () => presigned(), invalid, /^Signature expired/, seconds(61)],
    ['presigned and early', () => presigned(), invalid, /^Signature not yet current/, seconds(-301)],
  ])('%s', async (...[, make, name, message, now]) => {
    const request = await make()
    const [code, text] = told(judge(request, now ?? at))
    expect([code, text]).toEqual([name, expect.stringMatching(message)])
    const { headers } = request
    for (const secret of [
      headers['authorization'],
      headers['x-amz-security-token'],
      /[0-9a-f]{64}/.exec(request.target)?.[0],
    ]) {
      if (secret !== undefined && secret.length > 3) expect(text).not.toContain(secret)
    }
  })

  it.each<[string, () => Promise<Signed>, Date | number]>([
    ['five minutes old', () => header(), seconds(300)],
    ['five minutes early', () => header(), seconds(-300)],
    ['presigned, in its last second', () => presigned(), seconds(60)],
    ['with a session token', () => header({}, { by: temporary }), at],
    ['presigned, for as long as may be', () => presigned({ expires: 300 }), seconds(300)],
  ])('is none: %s', async (_, make, now) => {
    expect(told(judge(await make(), now))[0]).toBe('let in')
  })

  it('credentials that have ended are refused as such, and not before', async () => {
    const by = { credentials: [{ ...temporary, expiration: new Date(seconds(1)) }] }
    const request = await header({}, { by: temporary })
    expect(told(judge(request, at, by))[0]).toBe('let in')
    expect(told(judge(request, seconds(1), by))).toEqual(['ExpiredTokenException', expect.stringMatching(/is expired/)])
  })
})
