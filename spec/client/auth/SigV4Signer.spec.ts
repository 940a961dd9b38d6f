/** Signatures: those that botocore made, and those of a second implementation, for whatever can be signed. */
import { Sha256 } from '@aws-crypto/sha256-js'
import { SignatureV4 } from '@smithy/signature-v4'
import * as fc from 'fast-check'
import * as E from 'fp-ts/Either'
import { explain } from '../../../lib/client/error/ClientError'
import type { Credentials } from '../../../lib/client/transport/Environment'
import { presign, signHeaders } from '../../../lib/client/auth/SigV4Signer'
import * as Target from '../../../lib/client/target/Target'
import type { Request } from '../../../lib/client/transport/Transport'
import { read } from '../../package/support'
import { left, right } from '../../core/support'
import { keys, parametersOf } from '../support'

interface Vector {
  readonly name: string
  readonly kind: 'ws-headers' | 'presigned' | 'invoke'
  readonly signedSessionHeader?: boolean
  readonly input: {
    readonly runtimeArn: string
    readonly region: string
    readonly accessKeyId: string
    readonly secretAccessKey: string
    readonly sessionToken: string | null
    readonly amzDate: string
    readonly sessionId: string
    readonly qualifier: string | null
    readonly params: Readonly<Record<string, string>> | null
    readonly expires: number | null
    readonly body: string | null
  }
  readonly expect: { readonly url: string; readonly authorization: string; readonly amzDate: string }
}

const vectors = JSON.parse(read('spec/vectors/sigv4.json')) as ReadonlyArray<Vector>
const sessionHeader = 'X-Amzn-Bedrock-AgentCore-Runtime-Session-Id'

const momentOf = (amzDate: string): number =>
  Date.parse(amzDate.replace(/(....)(..)(..)T(..)(..)(..)Z/, '$1-$2-$3T$4:$5:$6Z'))

const urlOf = (operation: Target.Operation, { input }: Vector, query: Target.Query = []): string => {
  const { runtimeArn, region, qualifier } = input
  const at = right(Target.deployed({ runtimeArn, region, qualifier: qualifier ?? undefined }))
  return right(Target.toUrl(operation, query)(at))
}

const keysOf = ({ input: { accessKeyId, secretAccessKey, sessionToken } }: Vector): Credentials =>
  sessionToken === null ? { accessKeyId, secretAccessKey } : { accessKeyId, secretAccessKey, sessionToken }

const signed = (vector: Vector, request: Request): Readonly<Record<string, string>> =>
  right(signHeaders(request, keysOf(vector), vector.input, momentOf(vector.input.amzDate)))

const none = new Uint8Array()

describe('the vectors of botocore', () => {
  it.each(vectors.filter(({ kind }) => kind === 'ws-headers'))('hold: $name', (vector) => {
    const url = urlOf('websocket', vector)
    const headers = vector.signedSessionHeader === true ? { [sessionHeader]: vector.input.sessionId } : {}
    expect(Target.websocketUrl(url)).toBe(vector.expect.url)
    expect(signed(vector, { method: 'GET', url, headers, body: none })).toEqual({
      ...headers,
      Authorization: vector.expect.authorization,
      'X-Amz-Date': vector.expect.amzDate,
    })
  })

  it.each(vectors.filter(({ kind }) => kind === 'invoke'))('hold: $name', (vector) => {
    const url = urlOf('invocations', vector)
    const headers = {
      [sessionHeader]: vector.input.sessionId,
      'Content-Type': 'application/json',
      Accept: 'text/event-stream, application/json',
    }
    expect(url).toBe(vector.expect.url)
    const body = Buffer.from(vector.input.body ?? '')
    expect(signed(vector, { method: 'POST', url, headers, body })['Authorization']).toBe(vector.expect.authorization)
  })

  it.each(vectors.filter(({ kind }) => kind === 'presigned'))('hold: $name', (vector) => {
    const { params, sessionId, amzDate, expires } = vector.input
    const url = urlOf('websocket', vector, [...Object.entries(params ?? {}), [sessionHeader, sessionId]])
    const at = momentOf(amzDate)
    const made = right(presign(Target.websocketUrl(url), keysOf(vector), vector.input, at, expires ?? undefined))
    expect(parametersOf(made)).toEqual(parametersOf(vector.expect.url))
    expect(made.split('?')[0]).toBe(vector.expect.url.split('?')[0])
  })

  it('are eight', () => {
    expect(vectors).toHaveLength(8)
  })
})

// ---------------------------------------------------------------------------------------------------------------------
// against another implementation
// ---------------------------------------------------------------------------------------------------------------------

const region = 'us-west-2'
const moment = Date.UTC(2026, 0, 2, 3, 4, 5)

const other = (credentials: Credentials): SignatureV4 =>
  new SignatureV4({ credentials, region, service: 'bedrock-agentcore', sha256: Sha256, applyChecksum: false })

