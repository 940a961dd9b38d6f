/** Requests that try to get past an authorizer: refused, with a typed error, and nothing secret in an answer or a log line. */
import { ask, answerIn, failureIn, rawTo, served, type Served } from '../http/support'
import { dialRaw, handshakeText, refused } from '../http/socketSupport'
import { bearer, refusedBoth, refusedSocket, withJwt } from '../auth/guarded'
import { configOf, protocolsOf, withOidc, type Oidc } from '../auth/oidc'
import { withSigv4 } from '../auth/runtimes'
import { signed, type Signing, type Unsigned } from '../auth/signing'

const behindJwt = (use: (at: Served, token: string) => Promise<void>): Promise<void> =>
  withOidc({}, async (oidc: Oidc) => {
    const token = await oidc.token()
    await served(withJwt(configOf({ discoveryUrl: oidc.discoveryUrl, allowedClients: ['caller'] })), async (at) => {
      expect((await ask(at.port, { body: '{}', headers: bearer(token) })).status).toBe(200)
      await use(at, token)
      for (const secret of [token, token.slice(-40), protocolsOf(token)[0] ?? ''])
        expect(at.lines.join('\n')).not.toContain(secret)
    })
  })

/** What a request of these header lines is answered. */
const answered = async (port: number, lines: ReadonlyArray<string>, body = '{}') => {
  const raw = await rawTo(port)
  raw.say([...lines, `Content-Length: ${body.length}`, 'Connection: close', '', body].join('\r\n'))
  return answerIn(await raw.closed)
}

const post = ['POST /invocations HTTP/1.1', 'Host: localhost']

