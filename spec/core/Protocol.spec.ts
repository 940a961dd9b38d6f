/** Which headers of a request reach a handler, and how they are looked up. */
import * as fc from 'fast-check'
import * as O from 'fp-ts/Option'
import { customPrefix, header, headers, isForwardable, lookup, path, type RawHeaders } from '../../lib/core/Protocol'

/** The restricted names of the developer guide, family by family. */
const restricted = [
  'Proxy-Authorization, WWW-Authenticate',
  'Accept, Accept-Charset, Accept-Encoding, Accept-Language',
  'Content-Type, Content-Length, Content-Encoding, Content-Language, Content-Location, Content-Range',
  'Cache-Control, ETag, Expires, If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since, If-Range',
  'Last-Modified, Pragma, Vary',
  'Connection, Keep-Alive, Proxy-Connection, Upgrade',
  'Host, User-Agent, Referer, From',
  'Range, Accept-Ranges, Transfer-Encoding, TE, Trailer',
  'Server, Date, Location, Retry-After',
  'Cookie, Set-Cookie',
  'Content-Security-Policy, Content-Security-Policy-Report-Only, Strict-Transport-Security, X-Content-Type-Options',
  'X-Frame-Options, X-XSS-Protection, Referrer-Policy, Permissions-Policy',
  'Cross-Origin-Embedder-Policy, Cross-Origin-Opener-Policy, Cross-Origin-Resource-Policy',
  'Access-Control-Allow-Origin, Access-Control-Allow-Methods, Access-Control-Allow-Headers',
  'Access-Control-Allow-Credentials, Access-Control-Expose-Headers, Access-Control-Max-Age',
  'Access-Control-Request-Method, Access-Control-Request-Headers, Origin',
  'Accept-CH, Accept-CH-Lifetime, DPR, Width, Viewport-Width, Downlink, ECT, RTT, Save-Data',
  'Clear-Site-Data, Feature-Policy, Expect-CT, Public-Key-Pins, Public-Key-Pins-Report-Only',
  'Via, Forwarded, X-Forwarded-For, X-Forwarded-Host, X-Forwarded-Proto, X-Real-IP, X-Requested-With, X-CSRF-Token',
  'True-Client-IP, X-Client-IP, X-Cluster-Client-IP, X-Originating-IP, X-Source-IP',
  'X-Original-URL, X-Original-Host, X-Rewrite-URL',
  'CF-Ray, CF-Connecting-IP, X-Amz-Cf-Id, X-Cache, X-Served-By',
  ':method, :path, :scheme, :authority, :status',
  'Link',
  'Sec-WebSocket-Key, Sec-WebSocket-Accept, Sec-WebSocket-Version, Sec-WebSocket-Protocol, Sec-WebSocket-Extensions',
  'X-Amz-Date, X-Amz-Security-Token, X-Amz-Content-Sha256, X-Amzn-RequestId, X-Amzn-ErrorType, X-Amzn-Other',
].flatMap((line) => line.split(', '))

const forwardable = [
  'Authorization',
  'traceparent',
  'tracestate',
  'baggage',
  'X-Api-Key',
  'X-Amzn-Trace-Id',
  'X-Amzn-Bedrock-AgentCore-Runtime-Session-Id',
  'X-Amzn-Bedrock-AgentCore-Runtime-Request-Id',
  'X-Amzn-Bedrock-AgentCore-Runtime-User-Id',
  'X-Amzn-Bedrock-AgentCore-Runtime-Custom-Tenant',
  'X-Amz-Bedrock-AgentCore-Identity-WAT',
  'WorkloadAccessToken',
  'OAuth2CallbackUrl',
  'Mcp-Session-Id',
  'X-Tenant',
  'X-Forwarded',
  'Accept-Terms',
  'If-Foo',
  'Access-Control-Token',
]

const cased = (name: string): fc.Arbitrary<string> => fc.mixedCase(fc.constant(name))