/** A request as the other implementation takes it. */
const otherRequest = (url: URL, method: string, headers: Record<string, string>, body: Uint8Array) => ({
  ...{ method, protocol: 'https:', hostname: url.hostname, path: url.pathname, body },
  headers: { host: url.host, ...headers },
  query: [...url.searchParams].reduce<Record<string, string | Array<string>>>((query, [name, value]) => {
    const known = query[name]
    const values = known === undefined ? [] : typeof known === 'string' ? [known] : known
    return { ...query, [name]: values.length === 0 ? value : [...values, value] }
  }, {}),
})

const special = fc.constantFrom(
  ' ',
  '+',
  '~',
  '*',
  "'",
  '(',
  ')',
  '!',
  '&',
  '=',
  '%',
  '/',
  '?',
  '#',
  'é',
  '😀',
  'a',
  'B',
  '0',
  '_',
  '.',
  '-',
  '\n',
  '"',
  '<',
  '[',
  '|',
  '\\',
  '^',
)
const text = fc.oneof(fc.string({ unit: special }), fc.string({ unit: 'grapheme' }))

const isFree = ([name]: readonly [string, string]): boolean =>
  name !== '' && name !== '__proto__' && !/^x-amz-/i.test(name)

const query = fc
  .array(fc.oneof(fc.tuple(text, text), fc.tuple(fc.constantFrom('a', 'A', 'a b', 'a+b'), text)), { maxLength: 6 })
  .map((pairs) => pairs.filter(isFree))

const base = fc.constantFrom('', '/base', "/a~b/!'()*", '/a%20b', '/%C3%A9', '/a@b:c', '/a/b.c/d')

const credentials: fc.Arbitrary<Credentials> = fc.record(
  {
    accessKeyId: fc.stringMatching(/^[A-Z0-9]{16,20}$/),
    secretAccessKey: fc.stringMatching(/^[\w/+=,]{1,60}$/),
    sessionToken: fc.stringMatching(/^[\w/+=]{1,200}$/),
  },
  { requiredKeys: ['accessKeyId', 'secretAccessKey'] },
)

const target = (path: string, pairs: Target.Query): string => {
  const runtimeArn = 'arn:aws:bedrock-agentcore:us-west-2:123456789012:runtime/my_agent-a1b2c3d4e5'
  const at = right(Target.deployed({ runtimeArn, endpoint: `https://example.com:8443${path}` }))
  return right(Target.toUrl('websocket', pairs)(at))
}

describe('a signature', () => {
  it('in headers is that of another implementation', async () => {
    const header = fc.tuple(
      fc.constantFrom('accept', 'Content-Type', 'X-Amzn-Custom', 'constructor', 'traceparent', 'x-amz-meta'),
      fc.stringMatching(/^[\x20-\x7e\t]{0,40}$/),
    )
    await fc.assert(
      fc.asyncProperty(
        base,
        query,
        fc.array(header),
        credentials,
        fc.uint8Array(),
        async (path, pairs, list, by, body) => {
          const headers = Object.fromEntries(list)
          const url = target(path, pairs)
          const request: Request = { method: 'POST', url, headers, body }
          const ours = right(signHeaders(request, by, { region }, moment))
          const theirs = await other(by).sign(otherRequest(new URL(url), 'POST', headers, body), {
            signingDate: new Date(moment),
          })
          expect(ours['Authorization']).toBe(theirs.headers['authorization'])
          expect(ours['X-Amz-Date']).toBe(theirs.headers['x-amz-date'])
          expect(ours['X-Amz-Security-Token']).toBe(theirs.headers['x-amz-security-token'])
          expect(ours).toMatchObject(headers)
        },
      ),
    )
  })

  it('in a URL is that of another implementation', async () => {
    await fc.assert(
      fc.asyncProperty(base, query, credentials, fc.integer({ min: 1, max: 300 }), async (path, pairs, by, expires) => {
        const url = target(path, pairs)
        const ours = new URL(right(presign(Target.websocketUrl(url), by, { region }, moment, expires)))
        const theirs = await other(by).presign(otherRequest(new URL(url), 'GET', {}, none), {
          signingDate: new Date(moment),
          expiresIn: expires,
        })
        expect(ours.searchParams.get('X-Amz-Signature')).toBe(theirs.query?.['X-Amz-Signature'])
        expect(`${ours.protocol}//${ours.host}${ours.pathname}`).toBe(Target.websocketUrl(url).split('?')[0])
        const free = [...ours.searchParams].filter(isFree)
        const inOrder = (list: ReadonlyArray<readonly [string, string]>) => [...list].sort().join('\0')
        expect(inOrder(free)).toBe(inOrder(pairs))
      }),
    )
  })

  it('leaves what it was made from as it was', () => {
    const freeze = <A extends object>(value: A): A => Object.freeze(value)
    const request = freeze({
      method: 'POST' as const,
      url: target('', [['a', 'b']]),
      headers: freeze({ 'Content-Type': 'application/json' }),
      body: new Uint8Array([1]),
    })
    const before = JSON.stringify([request, keys])
    right(signHeaders(request, freeze({ ...keys }), freeze({ region }), moment))
    right(presign(request.url, freeze({ ...keys }), freeze({ region }), moment))
    expect(JSON.stringify([request, keys])).toBe(before)
  })

  it('is over the bytes that a view shows, not over what lies around them', () => {
    const request = { method: 'POST' as const, url: target('', []), headers: {} }
    const around = new Uint8Array([9, 1, 2, 3, 9])
    const of = (body: Uint8Array) => right(signHeaders({ ...request, body }, keys, { region }, moment))['Authorization']
    expect(of(around.subarray(1, 4))).toBe(of(new Uint8Array([1, 2, 3])))
    expect(of(around)).not.toBe(of(new Uint8Array([1, 2, 3])))
  })
})