describe('past jwtAuthorizer', () => {
  it('nobody gets by header smuggling', () =>
    behindJwt(async ({ port }, token) => {
      const good = `Authorization: Bearer ${token}`
      const smuggled: ReadonlyArray<readonly [ReadonlyArray<string>, number, string]> = [
        [[...post, good, good], 401, 'The request has more than one bearer token'],
        [[...post, good, 'Authorization: Bearer x'], 401, 'The request has more than one bearer token'],
        [[...post, 'Authorization:', good], 401, 'The request has more than one bearer token'],
        [[...post, 'authorization: Basic eDp5', good], 401, 'The request has more than one bearer token'],
        [[...post, 'Authorization: Bearer '], 401, 'The bearer token is empty'],
        [[...post, 'Authorization: Bearer'], 401, 'The bearer token is empty'],
        [[...post, `Authorization: Bearer  ${token}, Bearer ${token}`], 401, 'The bearer token is malformed'],
        [[...post, `Authorization: ${token}`], 401, 'Missing bearer token'],
        [[...post, `Proxy-Authorization: Bearer ${token}`], 401, 'Missing bearer token'],
        [[...post, `Sec-WebSocket-Protocol: ${protocolsOf(token).join(', ')}`], 401, 'Missing bearer token'],
        [[`POST /invocations?access_token=${token} HTTP/1.1`, 'Host: localhost'], 401, 'Missing bearer token'],
        [['POST /ping/../invocations HTTP/1.1', 'Host: localhost'], 401, 'Missing bearer token'],
        [['POST //invocations HTTP/1.1', 'Host: localhost'], 401, 'Missing bearer token'],
        [['POST /invocations#/ping HTTP/1.1', 'Host: localhost'], 401, 'Missing bearer token'],
        [['POST /ping%2f..%2finvocations HTTP/1.1', 'Host: localhost'], 401, 'Missing bearer token'],
        [['POST http://a/ping/../invocations HTTP/1.1', 'Host: localhost'], 401, 'Missing bearer token'],
      ]
      for (const [lines, status, message] of smuggled) {
        const { status: told, head, body } = await answered(port, lines)
        expect([lines[0], told, failureIn(body).error]).toEqual([lines[0], status, message])
        expect(head.toLowerCase()).toContain('www-authenticate: bearer')
      }
    }))

  it('nobody gets by folded lines or line breaks: HTTP itself refuses them', () =>
    behindJwt(async ({ port }, token) => {
      for (const line of [
        `Authorization: Bearer\r\n ${token}`,
        `Authorization: Bearer ${token}\rX: y`,
        `Authorization: Bearer ${token}\nX y`,
        `Authorization : Bearer ${token}`,
      ]) {
        const { status, body } = await answered(port, [...post, line])
        expect([line.length, [400, 401].includes(status)]).toEqual([line.length, true])
        failureIn(body)
      }
    }))

  it('nobody gets by the subprotocol: too long, twice, with a header, malformed, or for no socket', () =>
    behindJwt(async (at, token) => {
      const [withToken = '', plain = ''] = protocolsOf(token)
      const long = `base64UrlBearerAuthorization.${'YWFh'.repeat(1250)}`
      const cases: ReadonlyArray<readonly [Readonly<Record<string, string>>, string]> = [
        [
          { 'sec-websocket-protocol': `${long}, ${plain}` },
          'The bearer token subprotocol is longer than 4096 characters',
        ],
        [
          { 'sec-websocket-protocol': `${withToken}, ${withToken}, ${plain}` },
          'The request has more than one bearer token',
        ],
        [
          { 'sec-websocket-protocol': `${withToken}, ${plain}`, ...bearer(token) },
          'The request has more than one bearer token',
        ],
        [{ 'sec-websocket-protocol': `base64UrlBearerAuthorization., ${plain}` }, 'The bearer token is empty'],
        [
          {
            'sec-websocket-protocol': `base64UrlBearerAuthorization.${Buffer.from('a\r\nX: y').toString('base64url')}`,
          },
          'The bearer token is malformed',
        ],
        [{ 'sec-websocket-protocol': plain }, 'Missing bearer token'],
      ]
      for (const [headers, message] of cases) {
        expect(await refusedSocket(at, headers)).toMatchObject({ status: 401, code: 'UNAUTHORIZED', error: message })
      }
      const raw = await dialRaw(at.port)
      raw.socket.write(handshakeText({ 'sec-websocket-protocol': `${withToken}, ${plain}` }))
      const head = (await raw.until((received) => received.includes('\r\n\r\n'))).toString()
      expect(head).toMatch(/^HTTP\/1\.1 101 /)
      expect(head).toMatch(/sec-websocket-protocol: base64UrlBearerAuthorization\r\n/i)
      raw.socket.destroy()
      expect(
        await refused(at.port, { 'sec-websocket-protocol': `${withToken}, ${plain}` }, { path: '/other' }),
      ).toMatchObject({ status: 401 })
    }))

  it('nobody gets by a token that says strange things', () =>
    behindJwt(async (at, token) => {
      const [, payload = '', signature = ''] = token.split('.')
      const header = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
      const kids = ['\r\nX: y', '../../etc/passwd', "' OR 1=1", 'x'.repeat(2000), 7, null, { a: 1 }]
      const headers = [
        ...kids.map((kid) => ({ alg: 'RS256', kid })),
        { alg: 'RS256', crit: ['x'], x: 1 },
        { alg: 'RS256', jwk: { kty: 'oct', k: 'AA' } },
        { alg: 'RS256', jku: 'http://127.0.0.1:1/' },
        { alg: 'RS256', b64: false, crit: ['b64'] },
        { alg: ['none'] },
        { alg: 'nOnE' },
        {},
      ]
      for (const strange of headers) {
        expect(await refusedBoth(at, bearer(`${header(strange)}.${payload}.${signature}`))).toMatchObject({
          status: 401,
        })
      }
      for (const text of [
        '.',
        '..',
        '...',
        'e30.e30.',
        `${'W'.repeat(4000)}.${'W'.repeat(2000)}.AA`,
        `${header({ alg: 'RS256' })}.${'W1tb'.repeat(1500)}.AA`,
      ]) {
        expect(await refusedBoth(at, bearer(text))).toMatchObject({ status: 401 })
      }
    }))
})

