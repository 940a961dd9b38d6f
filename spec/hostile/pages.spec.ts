/** What a web page sends to this machine is refused by every listener, before anything runs; clients notice nothing. */
import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import * as E from 'fp-ts/Either'
import * as TE from 'fp-ts/TaskEither'
import { pipe } from 'fp-ts/function'
import * as fc from 'fast-check'
import { WebSocket } from 'ws'
import { createApp, entrypoint, Handler, use } from '../../lib'
import { problem } from '../../lib/core/Problem'
import { type Allowed, guardOn, isLoopback, loopbackGuard } from '../../lib/node/origin/LoopbackGuard'
import { toWarning } from '../../lib/http/server/ListenAddress'
import { processLauncher, running, serviceLimits } from '../../lib/local'
import { ask, errorOf, eventually, invoke, local, sessionId, valueOf } from '../local/support'
import { served } from '../http/support'
import { testClock } from '../../lib/testing'
import { agentFile, portWhenListening, type Target, withTargets } from './targets'

// ---------------------------------------------------------------------------------------------------------------------
// raw requests
// ---------------------------------------------------------------------------------------------------------------------

type Fields = ReadonlyArray<readonly [name: string, value: string]>

interface Got {
  readonly status: number
  readonly text: string
}

/** Sends exactly these lines, and reads until the server closes the connection, has upgraded it, or has said enough. */
const send = (
  port: number,
  method: string,
  path: string,
  fields: Fields,
  body = '',
  isHeadEnough = false,
): Promise<Got> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    let text = ''
    const finish = (): void => {
      socket.destroy()
      const [, status = '0'] = /^HTTP\/1\.1 (\d{3})/.exec(text) ?? []
      resolve({ status: Number(status), text: text.slice(text.indexOf('\r\n\r\n') + 4) })
    }
    socket.setEncoding('utf8')
    socket.on('data', (part: string) => {
      text += part
      if (text.startsWith('HTTP/1.1 101') || (isHeadEnough && text.includes('\r\n\r\n'))) finish()
    })
    socket.once('end', finish)
    socket.once('error', reject)
    const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')
    socket.write(`${method} ${path} HTTP/1.1\r\n${lines}\r\n${body}`)
  })

const handshake: Fields = [
  ['Upgrade', 'websocket'],
  ['Sec-WebSocket-Version', '13'],
  ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='],
]

/** All that a page can do with these header fields: post, open a socket, and read. */
const tryAll = async (target: Target, given: Fields): Promise<ReadonlyArray<Got>> => {
  const { port, invocations, socket, reads } = target
  const fields: Fields = [...given, ...target.fields]
  const once: Fields = [...fields, ['Connection', 'close']]
  const text: Fields = [...once, ['Content-Type', 'text/plain'], ['Content-Length', '2']]
  return Promise.all([
    send(port, 'POST', invocations, text, '{}'),
    send(port, 'GET', socket, [...given, ['Connection', 'Upgrade'], ...handshake]), // its session is in the query
    ...reads.map((path) => send(port, 'GET', path, once)),
  ])
}

const here = ({ port }: Target): readonly [string, string] => ['Host', `127.0.0.1:${port}`]

/** What gives a page away. */
const ofPages: ReadonlyArray<readonly [string, (target: Target) => Fields]> = [
  ['a name that resolves to this machine', ({ port }) => [['Host', `rebind.test:${port}`]]],
  ['such a name that begins like one of this machine', ({ port }) => [['Host', `localhost.evil.example:${port}`]]],
  ['such a name that begins like an address', ({ port }) => [['Host', `127.0.0.1.evil.example:${port}`]]],
  ['a second Host', (target) => [here(target), ['Host', 'rebind.test']]],
  ['an empty Host', () => [['Host', '']]],
  ['a user in Host', ({ port }) => [['Host', `localhost@evil.example:${port}`]]],
  ['a page of the web', (target) => [here(target), ['Origin', 'https://evil.example']]],
  ['a page without an origin', (target) => [here(target), ['Origin', 'null']]],
  ['a page of another port', (target) => [here(target), ['Origin', 'http://localhost:3000']]],
  ['a page of another port of 127.0.0.1', (target) => [here(target), ['Origin', 'http://127.0.0.1:3000']]],
  ['a page of a port that is left out', (target) => [here(target), ['Origin', 'http://localhost']]],
  [
    'a page with a name like ours',
    (target) => [here(target), ['Origin', `http://localhost.evil.example:${target.port}`]],
  ],
  ['an image of another site', (target) => [here(target), ['Sec-Fetch-Site', 'cross-site']]],
  ['an image of another port', (target) => [here(target), ['Sec-Fetch-Site', 'same-site']]],
  [
    'a page of the web that says it is of the same origin',
    (target) => [here(target), ['Origin', 'https://evil.example'], ['Sec-Fetch-Site', 'same-origin']],
  ],
]

