/** Connections as data: what is in the URL, the headers, the subprotocols, and what gets into none of them. */
import * as fc from 'fast-check'
import * as E from 'fp-ts/Either'
import * as TE from 'fp-ts/TaskEither'
import { type ClientError, explain } from '../../../lib/client/error/ClientError'
import {
  type Connection,
  type Connecting,
  generatePresignedUrl,
  generateWsConnection,
  generateWsConnectionBrowser,
  generateWsConnectionOAuth,
} from '../../../lib/client/socket/Connection'
import * as SessionId from '../../../lib/client/target/SessionId'
import { presign, signHeaders } from '../../../lib/client/auth/SigV4Signer'
import { left, right } from '../../core/support'
import {
  anonymous,
  bearing,
  environment,
  leftOf,
  local,
  moment,
  newId,
  rightOf,
  signing,
  standIn,
} from '../environment'
import { hostile, keys, parametersOf, target } from '../support'

const base =
  'wss://bedrock-agentcore.us-west-2.amazonaws.com/runtimes/arn%3Aaws%3Abedrock-agentcore%3Aus-west-2%3A123456789012%3Aruntime%2Fmy_agent-a1b2c3d4e5/ws'
const https = base.replace('wss', 'https')
const sessionName = 'X-Amzn-Bedrock-AgentCore-Runtime-Session-Id'
const region = { region: 'us-west-2' }
const none = new Uint8Array()
const token = 'hunter2.eyJhIjoxfQ.c2ln'

const all: ReadonlyArray<readonly [string, (options: object) => Connecting]> = [
  ['generateWsConnection', generateWsConnection],
  ['generatePresignedUrl', generatePresignedUrl],
  ['generateWsConnectionOAuth', (options) => generateWsConnectionOAuth({ bearerToken: token, ...options })],
  ['generateWsConnectionBrowser', (options) => generateWsConnectionBrowser({ bearerToken: token, ...options })],
]

describe('generateWsConnection', () => {
  it('signs headers, that of the session too', async () => {
    const made = await rightOf(generateWsConnection()(environment()))
    const headers = { [sessionName]: newId() }
    expect(made).toEqual<Connection>({
      url: base,
      headers: right(signHeaders({ method: 'GET', url: https, headers, body: none }, keys, region, moment)),
      protocols: [],
      sessionId: right(SessionId.parse(newId())),
    })
    expect(made.headers['Authorization']).toContain(
      'SignedHeaders=host;x-amz-date;x-amzn-bedrock-agentcore-runtime-session-id,',
    )
  })

  it('has the qualifier, the parameters and the headers that it is given, signed', async () => {
    const made = await rightOf(
      generateWsConnection({
        sessionId: 'a'.repeat(33),
        qualifier: 'prod',
        params: { 'a b': ['1', '2'], é: '+' },
        headers: { 'X-Api-Key': 'k', 'X-Amzn-Bedrock-AgentCore-Runtime-User-Id': 'me' },
      })(environment()),
    )
    expect(made.url).toBe(`${base}?qualifier=prod&a%20b=1&a%20b=2&%C3%A9=%2B`)
    expect(made.sessionId).toBe('a'.repeat(33))
    expect(made.headers).toMatchObject({ 'X-Api-Key': 'k', [sessionName]: 'a'.repeat(33) })
    expect(made.headers['Authorization']).toMatch(/;x-amzn-bedrock-agentcore-runtime-user-id;x-api-key,/)
  })

  it('has the bearer token of the environment instead', async () => {
    const { headers } = await rightOf(generateWsConnection()(environment({ auth: bearing(token) })))
    expect(headers).toEqual({ [sessionName]: newId(), Authorization: `Bearer ${token}` })
  })

  it('signs nothing for who asks for nothing', async () => {
    const env = environment({ auth: anonymous, target: local('http://localhost:8080') })
    expect(await rightOf(generateWsConnection()(env))).toMatchObject({
      url: 'ws://localhost:8080/ws',
      headers: { [sessionName]: newId() },
    })
  })

  it('gives what kept it from credentials', async () => {
    const error: ClientError = { _tag: 'NoCredentials', tried: ['all'], reason: 'none' }
    expect(
      await leftOf(generateWsConnection()(environment({ auth: { _tag: 'SigV4', credentials: TE.left(error) } }))),
    ).toBe(error)
  })
})