describe('isForwardable', () => {
  it.each(restricted)('keeps %s from the handler, however it is written', (name) => {
    fc.assert(
      fc.property(cased(name), (written) => expect(isForwardable(written)).toBe(false)),
      { numRuns: 20 },
    )
  })

  it.each(forwardable)('lets %s through, however it is written', (name) => {
    fc.assert(
      fc.property(cased(name), (written) => expect(isForwardable(written)).toBe(true)),
      { numRuns: 20 },
    )
  })

  const ending = fc.stringMatching(/^[a-z0-9-]{1,20}$/)

  it('keeps back all names of the restricted families', () => {
    fc.assert(
      fc.property(fc.constantFrom('X-Amz-', ':'), ending, (family, end) => {
        fc.pre(`${family}${end}`.toLowerCase() !== header.workloadAccessToken)
        expect(isForwardable(`${family}${end}`)).toBe(false)
      }),
    )
  })

  it('of the names under x-amzn- lets through the custom ones', () => {
    fc.assert(
      fc.property(ending, (end) => {
        expect(isForwardable(`${customPrefix}${end}`)).toBe(true)
        expect(isForwardable(`x-amzn-other-${end}`)).toBe(false)
      }),
    )
  })
})

describe('headers', () => {
  it('are looked up without regard to case', () => {
    fc.assert(
      fc.property(cased('x-tenant'), fc.string(), (name, value) => {
        expect(headers({ 'x-tenant': value }).get(name)).toEqual(O.some(value))
      }),
    )
  })

  it('of a repeated name are joined', () => {
    const view = headers({ 'x-tag': ['a', 'b'], 'x-one': 'c' })
    expect(view.get('X-Tag')).toEqual(O.some('a, b'))
    expect(view.toRecord()).toEqual({ 'x-tag': 'a, b', 'x-one': 'c' })
  })

  it('that are restricted, absent or undefined are none', () => {
    const view = headers({ cookie: 'c', host: 'h', 'x-gone': undefined })
    expect(['Cookie', 'host', 'x-gone', 'x-other', ''].map(view.get)).toEqual([O.none, O.none, O.none, O.none, O.none])
    expect(view.toRecord()).toEqual({})
  })

  it('say the same one by one and as a record', () => {
    const name = fc.constantFrom(...restricted, ...forwardable).map((text) => text.toLowerCase())
    const value = fc.oneof(fc.string(), fc.array(fc.string(), { minLength: 1 }))
    fc.assert(
      fc.property(fc.dictionary(name, value), (raw) => {
        const view = headers(raw)
        const told = Object.keys(raw).flatMap((one) => {
          const found = view.get(one)
          return O.isSome(found) ? [[one, found.value]] : []
        })
        expect(view.toRecord()).toEqual(Object.fromEntries(told))
        expect(Object.keys(view.toRecord()).every(isForwardable)).toBe(true)
      }),
    )
  })

  it('are given as a frozen record', () => {
    expect(Object.isFrozen(headers({ 'x-a': 'b' }).toRecord())).toBe(true)
  })

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf'])('named %s do no harm', (name) => {
    const sent = JSON.parse(`{${JSON.stringify(name.toLowerCase())}: "polluted", "x-a": "b"}`) as RawHeaders
    expect(headers({}).get(name)).toEqual(O.none)
    expect(lookup(name)({})).toEqual(O.none)
    expect(headers(sent).get(name)).toEqual(O.some('polluted'))
    const record = headers(sent).toRecord()
    expect(Object.entries(record)).toEqual([
      [name.toLowerCase(), 'polluted'],
      ['x-a', 'b'],
    ])
    expect(Object.getPrototypeOf(record)).toBe(Object.prototype)
    expect({}).not.toHaveProperty('polluted')
  })
})

describe('lookup', () => {
  it('finds a header, forwardable or not', () => {
    expect(lookup('cookie')({ cookie: 'a=b' })).toEqual(O.some('a=b'))
    expect(lookup('x-tag')({ 'x-tag': ['a', 'b'] })).toEqual(O.some('a, b'))
  })

  it('takes an empty header for an absent one', () => {
    expect([lookup('a')({ a: '' }), lookup('a')({ a: undefined }), lookup('a')({})]).toEqual([O.none, O.none, O.none])
  })
})

describe('path', () => {
  it('is what the service calls', () => {
    expect(path).toEqual({ invocations: '/invocations', ping: '/ping', websocket: '/ws' })
  })
})