/** What clients and pages of the agent itself send. */
const ofFriends: ReadonlyArray<readonly [string, (target: Target) => Fields]> = [
  ['a client', (target) => [here(target)]],
  ['a client that says localhost', ({ port }) => [['Host', `localhost:${port}`]]],
  ['a client of a subdomain of localhost', ({ port }) => [['Host', `agent.localhost:${port}`]]],
  ['a page of its own', (target) => [here(target), ['Origin', `http://127.0.0.1:${target.port}`]]],
  ['a page of its own by name', (target) => [here(target), ['Origin', `http://localhost:${target.port}`]]],
  [
    'a page behind a forwarded port',
    () => [
      ['Host', 'localhost:9999'],
      ['Origin', 'http://localhost:9999'],
    ],
  ],
  ['a URL that was typed', (target) => [here(target), ['Sec-Fetch-Site', 'none']]],
  ['an image of its own', (target) => [here(target), ['Sec-Fetch-Site', 'same-origin']]],
]

const strict = { allowedHosts: [], allowedOrigins: [] } as const

const isRefused = ({ status, text }: Got): boolean =>
  (status === 403 || (status === 400 && text.includes('The Host header is repeated'))) &&
  /"code":"(FORBIDDEN_(HOST|ORIGIN|CALLER)|BAD_REQUEST)"|"message":/.test(text) &&
  !text.includes('of the tool')

describe('requests of web pages', () => {
  it(
    'are refused by every listener before anything runs, and those of clients are not',
    () =>
      withTargets(strict, async (targets) => {
        expect(targets).toHaveLength(6)
        for (const target of targets) {
          const before = [target.ran(), target.sessions()]
          for (const [what, fields] of ofPages) {
            const got = await tryAll(target, fields(target))
            expect({ target: target.name, what, got: got.filter((one) => !isRefused(one)) }).toEqual({
              target: target.name,
              what,
              got: [],
            })
          }
          expect([target.name, target.ran(), target.sessions()]).toEqual([target.name, ...before])
        }
        for (const target of targets) {
          const before = target.ran()
          for (const [what, fields] of ofFriends) {
            const statuses = (await tryAll(target, fields(target))).map(({ status }) => status)
            const [posted, opened, ...read] = statuses
            const expected = target.isPrivate ? [403, 403, ...read.map(() => 403)] : [200, 101]
            expect([target.name, what, posted, opened, ...(target.isPrivate ? read : [])]).toEqual([
              target.name,
              what,
              ...expected,
            ])
            if (!target.isPrivate) expect(read).not.toContain(403)
          }
          if (!target.isPrivate) await eventually(() => target.ran() > before, `${target.name} runs its handler`)
        }
      }),
    60_000,
  )

  it(
    'are refused before their body is there',
    () =>
      withTargets(strict, async (targets) => {
        for (const target of targets) {
          const status = await new Promise((resolve, reject) => {
            const headers = { origin: 'https://evil.example', 'content-length': '1000000' }
            const asked = request({
              host: '127.0.0.1',
              port: target.port,
              path: target.invocations,
              method: 'POST',
              headers,
            })
            asked.once('error', reject)
            asked.once('response', (answer) => {
              resolve(answer.statusCode)
              asked.destroy()
            })
            asked.flushHeaders()
          })
          expect([target.name, status]).toEqual([target.name, 403])
        }
      }),
    30_000,
  )

  it(
    'pass from an origin, or with a host, that is allowed',
    () =>
      withTargets(
        { allowedHosts: ['Agent.test'], allowedOrigins: ['http://localhost:3000/', 'null'] },
        async (targets) => {
          for (const target of targets.filter(({ isPrivate }) => !isPrivate)) {
            const passing: ReadonlyArray<Fields> = [
              [here(target), ['Origin', 'http://localhost:3000'], ['Sec-Fetch-Site', 'same-site']],
              [here(target), ['Origin', 'null']],
              [['Host', 'agent.test']],
            ]
            for (const fields of passing) {
              const [posted, opened] = await tryAll(target, fields)
              expect([target.name, fields, posted?.status, opened?.status]).toEqual([target.name, fields, 200, 101])
            }
            const refused = await tryAll(target, [here(target), ['Origin', 'http://localhost:3001']])
            expect(refused.filter((one) => !isRefused(one))).toEqual([])
          }
        },
      ),
    60_000,
  )
})