describe('past sigv4Authorizer', () => {
  const sign = async (port: number, unsigned: Unsigned = {}, signing: Signing = {}) => {
    const request = await signed(
      { body: '{}', ...unsigned },
      { date: new Date(), host: `127.0.0.1:${port}`, ...signing },
    )
    return { ...request, lines: Object.entries(request.headers).map(([name, value]) => `${name}: ${value}`) }
  }

  it('nobody gets by header smuggling, and odd spaces harm nobody', () =>
    served(withSigv4(), async ({ port, lines: logged }) => {
      const { lines } = await sign(port, { headers: { 'x-a': 'b c' } })
      const first = 'POST /invocations HTTP/1.1'
      const authorization = lines.find((line) => line.startsWith('authorization')) ?? ''
      expect((await answered(port, [first, ...lines])).status).toBe(200)
      expect(
        (await answered(port, [first, ...lines.map((line) => (line === 'x-a: b c' ? 'X-A:  b \t  c  ' : line))]))
          .status,
      ).toBe(200)
      const smuggled: ReadonlyArray<readonly [ReadonlyArray<string>, number]> = [
        [[first, ...lines, authorization], 403],
        [[first, 'Authorization: x', ...lines], 403],
        [[first, ...lines, 'x-a: d'], 403],
        [[first, ...lines, lines.find((line) => line.startsWith('x-amz-date')) ?? ''], 403],
        [[first, ...lines, 'Host: b'], 400],
        [['POST /invocations?X-Amz-Signature=a HTTP/1.1', ...lines], 403],
        [['POST /invocations?a=b HTTP/1.1', ...lines], 403],
        [['PUT /invocations HTTP/1.1', ...lines], 403],
        [['POST /runtimes/x/invocations HTTP/1.1', ...lines], 403],
        [[first, ...lines.map((line) => (line === 'x-a: b c' ? 'x-a: b\r\n c' : line))], 400],
      ]
      for (const [sent, status] of smuggled) {
        const { status: told, body } = await answered(port, sent)
        expect([sent[0], sent.length, told]).toEqual([sent[0], sent.length, status])
        failureIn(body)
      }
      const hostless = lines.filter((line) => !line.startsWith('host'))
      expect((await answered(port, [first, ...hostless])).status).toBe(400)
      expect((await answered(port, [first, ...lines], '[]')).status).toBe(403)
      const signature = authorization.slice(-64)
      expect(logged.join('\n')).not.toContain(signature)
    }))

  it('nobody gets by duplicated parameters or line breaks in a presigned URL', () =>
    served(withSigv4(), async ({ port, lines }) => {
      const { target } = await sign(port, { method: 'GET', path: '/ws', body: '', query: { a: 'b' } }, { expires: 60 })
      const strange = [
        `${target}&X-Amz-Expires=60`,
        `${target}&x-amz-date=20260102T030405Z`,
        `${target}&X-Amz-Credential=a`,
        `${target}&a=b`,
        `${target}&c`,
        target.replace('a=b', 'a=b%0d%0aX:y'),
        target.replace('X-Amz-Algorithm', '%0d%0aX-Amz-Algorithm'),
        target.replace(/X-Amz-Credential=[^&]*/, 'X-Amz-Credential=%0d%0a%2F%2F%2F%2F'),
        target.replace(/X-Amz-Date=[^&]*/, 'X-Amz-Date=%ff%00'),
        target.replace(/X-Amz-SignedHeaders=[^&]*/, 'X-Amz-SignedHeaders=host%0d%0a'),
        target.replace('/ws', '/ws/'),
      ]
      for (const path of strange) {
        const { status, body } = await refused(port, {}, { path })
        expect([path.length, status]).toEqual([path.length, 403])
        expect(JSON.stringify(body)).not.toMatch(/\\r|\\n|[0-9a-f]{64}/)
      }
      expect(lines.join('\n')).not.toMatch(/[0-9a-f]{64}/)
    }))

  it('nobody gets by sending again what has expired', () => {
    const offset = { ms: 0 }
    return served(withSigv4({ clock: { now: () => Date.now() + offset.ms } }), async ({ port }) => {
      const { lines } = await sign(port)
      const first = 'POST /invocations HTTP/1.1'
      expect((await answered(port, [first, ...lines])).status).toBe(200)
      offset.ms = 301_000
      const { status, head, body } = await answered(port, [first, ...lines])
      expect([status, failureIn(body).code]).toEqual([403, 'InvalidSignatureException'])
      expect(head.toLowerCase()).toContain('x-amzn-errortype: invalidsignatureexception')
    })
  })

  it('a body that is cut off is over, and holds nothing up', () =>
    served(withSigv4(), async ({ port }) => {
      const { lines } = await sign(port)
      const raw = await rawTo(port)
      raw.say(['POST /invocations HTTP/1.1', ...lines, 'Content-Length: 100', '', '{'].join('\r\n'))
      raw.socket.destroy()
      await raw.closed
    }))
})
