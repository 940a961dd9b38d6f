/** The canonical form of a request, judged by a second implementation: whatever smithy signs must be verified. */
import { createHash } from 'node:crypto'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as fc from 'fast-check'
import { canonicalFields, canonicalPath, canonicalQuery } from '../../../lib/auth/sigv4/CanonicalRequest'
import { checkRequest, type Caller } from '../../../lib/auth/sigv4/SignatureVerifier'
import type { AuthError } from '../../../lib/auth/rules/AuthError'
import { at, rules, type Signed, signed, temporary } from '../signing'

const hash = (body: string | Uint8Array): string => createHash('sha256').update(body).digest('hex')

const verdict = (request: Signed, now = at): E.Either<AuthError, Caller> =>
  pipe(
    checkRequest(rules, now.getTime())(request),
    E.chain(({ verify }) => verify(hash(request.body))),
  )

describe('canonicalPath', () => {
  it.each([
    ['', '/'],
    ['/', '/'],
    ['/a', '/a'],
    ['/a/', '/a/'],
    ['//a///b', '/a/b'],
    ['/a/./b/../c', '/a/c'],
    ['/../..', '/'],
    ['/runtimes/arn%3Aaws%3Ax%2Fy/ws', '/runtimes/arn%253Aaws%253Ax%252Fy/ws'],
    ['/a b~c*d+e', '/a%20b~c%2Ad%2Be'],
    ['/%7e', '/%257e'],
    ['/é', '/%E9'],
  ])('%s is %s', (path, canonical) => expect(canonicalPath(path)).toBe(canonical))
})

describe('canonicalQuery', () => {
  it.each([
    ['', ''],
    ['a', 'a='],
    ['a=', 'a='],
    ['b=2&a=1', 'a=1&b=2'],
    ['a=2&a=1&a=', 'a=&a=1&a=2'],
    ['a==', 'a=%3D'],
    ['&&a=1&', 'a=1'],
    ['a=b+c%20d', 'a=b%20c%20d'],
    ['a=%2b', 'a=%2B'],
    ['a=%7e~*', 'a=~~%2A'],
    ['a=%41', 'a=A'],
    ['a=%', 'a=%25'],
    ['a=%zz', 'a=%25zz'],
    ['a=%ff', 'a=%FF'],
    ['a=é', 'a=%E9'],
    ['a-=1&a=2', 'a=2&a-=1'],
    ['A=1&a=2&X-Amz-Signature=x', 'A=1&a=2'],
  ])('of %s is %s', (query, canonical) => expect(canonicalQuery(query)).toBe(canonical))
})

describe('canonicalFields', () => {
  it('trims values, folds spaces, and joins what was sent more than once', () => {
    const fields = new Map([
      ['a', ['  x \t y  ', 'z']],
      ['b', ['']],
      ['c', ['x\r\n  y']],
    ])
    expect(canonicalFields(fields, ['a', 'b', 'c'])).toBe('a:x y,z\nb:\nc:x y\n')
  })
})

describe('what smithy signs', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 12 })
  const odd = fc.oneof(
    text,
    fc.constantFrom('+', '%20', ' ', '~', '*', '', '=', '&', '%', '%2B', "!'()", 'é', '☃', '/', '//'),
  )
  const segment = odd.map((value) => encodeURIComponent(value))
  const path = fc
    .array(fc.oneof(segment, fc.constantFrom('.', '..', '', 'a:b', '(x)')), { maxLength: 5 })
    .map((parts) => `/${parts.join('/')}`)
  const value = fc.oneof(odd, fc.array(odd, { minLength: 1, maxLength: 3 }))
  const name = odd.filter((key) => !/^x-amz-|^__proto__$|^$/i.test(key))
  const query = fc.dictionary(name, value, { maxKeys: 5 })
  const field = fc.stringMatching(/^x-[a-z]{1,6}$/).filter((key) => key !== 'x-amz')
  const headers = fc.dictionary(field, fc.stringMatching(/^[ -~]{0,20}$/), { maxKeys: 4 })
  const request = fc.record({
    method: fc.constantFrom('GET', 'POST'),
    path,
    query,
    headers,
    body: fc.oneof(text, fc.uint8Array()),
  })

  it('is verified: paths, queries, headers and bodies of every kind', () =>
    fc.assert(
      fc.asyncProperty(request, async (unsigned) => {
        expect(verdict(await signed(unsigned))).toMatchObject(
          E.right({ accessKeyId: 'AKIDEXAMPLE', isPresigned: false }),
        )
      }),
      { numRuns: 300 },
    ))

  it('is verified: presigned, with a session token', () =>
    fc.assert(
      fc.asyncProperty(request, async (unsigned) => {
        const presigned = await signed(unsigned, { by: temporary, expires: 60 })
        expect(verdict(presigned)).toMatchObject(E.right({ accessKeyId: 'ASIAEXAMPLE', isPresigned: true }))
      }),
      { numRuns: 200 },
    ))

  it('is refused when anything that was signed is another', async () => {
    const base = await signed({ query: { a: 'b', c: ['d', 'e'] }, headers: { 'x-b': 'c' }, body: '{"prompt":"hi"}' })
    const tampered: Readonly<Record<string, Signed>> = {
      method: { ...base, method: 'PUT' },
      path: { ...base, target: base.target.replace('/invocations', '/ws') },
      query: { ...base, target: base.target.replace('a=b', 'a=B') },
      'a parameter more': { ...base, target: `${base.target}&x=y` },
      'a parameter twice': { ...base, target: `${base.target}&a=b` },
      'a parameter less': { ...base, target: base.target.replace('a=b&', '') },
      header: { ...base, rawHeaders: base.rawHeaders.map((one) => (one === 'c' ? 'C' : one)) },
      'a header twice': { ...base, rawHeaders: [...base.rawHeaders, 'x-b', 'c'] },
      host: { ...base, rawHeaders: base.rawHeaders.map((one) => (one === 'a' ? 'b' : one)) },
    }
    expect(E.isRight(verdict(base))).toBe(true)
    for (const [what, request] of Object.entries(tampered)) {
      expect([what, verdict(request)]).toMatchObject([what, { left: { name: 'InvalidSignatureException' } }])
    }
  })

  it('is verified in whatever order and case the headers come, with odd spaces', async () => {
    const base = await signed({ headers: { 'x-b': 'c  d' }, body: '{}' })
    const pairs = Object.entries(base.headers)
      .reverse()
      .flatMap(([name, value]) => [name.toUpperCase(), name === 'x-b' ? ' c \t d ' : value])
    expect(E.isRight(verdict({ ...base, rawHeaders: pairs }))).toBe(true)
  })

  it('is verified with a target in absolute form', async () => {
    const base = await signed({ query: { a: 'b' } })
    expect(E.isRight(verdict({ ...base, target: `http://a${base.target}` }))).toBe(true)
  })
})