describe('a request that offers another protocol', () => {
  const offer: Fields = [
    ['Connection', 'Upgrade, HTTP2-Settings'],
    ['Upgrade', 'h2c'],
    ['HTTP2-Settings', 'AAMAAABkAAQAAP__'],
    ['Content-Length', '2'],
  ]

  it(
    'is served behind agentcore dev all the same, and guarded all the same',
    () =>
      withTargets(strict, async (targets) => {
        for (const target of targets.filter(({ name }) => name === 'agentcore dev' || name === 'app.run')) {
          const pass = await send(target.port, 'POST', '/invocations', [here(target), ...offer], '{}', true)
          expect([target.name, pass.status]).toEqual([target.name, 200])
          const fields: Fields = [here(target), ['Origin', 'null'], ...offer]
          const page = await send(target.port, 'POST', '/invocations', fields, '{}', true)
          expect([target.name, page.status]).toEqual([target.name, 403])
        }
      }),
    30_000,
  )
})

describe('an app', () => {
  const agent = entrypoint(Handler.fromSync(() => 'ran'))

  it('says in the one shape what to set', () =>
    served(agent, async ({ url, logged }) => {
      const answer = await fetch(`${url}/ping`, { headers: { origin: 'http://localhost:3000' } })
      expect([answer.status, await answer.json()]).toEqual([
        403,
        {
          code: 'FORBIDDEN_ORIGIN',
          requestId: expect.any(String),
          error: expect.stringMatching(/"http:\/\/localhost:3000".*allowedOrigins.*--allow-origin/) as string,
        },
      ])
      expect(logged()).toContainEqual(expect.objectContaining({ level: 'WARNING', code: 'FORBIDDEN_ORIGIN' }))
    }))

  it('leaves the preflight of an allowed origin to a middleware', () =>
    served(
      pipe(
        agent,
        use(async (ctx, next) => {
          ctx.set('access-control-allow-origin', ctx.get('origin'))
          if (ctx.method === 'OPTIONS') ctx.status = 204
          else await next()
        }),
      ),
      async ({ url }) => {
        const preflight = (origin: string): Promise<Response> =>
          fetch(`${url}/invocations`, {
            method: 'OPTIONS',
            headers: { origin, 'access-control-request-method': 'POST' },
          })
        const passed = await preflight('http://localhost:3000')
        expect([passed.status, passed.headers.get('access-control-allow-origin')]).toEqual([
          204,
          'http://localhost:3000',
        ])
        const refused = await preflight('http://localhost:3001')
        expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([403, null])
      },
      { allowedOrigins: ['http://localhost:3000'] },
    ))

  it('in memory has no address, and checks nothing', async () => {
    const app = createApp(agent, { log: { level: 'silent' } })
    const headers = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
    expect((await app.inject('/invocations', { body: {}, headers })).status).toBe(200)
    const port = await portWhenListening(app.listen(0, '127.0.0.1'))
    const asked = await fetch(`http://127.0.0.1:${port}/ping`, { headers })
    expect(asked.status).toBe(403)
    expect((await app.inject('/invocations', { body: {}, headers })).status).toBe(200)
    await app.stop({ timeout: 0 })
  })
})

describe('an agent that was started for a session', () => {
  it(
    'shows the secret to no handler, middleware or process that it starts',
    () =>
      local({ launcher: processLauncher({ file: agentFile }) }, async (at) => {
        const headers = { 'x-agentcore-launch-secret': 'guess', 'x-own': 'kept' }
        const got = await ask(at, '/invocations', { headers, body: '"look"' })
        expect(valueOf(got)).toMatchObject({ own: 'undefined', child: 'undefined', worker: 'undefined' })
        expect(valueOf(got)).toMatchObject({ ofKoa: { 'x-own': 'kept' }, distinct: { 'x-own': ['kept'] } })
        expect(got.text).toContain('"x-own"')
        expect(got.text).not.toMatch(/launch-secret/i)
        expect((await invoke(at, sessionId('look'), 'look')).text).not.toMatch(/launch-secret/i)
      }),
    30_000,
  )

  it(
    'is reached by nobody who guesses',
    () =>
      withTargets(strict, async (targets) => {
        for (const target of targets.filter(({ isPrivate }) => isPrivate)) {
          const before = target.ran()
          for (const guess of ['', 'x', 'x'.repeat(43), 'undefined']) {
            const got = await tryAll(target, [here(target), ['X-AgentCore-Launch-Secret', guess]])
            expect(got.map(({ status }) => status)).toEqual(got.map(() => 403))
            expect(got[0]?.text).toContain('FORBIDDEN_CALLER')
          }
          expect(target.ran()).toBe(before)
        }
      }),
    30_000,
  )
})

