/** Bearer tokens that another key, another algorithm, another time or another place vouches for: refused, alike for calls and sockets. */
import { createHmac, createSign, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createApp } from '../../lib'
import { ask, failureIn, type Line } from '../http/support'
import { dial, refused } from '../http/socketSupport'
import { withJwt } from '../auth/guarded'
import { configOf, discoveryUrlOf } from '../auth/oidc'
import { exchange, pollution, request } from './held'

const first = generateKeyPairSync('rsa', { modulusLength: 2048 })
const foreign = generateKeyPairSync('rsa', { modulusLength: 2048 })
const curve = generateKeyPairSync('ec', { namedCurve: 'P-256' })

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

const now = (): number => Math.floor(Date.now() / 1000)

/** A provider on a port, which remembers what it was asked for. */
const provider = async () => {
  const asked: Array<string> = []
  const server = createServer((req, res) => {
    asked.push(req.url ?? '')
    const { port } = server.address() as AddressInfo
    const issuer = `http://127.0.0.1:${port}`
    const keys = [
      { ...first.publicKey.export({ format: 'jwk' }), kid: 'first', alg: 'RS256', use: 'sig' },
      { ...curve.publicKey.export({ format: 'jwk' }), kid: 'curve', alg: 'ES256', use: 'sig' },
      { kty: 'oct', k: Buffer.from('a secret that is known to the provider').toString('base64url'), kid: 'shared' },
    ]
    res.end(JSON.stringify(req.url === '/jwks' ? { keys } : { issuer, jwks_uri: `${issuer}/jwks` }))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, asked, port: (server.address() as AddressInfo).port }
}

interface At {
  readonly port: number
  readonly issuer: string
  readonly lines: ReadonlyArray<string>
  readonly asked: ReadonlyArray<string>
}

const cell: { at?: At; close?: () => Promise<void> } = {}

const at = (): At => {
  if (cell.at === undefined) throw new Error('it is not serving')
  return cell.at
}

beforeAll(async () => {
  const { server: issuing, asked, port: issuerPort } = await provider()
  const config = configOf({
    discoveryUrl: discoveryUrlOf(issuerPort),
    allowedClients: ['caller'],
    allowedAudience: ['urn:agent'],
    allowedScopes: ['invoke'],
  })
  const lines: Array<string> = []
  const app = createApp(withJwt(config, { clockTolerance: 0 }), {
    log: { level: 'debug', format: 'json', destination: (line) => void lines.push(line) },
  })
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  cell.at = { port, issuer: `http://127.0.0.1:${issuerPort}`, lines, asked }
  cell.close = async () => {
    await app.stop({ timeout: 0 })
    issuing.closeAllConnections()
    issuing.close()
  }
})

afterAll(() => cell.close?.())

// ---------------------------------------------------------------------------------------------------------------------
// tokens
// ---------------------------------------------------------------------------------------------------------------------

const good = (): Readonly<Record<string, unknown>> => ({
  ...{ iss: at().issuer, exp: now() + 60, sub: 'ann', client_id: 'caller', aud: 'urn:agent', scope: 'invoke' },
})

const plain: Readonly<Record<string, unknown>> = { alg: 'RS256', kid: 'first' }

const signedBy =
  (key: KeyObject = first.privateKey) =>
  (text: string): string =>
    createSign('sha256').update(text).sign(key, 'base64url')

const hmac =
  (secret: string | Buffer) =>
  (text: string): string =>
    createHmac('sha256', secret).update(text).digest('base64url')

const joined = (head: string, payload: string, seal: (text: string) => string): string =>
  `${head}.${payload}.${seal(`${head}.${payload}`)}`

/** A token with other fields in its header and other claims, sealed in some way; signed as it should be without one. */
const token = (
  header: Readonly<Record<string, unknown>> = {},
  claims: Readonly<Record<string, unknown>> = {},
  seal: (text: string) => string = signedBy(),
): string => joined(part({ ...plain, ...header }), part({ ...good(), ...claims }), seal)

/** How a call and a socket with a token are answered: alike. */
const judged = async (authorization: string) => {
  const headers = { authorization }
  const call = await ask(at().port, { body: '{}', headers })
  const socket = await refused(at().port, headers)
  expect(socket.status).toBe(call.status)
  expect(call.headers['www-authenticate']).toMatch(/^Bearer/)
  expect(pollution()).toEqual([])
  expect(at().lines.join('\n')).not.toContain(authorization.slice(-30))
  return [call.status, failureIn(call.text).code]
}

const pem = first.publicKey.export({ type: 'spki', format: 'pem' })
const der = first.publicKey.export({ type: 'spki', format: 'der' })

const jwk = foreign.publicKey.export({ format: 'jwk' })

/** Tokens that bear a wrong seal, or name the key themselves. Each is made when its spec runs. */
const forged: Readonly<Record<string, () => string>> = {
  'alg none, no signature': () => token({ alg: 'none' }, {}, () => ''),
  'alg none, a signature': () => token({ alg: 'none' }),
  'alg None': () => token({ alg: 'None' }, {}, () => ''),
  'alg NONE': () => token({ alg: 'NONE' }, {}, () => ''),
  'alg empty': () => token({ alg: '' }, {}, () => ''),
  'alg null': () => token({ alg: null }, {}, () => ''),
  'alg missing': () => joined(part({ kid: 'first' }), part(good()), signedBy()),
  'alg a list': () => token({ alg: ['RS256'] }),
  'alg in small letters': () => token({ alg: 'rs256' }),
  'alg with a space': () => token({ alg: 'RS256 ' }),
  'alg toString': () => token({ alg: 'toString' }),
  'alg __proto__': () => joined('eyJhbGciOiJfX3Byb3RvX18ifQ', part(good()), signedBy()),
  'HS256 with the public key as PEM': () => token({ alg: 'HS256' }, {}, hmac(pem)),
  'HS256 with the public key as PEM without its last line break': () =>
    token({ alg: 'HS256' }, {}, hmac(String(pem).trim())),
  'HS256 with the public key as DER': () => token({ alg: 'HS256' }, {}, hmac(der)),
  'HS256 with the modulus': () =>
    token({ alg: 'HS256' }, {}, hmac(String(first.publicKey.export({ format: 'jwk' }).n))),
  'HS256 with an empty secret': () => token({ alg: 'HS256' }, {}, hmac('')),
  'HS256 with a shared key of the provider': () =>
    token({ alg: 'HS256', kid: 'shared' }, {}, hmac('a secret that is known to the provider')),
  'RS256 that names a shared key': () => token({ kid: 'shared' }),
  'ES256 that names an RSA key': () => token({ alg: 'ES256' }),
  'RS256 that names a key of a curve': () => token({ kid: 'curve' }),
  'RS512 over SHA-256': () => token({ alg: 'RS512' }),
  'PS256 with the padding of RS256': () => token({ alg: 'PS256' }),
  'ES256 with a signature of zeros': () =>
    token({ alg: 'ES256', kid: 'curve' }, {}, () => Buffer.alloc(64).toString('base64url')),
  'ES256 in DER': () =>
    token({ alg: 'ES256', kid: 'curve' }, {}, (text) =>
      createSign('sha256').update(text).sign(curve.privateKey, 'base64url'),
    ),
  'a foreign key': () => token({}, {}, signedBy(foreign.privateKey)),
  'a foreign key as jwk': () => token({ jwk }, {}, signedBy(foreign.privateKey)),
  'a foreign key as jwk without kid': () =>
    joined(part({ alg: 'RS256', jwk }), part(good()), signedBy(foreign.privateKey)),
  'a foreign key by jku': () => token({ jku: `${at().issuer}/evil` }, {}, signedBy(foreign.privateKey)),
  'a foreign key by x5u': () => token({ x5u: `${at().issuer}/evil` }, {}, signedBy(foreign.privateKey)),
  'a foreign key by x5c': () => token({ x5c: [der.toString('base64')] }, {}, signedBy(foreign.privateKey)),
  'an unknown kid': () => token({ kid: 'other' }, {}, signedBy(foreign.privateKey)),
  'a kid that is a path': () => token({ kid: '../../../../dev/null' }, {}, hmac('')),
  'a kid that is a URL': () => token({ kid: `${at().issuer}/evil` }, {}, signedBy(foreign.privateKey)),
  'a kid with a line break': () => token({ kid: 'first\r\nX: y' }, {}, signedBy(foreign.privateKey)),
  'a kid that is a number': () => token({ kid: 0 }, {}, signedBy(foreign.privateKey)),
  'a kid that is an object': () => token({ kid: { $ne: null } }, {}, signedBy(foreign.privateKey)),
  'a kid __proto__': () => token({ kid: '__proto__' }, {}, signedBy(foreign.privateKey)),
  'a critical header that is not known': () => token({ crit: ['x'], x: 1 }),
  'a critical header that is not there': () => token({ crit: ['x'] }),
  'b64 false': () => token({ crit: ['b64'], b64: false }),
  'no signature': () => token({}, {}, () => ''),
  'a signature of another token': () =>
    `${part(plain)}.${part({ ...good(), sub: 'bob' })}.${token().split('.')[2] ?? ''}`,
  'a signature cut by a byte': () => token().slice(0, -2),
  'a signature with a bit changed': () => token({}, {}, (text) => flipped(signedBy()(text))),
  'claims that were changed': () => {
    const [head = '', , seal = ''] = token().split('.')
    return `${head}.${part({ ...good(), scope: 'invoke admin' })}.${seal}`
  },
  'two parts': () => token().split('.').slice(0, 2).join('.'),
  'four parts': () => `${token()}.AA`,
  'five parts, as of an encrypted one': () => `${token()}.AA.AA`,
  'claims that are no JSON': () => joined(part(plain), 'e30x', signedBy()),
  'claims that are a list': () => joined(part(plain), part([good()]), signedBy()),
  'claims that are null': () => joined(part(plain), part(null), signedBy()),
  'claims in no base64': () => joined(part(plain), '%7B%7D', signedBy()),
}

const flipped = (text: string): string => {
  const bits = Buffer.from(text, 'base64url')
  bits[10] = (bits[10] ?? 0) ^ 1
  return bits.toString('base64url')
}

/** Claims under a right signature that do not let anyone in. */
const claimed: Readonly<Record<string, () => Readonly<Record<string, unknown>>>> = {
  'expired a second ago': () => ({ exp: now() - 1 }),
  'expired long ago': () => ({ exp: 1 }),
  'expired at 0': () => ({ exp: 0 }),
  'a negative expiry': () => ({ exp: -1 }),
  'an expiry as text': () => ({ exp: String(now() + 60) }),
  'no expiry': () => ({ exp: undefined }),
  'an expiry of null': () => ({ exp: null }),
  'an expiry that is a list': () => ({ exp: [now() + 60] }),
  'not valid yet': () => ({ nbf: now() + 60 }),
  'not before, as text': () => ({ nbf: '0' }),
  'another issuer': () => ({ iss: 'https://issuer.example.org' }),
  'the issuer with a slash': () => ({ iss: `${at().issuer}/` }),
  'the issuer in a list': () => ({ iss: [at().issuer] }),
  'no issuer': () => ({ iss: undefined }),
  'another audience': () => ({ aud: 'urn:other' }),
  'no audience': () => ({ aud: undefined }),
  'an empty list of audiences': () => ({ aud: [] }),
  'an audience that begins alike': () => ({ aud: 'urn:agent:other' }),
  'audiences in one text': () => ({ aud: 'urn:other urn:agent' }),
  'an audience within a list of lists': () => ({ aud: [['urn:agent']] }),
  'an audience that is an object': () => ({ aud: { 0: 'urn:agent', length: 1 } }),
  'an audience in other letters': () => ({ aud: 'URN:AGENT' }),
  'another client': () => ({ client_id: 'other' }),
  'no client': () => ({ client_id: undefined }),
  'a client in a list': () => ({ client_id: ['caller'] }),
  'a client with a NUL': () => ({ client_id: 'caller\0' }),
  'a client by another claim': () => ({ client_id: undefined, azp: 'caller', clientId: 'caller' }),
  'another scope': () => ({ scope: 'read' }),
  'no scope': () => ({ scope: undefined }),
  'a scope that begins alike': () => ({ scope: 'invoke-other' }),
  'scopes parted by a comma': () => ({ scope: 'read,invoke' }),
  'a scope by another claim': () => ({ scope: undefined, scp: ['invoke'], scopes: 'invoke' }),
  'a subject that is an object': () => ({ sub: { $ne: 1 } }),
}

describe('a token is refused with', () => {
  it.each(Object.entries(forged))('%s', async (_, make) => {
    expect(await judged(`Bearer ${make()}`)).toEqual([401, 'UNAUTHORIZED'])
    expect(at().asked.filter((path) => !['/jwks', '/.well-known/openid-configuration'].includes(path))).toEqual([])
  })

  it.each(Object.entries(claimed))('%s, though its signature is right', async (_, change) => {
    expect(await judged(`Bearer ${token({}, change())}`)).toEqual([401, 'UNAUTHORIZED'])
  })
})

describe('what is sent as credentials is refused:', () => {
  const sent: Readonly<Record<string, (token: string) => ReadonlyArray<string>>> = {
    'two headers': (text) => [`Authorization: Bearer ${text}`, `Authorization: Bearer ${text}`],
    'a good and a bad header': (text) => [`Authorization: Bearer ${text}`, 'Authorization: Bearer x'],
    'two tokens in one header': (text) => [`Authorization: Bearer ${text}, Bearer ${text}`],
    'two tokens with a space': (text) => [`Authorization: Bearer ${text} ${text}`],
    'another scheme': (text) => [`Authorization: Basic ${text}`],
    'another scheme before it': (text) => [`Authorization: Basic eDp5, Bearer ${text}`],
    'no scheme': (text) => [`Authorization: ${text}`],
    'a scheme that goes on': (text) => [`Authorization: BearerX ${text}`],
    'a scheme without a space': (text) => [`Authorization: Bearer${text}`],
    'a scheme with a colon': (text) => [`Authorization: Bearer: ${text}`],
    'a token in quotes': (text) => [`Authorization: Bearer "${text}"`],
    'a parameter behind it': (text) => [`Authorization: Bearer ${text};a=b`],
    'a token with a percent sign': (text) => [`Authorization: Bearer ${text.replace('.', '%2E')}`],
    'another header': (text) => [`X-Authorization: Bearer ${text}`],
    'the header of a proxy': (text) => [`Proxy-Authorization: Bearer ${text}`],
    'a cookie': (text) => [`Cookie: access_token=${text}; Authorization=Bearer ${text}`],
    'a subprotocol without a socket': (text) => [
      `Sec-WebSocket-Protocol: base64UrlBearerAuthorization.${Buffer.from(text).toString('base64url')}`,
    ],
    'a token above the bound': (text) => [`Authorization: Bearer ${text}${'A'.repeat(8193)}`],
  }

  it.each(Object.entries(sent))('%s', async (_, fields) => {
    const head = ['POST /invocations HTTP/1.1', 'Host: localhost', 'Connection: close', 'Content-Length: 2']
    const bytes = Buffer.from(request([...head, ...fields(token())], '{}'), 'latin1')
    const responses = await exchange(at().port, bytes)
    expect(responses.map(({ status }) => status)).toEqual([401])
  })

  it.each(['access_token', 'token', 'Authorization', 'authorization', 'bearer', 'X-Amz-Security-Token'])(
    'the parameter %s of a query',
    async (name) => {
      const query = `${name}=${encodeURIComponent(name === 'Authorization' ? `Bearer ${token()}` : token())}`
      expect((await ask(at().port, { path: `/invocations?${query}`, body: '{}' })).status).toBe(401)
      expect((await refused(at().port, {}, { path: `/ws?${query}` })).status).toBe(401)
    },
  )

  it('a token in the body', async () => {
    const body = `access_token=${token()}`
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    expect((await ask(at().port, { body, headers })).status).toBe(401)
  })
})

describe('what is right is let in:', () => {
  it.each(['Bearer', 'bearer', 'BEARER', 'bEaReR'])('the scheme %s', async (scheme) => {
    expect((await ask(at().port, { body: '{}', headers: { authorization: `${scheme} ${token()}` } })).status).toBe(200)
  })

  it.each([
    ['a list of audiences', { aud: ['urn:other', 'urn:agent'] }],
    ['one of several scopes', { scope: 'read invoke' }],
    ['names that every object has', { constructor: { prototype: 1 }, toString: 'x', hasOwnProperty: 1 }],
  ])('%s', async (_, claims) => {
    const got = await ask(at().port, { body: '{}', headers: { authorization: `Bearer ${token({}, claims)}` } })
    expect([got.status, got.text]).toEqual([200, '{"sub":"ann","payload":{}}'])
    expect(pollution()).toEqual([])
  })

  it('a key of a curve', async () => {
    const seal = (text: string): string =>
      sign('sha256', Buffer.from(text), { key: curve.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')
    const authorization = `Bearer ${token({ alg: 'ES256', kid: 'curve' }, {}, seal)}`
    const peer = await dial(`ws://127.0.0.1:${at().port}/ws`, { headers: { authorization } })
    expect(await peer.next()).toMatchObject({ sub: 'ann' })
    await peer.closed
  })
})

it('nothing of all this was an error of the agent, and no line holds a token', () => {
  const lines = at().lines.map((line) => JSON.parse(line) as Line)
  expect(lines.filter(({ level }) => level === 'ERROR')).toEqual([])
  expect(at().lines.join('\n')).not.toMatch(/eyJ[\w-]{20,}/)
})