describe('generatePresignedUrl', () => {
  it('gives a URL and needs nothing else', async () => {
    const made = await rightOf(generatePresignedUrl({ qualifier: 'prod', params: { abc: 'p q' } })(environment()))
    const plain = `${base}?qualifier=prod&abc=p%20q&${sessionName}=${newId()}`
    expect(made).toMatchObject({ headers: {}, protocols: [], sessionId: newId() })
    expect(made.url).toBe(right(presign(plain, keys, region, moment, 300)))
    expect(parametersOf(made.url)).toEqual(
      expect.arrayContaining([
        ['X-Amz-Expires', '300'],
        ['abc', 'p q'],
        ['qualifier', 'prod'],
        [sessionName, newId()],
      ]),
    )
  })

  it('is for a stand-in of AWS, or an agent itself, as well', async () => {
    const at = (where: ReturnType<typeof local>) => rightOf(generatePresignedUrl()(environment({ target: where })))
    expect((await at(standIn('http://localhost:1/base'))).url).toMatch(
      /^ws:\/\/localhost:1\/base\/runtimes\/arn%3A.*Signature=/,
    )
    expect((await at(local('https://example.com'))).url).toMatch(/^wss:\/\/example.com\/ws\?.*us-east-1.*Signature=/)
  })

  it.each([1, 60, 300])('may hold for %d seconds', async (expires) => {
    const { url } = await rightOf(generatePresignedUrl({ expires })(environment()))
    expect(new URL(url).searchParams.get('X-Amz-Expires')).toBe(String(expires))
  })

  it.each([0, -1, 301, NaN, 1.5, Infinity])('may not hold for %d seconds, whoever asks', async (expires) => {
    for (const auth of [signing, anonymous, bearing(token)])
      expect(await leftOf(generatePresignedUrl({ expires })(environment({ auth })))).toEqual({
        _tag: 'InvalidExpiry',
        expires,
      })
  })

  it('is without a signature for who asks for none, and nothing for a token', async () => {
    const { url } = await rightOf(generatePresignedUrl()(environment({ auth: anonymous })))
    expect(url).toBe(`${base}?${sessionName}=${newId()}`)
    const error = await leftOf(generatePresignedUrl()(environment({ auth: bearing(token) })))
    expect(error._tag).toBe('NoCredentials')
    expect(explain(error)).not.toContain('hunter2')
  })
})

describe('generateWsConnectionOAuth', () => {
  it('has the given token, or that of the environment', async () => {
    const given = generateWsConnectionOAuth({ bearerToken: token })(environment())
    const known = generateWsConnectionOAuth()(environment({ auth: bearing(token) }))
    for (const made of [await rightOf(given), await rightOf(known)])
      expect(made).toMatchObject({ url: base, headers: { Authorization: `Bearer ${token}`, [sessionName]: newId() } })
  })

  it('asks for one', async () => {
    expect(await leftOf(generateWsConnectionOAuth()(environment()))).toMatchObject({ _tag: 'InvalidToken' })
  })
})

describe('generateWsConnectionBrowser', () => {
  it('has the token in a subprotocol and the session in the URL', async () => {
    const made = await rightOf(generateWsConnectionBrowser({ bearerToken: 'a?b>c' })(environment()))
    expect(made).toEqual({
      url: `${base}?${sessionName}=${newId()}`,
      headers: {},
      protocols: [
        `base64UrlBearerAuthorization.${Buffer.from('a?b>c').toString('base64url')}`,
        'base64UrlBearerAuthorization',
      ],
      sessionId: newId(),
    })
  })

  it('is what the other side decodes', () => {
    const visible = fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code))
    return fc.assert(
      fc.asyncProperty(fc.string({ unit: visible, minLength: 1, maxLength: 200 }), async (bearerToken) => {
        fc.pre(!['undefined', 'null'].includes(bearerToken))
        const { protocols } = await rightOf(generateWsConnectionBrowser({ bearerToken })(environment()))
        const encoded = protocols[0]?.split('.')[1] ?? ''
        expect(encoded).toMatch(/^[\w-]+$/)
        expect(Buffer.from(encoded, 'base64url').toString('latin1')).toBe(bearerToken)
      }),
    )
  })

  it('takes no token that AgentCore would not: 5 KB', async () => {
    const fits = 'a'.repeat(3050)
    expect(
      (await rightOf(generateWsConnectionBrowser({ bearerToken: fits })(environment()))).protocols[0],
    ).toHaveLength(4096)
    for (const bearerToken of ['a'.repeat(3051), 'hunter2'.repeat(5120 / 7)]) {
      const error = await leftOf(generateWsConnectionBrowser({ bearerToken })(environment()))
      expect(error._tag).toBe('InvalidToken')
      expect(JSON.stringify(error)).not.toContain('hunter2')
    }
  })
})