describe('the plain paths of the local runtime', () => {
  const refusal = { _tag: 'Unauthorized', message: 'Missing token' } as const

  it('ask for what the authorizer asks for, and start nothing without it', () =>
    local(
      {
        authorize: ({ rawHeaders }) =>
          rawHeaders.includes('Bearer good') ? TE.right({ scheme: 'jwt' }) : TE.left(refusal),
      },
      async (at) => {
        for (const path of ['/invocations', '/ping', '/ws']) {
          const got = await ask(at, path, path === '/invocations' ? { body: '{}' } : { method: 'GET' })
          expect(errorOf(got)).toEqual([401, 'UnauthorizedException', 'Missing token'])
        }
        const refused = new WebSocket(`ws://127.0.0.1:${at.port}/ws`)
        refused.on('error', () => undefined)
        const [, answer] = (await once(refused, 'unexpected-response')) as [unknown, { statusCode: number }]
        expect(answer.statusCode).toBe(401)
        expect(at.overview().sessions).toEqual([])
        const headers = { authorization: 'Bearer good' }
        expect((await ask(at, '/invocations', { headers, body: '{}' })).status).toBe(200)
        expect((await ask(at, '/ping', { method: 'GET', headers })).status).toBe(200)
        const socket = new WebSocket(`ws://127.0.0.1:${at.port}/ws`, { headers })
        await once(socket, 'open')
        socket.terminate()
      },
    ))

  it('keep a signature from the agent', () =>
    local(
      {
        authorize: ({ body }) =>
          pipe(
            TE.tryCatch(body, () => refusal),
            TE.map(() => ({ scheme: 'sigv4' })),
          ),
      },
      async (at) => {
        const headers = {
          authorization: 'AWS4-HMAC-SHA256 …'.slice(0, 16),
          'x-amz-security-token': 'token',
          'x-own': 'kept',
        }
        const path = '/invocations?X-Amz-Signature=s&a=1&X-Amz-Security-Token=t'
        const got = valueOf(await ask(at, path, { headers, body: '{"do":"headers"}' }))
        expect(got).toMatchObject({ url: '/invocations?a=1', headers: { 'x-own': 'kept' } })
        expect(Object.keys(got['headers'] as object)).not.toContain('x-amz-security-token')
        expect(Object.keys(got['headers'] as object)).not.toContain('authorization')
      },
    ))
})

describe('the local runtime', () => {
  it('begins 25 sessions a second and no more, as the service does', () =>
    served(entrypoint(Handler.fromSync(() => 'ran')), ({ port }) =>
      local({ launcher: running({ port }), clock: testClock(0) }, async (at) => {
        expect(serviceLimits.newSessionsPerSecond).toBe(25)
        const got = await Promise.all(Array.from({ length: 26 }, (_, i) => invoke(at, sessionId(`n${i}`), {})))
        const refused = got.filter(({ status }) => status !== 200).map(errorOf)
        expect(refused).toEqual([[429, 'ThrottlingException', 'Rate exceeded: 25 new sessions a second']])
      }),
    ))
})

// ---------------------------------------------------------------------------------------------------------------------
// the guard alone
// ---------------------------------------------------------------------------------------------------------------------

