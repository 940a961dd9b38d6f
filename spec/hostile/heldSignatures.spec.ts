/** Signatures of AWS that are used for something else than what was signed: every such request is refused. */
import { ask, type Ask, failureIn, type Line } from '../http/support'
import { dial, refused } from '../http/socketSupport'
import { withSigv4 } from '../auth/runtimes'
import { credentials, signed, type Signing, temporary, type Unsigned } from '../auth/signing'
import { exchange, request, standing } from './held'

const at = standing(withSigv4())

const host = (): string => `127.0.0.1:${at().port}`

const sign = (unsigned: Unsigned = {}, signing: Signing = {}) =>
  signed({ body: '{}', ...unsigned }, { date: new Date(), host: host(), ...signing })

/** Sends a signed request, changed in some way. */
const sent = async (unsigned: Unsigned, change: (request: Ask) => Ask = (same) => same, signing: Signing = {}) => {
  const { method, target, headers, body } = await sign(unsigned, signing)
  const { status, text } = await ask(at().port, change({ method, path: target, headers, body }))
  return { status, text, code: status === 200 ? 'OK' : failureIn(text).code }
}

const withHeaders =
  (change: Readonly<Record<string, string>>) =>
  (asked: Ask): Ask => ({ ...asked, headers: { ...asked.headers, ...change } })

const withPath =
  (path: string) =>
  (asked: Ask): Ask => ({ ...asked, path })

/** Changes the text of the authorization. */
const authorizing =
  (change: (text: string) => string) =>
  (asked: Ask): Ask => ({
    ...asked,
    headers: { ...asked.headers, authorization: change(String(asked.headers?.['authorization'])) },
  })

const dated = (ms: number): Signing => ({ date: new Date(Date.now() + ms) })

it('what these specs change is let in as it was signed', async () => {
  expect(await sent({})).toMatchObject({ status: 200 })
  expect(await sent({ query: { a: ['2', '1'], b: '' } })).toMatchObject({ status: 200 })
  const { target } = await sign({ method: 'GET', path: '/ws', body: '', query: { a: 'b c' } }, { expires: 60 })
  const peer = await dial(`ws://${host()}${target}`)
  expect(await peer.next()).toEqual({ caller: credentials.accessKeyId, isPresigned: true })
  await peer.closed
})