describe.each([
  ['generateWsConnectionOAuth', generateWsConnectionOAuth],
  ['generateWsConnectionBrowser', generateWsConnectionBrowser],
])('%s refuses a token', (_, make) => {
  it.each([
    ['that is empty', ''],
    ['with CRLF', 'hunter2\r\nx: y'],
    ['with a space', 'hunter2 x'],
    ['outside ASCII', 'hunter2é'],
    ['with its scheme', 'Bearer hunter2'],
    ['that is undefined', 'undefined'],
    ['that is null', 'null'],
    ['of a megabyte', 'hunter2'.repeat(150_000)],
  ])('%s', async (__, bearerToken) => {
    for (const error of [
      await leftOf(make({ bearerToken })(environment())),
      await leftOf(make()(environment({ auth: bearing(bearerToken) }))),
    ]) {
      expect(error._tag).toBe('InvalidToken')
      expect(JSON.stringify(error) + explain(error)).not.toContain('hunter2')
    }
  })
})

describe.each(all)('%s', (_, make) => {
  const outcome = (options: object): Promise<E.Either<ClientError, Connection>> => make(options)(environment())()

  it('refuses a session id that is too short or too long', async () => {
    for (const sessionId of ['', 'short', 'a'.repeat(32), 'a'.repeat(257), `${'a'.repeat(40)}\r\n`])
      expect(left(await outcome({ sessionId }))._tag).toBe('InvalidSessionId')
  })

  it.each(['', 'a b', '1a', 'a-b', 'x&y=z', 'DEFAULT\r\n', 'a'.repeat(49)])(
    'refuses the qualifier %j',
    async (qualifier) => {
      expect(left(await outcome({ qualifier }))._tag).toBe('InvalidQualifier')
    },
  )

  it.each([
    ['without a name', { '': 'x' }],
    ['with CRLF', { a: 'b\r\nc' }],
    ['with CRLF in its name', { 'a\r\nb': 'c' }],
    ['with NUL', { a: '\0' }],
    ['with half of a character', { a: '\ud800' }],
    ['of the signature', { 'x-amz-expires': '99999' }],
    ['of the session', { [sessionName.toLowerCase()]: 'x' }],
    ['of the qualifier', { qualifier: 'x' }],
    ['of JavaScript', JSON.parse('{"__proto__":"x"}') as object],
    ['of a megabyte', { a: 'x'.repeat(1_000_000) }],
    ['a thousand times', { a: new Array<string>(1000).fill('') }],
  ])('refuses a parameter %s', async (__, params) => {
    const error = left(await outcome({ params }))
    expect(error._tag).toBe('InvalidParameter')
    expect(explain(error)).toMatch(/^[\x20-\x7e]{10,250}$/)
  })

  it('changes nothing that it is given', async () => {
    const options = Object.freeze({ params: Object.freeze({ a: Object.freeze(['b']) }) })
    const before = JSON.stringify(options)
    expect(E.isRight(await outcome(options))).toBe(true)
    expect(JSON.stringify(options)).toBe(before)
  })

  it('calls the host of the environment, whatever it is given', () =>
    fc.assert(
      fc.asyncProperty(
        fc.record(
          {
            sessionId: fc.oneof(hostile('a'.repeat(40)), fc.string()),
            qualifier: fc.oneof(fc.constant('prod'), hostile('prod'), fc.string()),
            params: fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), { maxKeys: 3 }),
          },
          { requiredKeys: [] },
        ),
        async (options) => {
          const made = await outcome(options)
          if (E.isLeft(made)) return
          const url = new URL(made.right.url)
          expect(`${url.protocol}//${url.host}${url.pathname}`).toBe(base)
          expect([url.username, url.password, url.hash]).toEqual(['', '', ''])
          for (const [name, value] of Object.entries(options.params ?? {}))
            expect(url.searchParams.getAll(name)).toContain(value)
        },
      ),
      { numRuns: 300 },
    ))
})

describe.each([
  ['generateWsConnection', generateWsConnection],
  ['generateWsConnectionOAuth', (options: object) => generateWsConnectionOAuth({ bearerToken: token, ...options })],
])('%s refuses a header', (_, make) => {
  it.each([
    ['with CRLF', { 'X-Api-Key': 'hunter2\r\nx: y' }],
    ['with CRLF in its name', { 'x\r\ny': 'z' }],
    ['outside ASCII', { 'X-Api-Key': 'hunter2é' }],
    ['of the host', { Host: 'x' }],
    ['of the connection', { Connection: 'close' }],
    ['of who asks', { Authorization: 'hunter2' }],
    ['of the signature', { 'X-Amz-Date': 'x' }],
    ['of the session', { [sessionName]: 'x' }],
    ['of the handshake', { 'Sec-WebSocket-Protocol': 'x' }],
    ['of a megabyte', { 'X-Api-Key': 'hunter2'.repeat(150_000) }],
  ])('%s', async (__, headers) => {
    const error = await leftOf(make({ headers })(environment({ target: target() })))
    expect(error._tag).toBe('InvalidParameter')
    expect(JSON.stringify(error) + explain(error)).not.toContain('hunter2')
  })
})