// ---------------------------------------------------------------------------------------------------------------------
// what cannot be signed
// ---------------------------------------------------------------------------------------------------------------------

describe('the time that a presigned URL holds', () => {
  it.each([0, -1, 301, NaN, Infinity, -Infinity, 1.5, 1e9])('is not %d', (expires) => {
    expect(left(presign(target('', []), keys, { region }, moment, expires))).toEqual({ _tag: 'InvalidExpiry', expires })
  })

  it('is 300 seconds unless told otherwise', () => {
    const url = new URL(right(presign(target('', []), keys, { region }, moment)))
    expect(url.searchParams.get('X-Amz-Expires')).toBe('300')
  })
})

describe('a signature is refused for', () => {
  const url = target('', [])
  const request = (change: Partial<Request>): Request => ({ method: 'GET', url, headers: {}, body: none, ...change })
  const refusal = (change: Partial<Request>, by: Credentials = keys, at = moment, scope = { region }) =>
    left(signHeaders(request(change), by, scope, at))

  it.each([
    ['CRLF in a value', { a: 'b\r\nc: d' }],
    ['NUL in a value', { a: '\0' }],
    ['a value outside ASCII', { a: 'é' }],
    ['CRLF in a name', { 'a\r\nb': 'c' }],
    ['an empty name', { '': 'c' }],
    ['a header twice', { a: 'b', A: 'c' }],
    ['a host', { Host: 'x' }],
    ['an authorization', { authorization: 'Bearer hunter2' }],
    ['a date', { 'x-amz-date': '20260102T030405Z' }],
  ])('%s', (_, headers) => {
    const error = refusal({ headers })
    expect(error._tag).toBe('InvalidParameter')
    expect(explain(error)).toMatch(/^[\x20-\x7e]{10,200}$/)
    expect(explain(error)).not.toContain('hunter2')
  })

  it.each([
    ['no URL', 'x'],
    ['a user', 'https://a:hunter2@b/'],
    ['an unencoded path', 'https://a/b|c'],
    ['a + in the query', 'https://a/?b=c+d'],
    ['a parameter without a name', 'https://a/?=c'],
    ['a parameter of the signature', 'https://a/?x-amz-signature=1'],
    ['a name that JavaScript keeps', 'https://a/?__proto__=1'],
    ['too many parameters', `https://a/?${'a=1&'.repeat(501)}`],
  ])('%s', (_, bad) => {
    for (const error of [refusal({ url: bad }), left(presign(bad, keys, { region }, moment))]) {
      expect(error._tag).toBe('InvalidParameter')
      expect(explain(error)).not.toContain('hunter2')
    }
  })

  it.each([
    ['no key id', { ...keys, accessKeyId: '' }],
    ['a key id with a line break', { ...keys, accessKeyId: 'hunter2\r\nx' }],
    ['no secret', { ...keys, secretAccessKey: '' }],
    ['a secret outside ASCII', { ...keys, secretAccessKey: 'hunter2é' }],
    ['a token with a line break', { ...keys, sessionToken: 'hunter2\n' }],
  ])('%s', (_, by) => {
    const error = refusal({}, by)
    expect(error._tag).toBe('NoCredentials')
    expect(JSON.stringify(error) + explain(error)).not.toContain('hunter2')
  })

  it.each([NaN, Infinity, -1, 1e300])('the moment %d', (at) => {
    expect(refusal({}, keys, at)._tag).toBe('InvalidParameter')
  })

  it('a scope that is none', () => {
    expect(refusal({}, keys, moment, { region: 'x/y' })._tag).toBe('InvalidParameter')
  })

  it('nothing that URLs and headers of this package hold', () => {
    fc.assert(
      fc.property(base, query, (path, pairs) => E.isRight(presign(target(path, pairs), keys, { region }, moment))),
    )
  })
})