describe('a signed call is refused for', () => {
  const changes: Readonly<Record<string, (asked: Ask) => Ask>> = {
    'another method': (asked) => ({ ...asked, method: 'PUT' }),
    'no body': (asked) => ({ ...asked, body: '' }),
    'another body': (asked) => ({ ...asked, body: '[]' }),
    'a body with a space more': (asked) => ({ ...asked, body: '{} ' }),
    'another path': withPath('/runtimes/x/invocations'),
    'a path that is escaped': withPath('/%69nvocations'),
    'a parameter more': withPath('/invocations?a=b'),
    'an empty parameter more': withPath('/invocations?a'),
    'a session in the query': withPath('/invocations?X-Amzn-Bedrock-AgentCore-Runtime-Session-Id=other'),
    'another host': withHeaders({ host: 'localhost' }),
    'another date': withHeaders({ 'x-amz-date': '20260102T030405Z' }),
    'a date in words': withHeaders({ 'x-amz-date': new Date().toUTCString() }),
    'a security token that nobody has signed': withHeaders({ 'x-amz-security-token': String(temporary.sessionToken) }),
    'a hash of another body': withHeaders({ 'x-amz-content-sha256': '0'.repeat(64) }),
    'a body that is not signed': withHeaders({ 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }),
    'a body signed in chunks': withHeaders({ 'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD' }),
    'another algorithm': authorizing((text) => text.replace('AWS4-HMAC-SHA256', 'AWS4-HMAC-SHA1')),
    'the algorithm of version 4a': authorizing((text) => text.replace('AWS4-HMAC-SHA256', 'AWS4-ECDSA-P256-SHA256')),
    'no algorithm': authorizing((text) => text.replace('AWS4-HMAC-SHA256 ', '')),
    'another key': authorizing((text) => text.replace(credentials.accessKeyId, 'AKIDOTHER')),
    'the key of another': authorizing((text) => text.replace(credentials.accessKeyId, temporary.accessKeyId)),
    'another region': authorizing((text) => text.replace('us-west-2', 'us-east-1')),
    'another service': authorizing((text) => text.replace('/bedrock-agentcore/', '/execute-api/')),
    'another day': authorizing((text) => text.replace(/\/\d{8}\//, '/20260102/')),
    'another end of its scope': authorizing((text) => text.replace('aws4_request', 'aws5_request')),
    'a scope of four parts': authorizing((text) => text.replace('/aws4_request', '')),
    'a scope of six parts': authorizing((text) => text.replace('/aws4_request', '/x/aws4_request')),
    'host not among what is signed': authorizing((text) => text.replace(/host;/, '')),
    'nothing signed': authorizing((text) => text.replace(/SignedHeaders=[^,]*/, 'SignedHeaders=')),
    'signed headers that are not there': authorizing((text) => text.replace('SignedHeaders=', 'SignedHeaders=a;')),
    'signed headers in capitals': authorizing((text) => text.replace('host', 'Host')),
    'signed headers twice': authorizing((text) => text.replace('host', 'host;host')),
    'signed headers in another order': authorizing((text) =>
      text.replace(
        /SignedHeaders=([^,]*)/,
        (_, names: string) => `SignedHeaders=${names.split(';').reverse().join(';')}`,
      ),
    ),
    'two credentials': authorizing((text) => text.replace('Credential=', 'Credential=x, Credential=')),
    'two signatures': authorizing((text) => `${text}, Signature=${'0'.repeat(64)}`),
    'no signature': authorizing((text) => text.replace(/, Signature=.*/, '')),
    'an empty signature': authorizing((text) => text.replace(/Signature=.*/, 'Signature=')),
    'a signature of zeros': authorizing((text) => text.replace(/Signature=.*/, `Signature=${'0'.repeat(64)}`)),
    'a signature cut short': authorizing((text) => text.slice(0, -1)),
    'a signature in capitals': authorizing((text) =>
      text.replace(/Signature=.*/, (seal) => `Signature=${seal.slice(10).toUpperCase()}`),
    ),
    'a signature that goes on': authorizing((text) => `${text}00`),
    'a signature with a bit changed': authorizing((text) => text.slice(0, -1) + (text.endsWith('0') ? '1' : '0')),
    'a bearer token in its place': authorizing(() => 'Bearer abc'),
  }

  it.each(Object.entries(changes))('%s', async (name, change) => {
    const got = await sent({}, change)
    expect([name, got.status]).toEqual([name, 403])
    expect(got.text).not.toMatch(/[0-9a-f]{64}/)
  })

  it.each([
    ['too old', dated(-301_000)],
    ['an hour old', dated(-3_600_000)],
    ['too early', dated(360_000)],
    ['for another region', { region: 'us-east-1' }],
    ['for another service', { service: 'bedrock' }],
    ['by another secret', { by: { ...credentials, secretAccessKey: 'another' } }],
    ['by an empty secret', { by: { ...credentials, secretAccessKey: '' } }],
    ['by an unknown key', { by: { accessKeyId: '__proto__', secretAccessKey: '' } }],
    ['by a temporary key with another token', { by: { ...temporary, sessionToken: 'another' } }],
    ['for another host', { host: 'example.org' }],
  ] satisfies ReadonlyArray<readonly [string, Signing]>)('being signed %s', async (_, signing) => {
    const got = await sent({}, withHeaders({ host: signing.host ?? host() }), signing)
    // The host that was signed goes with it; the one for another is sent to this one.
    const elsewhere = signing.host === undefined ? got : await sent({}, withHeaders({ host: host() }), signing)
    expect(elsewhere.status).toBe(403)
  })

  it('a temporary key without its token', async () => {
    const { headers, body } = await sign({}, { by: temporary })
    const { 'x-amz-security-token': _, ...rest } = headers
    expect((await ask(at().port, { headers: rest, body })).status).toBe(403)
  })
})

it.each(['//invocations', '/x/../invocations', '/./invocations'])(
  'a path %s is nowhere, signed or not',
  async (path) => {
    expect((await sent({}, withPath(path))).status).toBe(404)
  },
)

describe('a query is what was signed, and nothing else:', () => {
  const query = { a: ['1', '2'], 'b c': 'd/e', f: '' }

  it.each([
    '/invocations?a=1&a=2&b%20c=d%2Fe',
    '/invocations?a=1&b%20c=d%2Fe&f=',
    '/invocations?a=1&a=2&a=2&b%20c=d%2Fe&f=',
    '/invocations?a=1&a=2&b%20c=d%2Fe&f=&f=',
    '/invocations?a=12&b%20c=d%2Fe&f=',
    '/invocations?a=1%262&b%20c=d%2Fe&f=',
    '/invocations?A=1&A=2&b%20c=d%2Fe&f=',
    '/invocations?a=1&a=2&b%2520c=d%2Fe&f=',
    '/invocations?a=1&a=2&b%20c=d%252Fe&f=',
    '/invocations?a=1&a=2&b%20c=d%2Fe&f=%00',
    '/invocations?a=1&a=2&b%20c=d%2Fe&f=&',
    '/invocations?a=1&a=2&b%20c=d%2Fe&f=&=',
    '/invocations?a=1;a=2&b%20c=d%2Fe&f=',
  ])('not %s', async (path) => {
    const got = await sent({ query }, withPath(path))
    if (path.endsWith('&'))
      expect([200, 403]).toContain(got.status) // an empty pair says nothing
    else expect(got.status).toBe(403)
  })

  it.each(['/invocations?f=&b%20c=d%2Fe&a=2&a=1', '/invocations?a=1&a=2&b%20c=d/e&f='])(
    '%s is the same query, in other words',
    async (path) => {
      expect((await sent({ query }, withPath(path))).status).toBe(200)
    },
  )
})

describe('a presigned URL is refused', () => {
  const presigned = async (signing: Signing = {}): Promise<string> =>
    (await sign({ method: 'GET', path: '/ws', body: '', query: { a: 'b' } }, { expires: 60, ...signing })).target

  const changes: Readonly<Record<string, (target: string) => string>> = {
    'for another path': (target) => target.replace('/ws', '/runtimes/x/ws'),
    'for a path with a slash': (target) => target.replace('/ws', '/ws/'),
    'with another parameter': (target) => target.replace('a=b', 'a=c'),
    'with a parameter less': (target) => target.replace('a=b&', '').replace('&a=b', ''),
    'with a parameter more': (target) => `${target}&c=d`,
    'with a longer time': (target) => target.replace('X-Amz-Expires=60', 'X-Amz-Expires=300'),
    'with a time of a week': (target) => target.replace('X-Amz-Expires=60', 'X-Amz-Expires=604800'),
    'with a negative time': (target) => target.replace('X-Amz-Expires=60', 'X-Amz-Expires=-60'),
    'with a time of 1e9': (target) => target.replace('X-Amz-Expires=60', 'X-Amz-Expires=1e9'),
    'with a time of NaN': (target) => target.replace('X-Amz-Expires=60', 'X-Amz-Expires=NaN'),
    'without a time': (target) => target.replace('X-Amz-Expires=60', 'X-Amz-Expires='),
    'with another algorithm': (target) => target.replace('AWS4-HMAC-SHA256', 'AWS4-HMAC-SHA1'),
    'with another date': (target) => target.replace(/X-Amz-Date=[^&]*/, 'X-Amz-Date=20260102T030405Z'),
    'with another key': (target) => target.replace(credentials.accessKeyId, temporary.accessKeyId),
    'without a signature': (target) => target.replace(/&?X-Amz-Signature=[^&]*/, ''),
    'with an empty signature': (target) => target.replace(/X-Amz-Signature=[^&]*/, 'X-Amz-Signature='),
    'with a signature of zeros': (target) =>
      target.replace(/X-Amz-Signature=[^&]*/, `X-Amz-Signature=${'0'.repeat(64)}`),
    'with two signatures': (target) => `${target}&X-Amz-Signature=${'0'.repeat(64)}`,
    'with its names in small letters': (target) => target.replace(/X-Amz-/g, 'x-amz-'),
    'with its names escaped': (target) => target.replace('X-Amz-Expires', 'X%2DAmz-Expires') + '&X-Amz-Expires=300',
  }

  it.each(Object.entries(changes))('%s', async (_, change) => {
    const path = change(await presigned())
    const { status, body } = await refused(at().port, {}, { path })
    expect(status).toBe(403)
    expect(JSON.stringify(body)).not.toMatch(/[0-9a-f]{64}/)
  })

  it.each([
    ['when its time is over', { date: new Date(Date.now() - 61_000) }],
    ['before its time', { date: new Date(Date.now() + 360_000) }],
    ['for longer than is allowed', { expires: 301 }],
    ['for another host', { host: 'example.org' }],
    ['for another region', { region: 'eu-west-1' }],
    ['for another service', { service: 'execute-api' }],
  ] satisfies ReadonlyArray<readonly [string, Signing]>)('%s', async (_, signing) => {
    expect((await refused(at().port, {}, { path: await presigned(signing) })).status).toBe(403)
  })

  it('for a call: its method and path are signed', async () => {
    const target = await presigned()
    expect((await ask(at().port, { path: target, body: '{}' })).status).toBe(403)
    expect((await ask(at().port, { path: target.replace('/ws', '/invocations'), body: '{}' })).status).toBe(403)
    expect((await ask(at().port, { path: target.replace('/ws', '/invocations'), method: 'GET' })).status).toBe(403)
  })

  it('together with a signature in a header', async () => {
    const { headers } = await sign({ method: 'GET', path: '/ws', body: '' })
    const { authorization = '' } = headers
    expect((await refused(at().port, { authorization }, { path: await presigned() })).status).toBe(403)
  })
})

it('a signature of a call opens no socket, and one of a socket makes no call', async () => {
  const call = await sign({})
  expect((await refused(at().port, call.headers)).status).toBe(403)
  const socket = await sign({ method: 'GET', path: '/ws', body: '' })
  expect((await ask(at().port, { headers: socket.headers, body: '{}' })).status).toBe(403)
})

it('two hosts, two dates and two authorizations are refused', async () => {
  const { headers } = await sign({})
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  for (const name of ['host', 'x-amz-date', 'authorization']) {
    const head = ['POST /invocations HTTP/1.1', ...lines, `${name}: ${headers[name] ?? ''}`, 'Connection: close']
    const responses = await exchange(at().port, request([...head, 'Content-Length: 2'], '{}'))
    expect(responses).toHaveLength(1)
    expect([400, 403]).toContain(responses[0]?.status)
  }
})

it('no line of the log holds a signature or a key', () => {
  const lines = at().lines.map((line) => JSON.parse(line) as Line)
  expect(lines.length).toBeGreaterThan(0)
  expect(at().lines.join('\n')).not.toMatch(/[0-9a-f]{64}/)
  expect(at().lines.join('\n')).not.toContain(credentials.secretAccessKey)
})