describe('the guard', () => {
  const port = 8080

  const verdict = (
    fields: Fields,
    allowed: { readonly hosts?: Allowed; readonly origins?: Allowed } = {},
  ): string | undefined => {
    const headers = Object.fromEntries([...fields].reverse().map(([name, value]) => [name.toLowerCase(), value]))
    const guard = loopbackGuard({ allowedHosts: allowed.hosts ?? [], allowedOrigins: allowed.origins ?? [] }, port)
    const result = guard({ headers, rawHeaders: fields.flat() })
    return E.isLeft(result) ? problem(result.left).code : undefined
  }

  const local = fc.constantFrom('localhost', '127.0.0.1', 'a.localhost', 'LOCALHOST', '[::1]', '127.3.2.1')
  const domain = fc.domain().filter((name) => !/localhost$/i.test(name))
  const otherPort = fc.integer({ min: 1, max: 65_535 }).filter((n) => n !== port)

  it('passes every request that names this machine and no origin', () => {
    fc.assert(
      fc.property(local, fc.option(otherPort, { nil: undefined }), (name, at) => {
        expect(verdict([['Host', at === undefined ? name : `${name}:${at}`]])).toBeUndefined()
      }),
    )
  })

  it('passes every address literal', () => {
    fc.assert(fc.property(fc.ipV4(), (ip) => expect(verdict([['Host', `${ip}:1`]])).toBeUndefined()))
    fc.assert(fc.property(fc.ipV6(), (ip) => expect(verdict([['Host', `[${ip}]:1`]])).toBeUndefined()))
  })

  it('refuses every domain until it is allowed', () => {
    fc.assert(
      fc.property(domain, (name) => {
        const fields: Fields = [['Host', `${name}:${port}`]]
        expect(verdict(fields)).toBe('FORBIDDEN_HOST')
        expect(verdict(fields, { hosts: [name.toUpperCase()] })).toBeUndefined()
        expect(verdict(fields, { hosts: 'any' })).toBeUndefined()
      }),
    )
  })

  it('refuses more than one Host, and none', () => {
    fc.assert(
      fc.property(local, fc.constantFrom('Host', 'host', 'HOST'), (name, second) => {
        expect(
          verdict([
            ['Host', name],
            [second, name],
          ]),
        ).toBe('FORBIDDEN_HOST')
      }),
    )
    expect(verdict([['Accept', '*/*']])).toBe('FORBIDDEN_HOST')
  })

  it('refuses every origin of another port or machine until it is allowed', () => {
    const origin = fc.oneof(
      fc.tuple(local, otherPort).map(([name, at]) => `http://${name}:${at}`),
      domain.map((name) => `https://${name}`),
      domain.map((name) => `http://${name}:${port}`),
      fc.constantFrom(
        'null',
        'file://',
        '',
        'http://',
        `http://localhost:${port}.evil.example`,
        `ftp://localhost:${port}`,
      ),
    )
    fc.assert(
      fc.property(origin, fc.constantFrom(undefined, 'none', 'same-origin', 'cross-site'), (from, site) => {
        const sites: Fields = site === undefined ? [] : [['Sec-Fetch-Site', site]]
        const fields: Fields = [['Host', `127.0.0.1:${port}`], ['Origin', from], ...sites]
        expect(verdict(fields)).toBe('FORBIDDEN_ORIGIN')
        expect(verdict(fields, { origins: [from] })).toBeUndefined()
        expect(verdict(fields, { origins: 'any' })).toBeUndefined()
      }),
    )
  })

  it('is total: whatever the header fields are, it passes or refuses', () => {
    const name = fc.constantFrom('Host', 'Origin', 'Sec-Fetch-Site', 'Accept')
    fc.assert(
      fc.property(fc.array(fc.tuple(name, fc.string())), (fields) => {
        expect([undefined, 'FORBIDDEN_HOST', 'FORBIDDEN_ORIGIN']).toContain(verdict(fields))
      }),
    )
  })

  it('is on for a loopback address alone', () => {
    const page = { headers: { host: 'evil.example' }, rawHeaders: ['Host', 'evil.example'] }
    const isOn = (address: string): boolean => E.isLeft(guardOn(strict, { address, port })(page))
    expect(['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'].map(isOn)).toEqual([true, true, true, true])
    expect(['0.0.0.0', '::', '192.168.0.2', '::ffff:10.0.0.1'].map(isOn)).toEqual([false, false, false, false])
    expect(E.isRight(guardOn(strict, '/run/agent.sock')(page))).toBe(true)
    expect(isLoopback('128.0.0.1')).toBe(false)
  })
})

describe('app.run in a container', () => {
  const found = { host: '0.0.0.0', port: 8080, reason: 'this is a container: /.dockerenv exists', isContainer: true }

  it('warns where somebody sits at a terminal', () => {
    expect(toWarning(found, true)).toMatch(/\/\.dockerenv exists.*HOST=127\.0\.0\.1.*HOST=0\.0\.0\.0/)
    expect(toWarning(found, false)).toBeUndefined()
    expect(toWarning({ ...found, isContainer: false }, true)).toBeUndefined()
  })
})
