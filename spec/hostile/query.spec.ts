/** Ids and custom headers that come in a query: one value, of characters that a header may have, or no session at all. */
import * as fc from 'fast-check'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import { PassThrough } from 'node:stream'
import { createApp, entrypoint, use, websocket } from '../../lib'
import { customPrefix, header } from '../../lib/core/Protocol'
import { isFieldName, isFieldValue, withQuery } from '../../lib/node/http/RequestFields'
import { respondRaw } from '../../lib/node/http/RawResponse'
import { rawTo } from '../http/support'
import { dial, handshake, quiet, refused, served } from '../http/socketSupport'
import { ask, eventually, invoke, local, ofSession, sessionId } from '../local/support'

const a = sessionId('a')
const custom = `${customPrefix}user`

const split = `${'b'.repeat(40)}%0d%0aSet-Cookie:%20pwn=1%0d%0a%0d%0a<script>`

const agent = pipe(
  entrypoint(() => TE.right('ok')),
  websocket((socket, { sessionId: id, headers }) => socket.send([id, O.toNullable(headers.get(custom))])),
)

/** Queries that must be rejected, with the headers that come along. */
const bad: ReadonlyArray<readonly [what: string, query: string, headers: Readonly<Record<string, string>>]> = [
  ['another session in a header', `${header.sessionId}=${a}`, { [header.sessionId]: sessionId('b') }],
  ['another custom value in a header', `${custom}=ann`, { [custom]: 'admin' }],
  ['a name in another case', `${custom.toUpperCase()}=ann`, { [custom]: 'admin' }],
  ['two sessions', `${header.sessionId}=${a}&${header.sessionId}=${sessionId('b')}`, {}],
  ['two custom values', `${custom}=ann&${custom}=admin`, {}],
  ['a line break in the session', `${header.sessionId}=${split}`, {}],
  ['a space in the session', `${header.sessionId}=${'b'.repeat(33)}%20c`, {}],
  ['Latin-1 in the session', `${header.sessionId}=${'b'.repeat(33)}%c3%a9`, {}],
  ['a line break in a custom value', `${custom}=a%0d%0ab`, {}],
  ['NUL in a custom value', `${custom}=a%00b`, {}],
  ['a value that no header can carry', `${custom}=%e2%98%83`, {}],
  ['a line break in a custom name', `${customPrefix}a%0d%0ab=c`, {}],
]

describe('an app', () => {
  it.each(bad)('rejects %s', (_, query, headers) =>
    served(createApp(agent, quiet), async ({ port }) => {
      const answer = await refused(port, headers, { path: `/ws?${query}` })
      expect(answer.status).toBe(400)
      expect(answer.headers).not.toHaveProperty('set-cookie')
    }),
  )

  it.each(bad)('rejects %s behind middleware', (_, query, headers) => {
    const app = createApp(
      pipe(
        use((_ctx, next) => next()),
        agent,
      ),
      quiet,
    )
    return served(app, async ({ port }) => {
      expect((await refused(port, headers, { path: `/ws?${query}` })).status).toBe(400)
    })
  })

  it.each([header.sessionId, custom])('rejects %s in both, even with one value', (name) =>
    served(createApp(agent, quiet), async ({ ws }) => {
      await expect(dial(`${ws}?${name}=${a}`, { headers: { [name]: a } })).rejects.toThrow('400')
    }),
  )

  it.each([header.sessionId, header.userId, header.workloadAccessToken, 'workloadaccesstoken', 'mcp-session-id'])(
    'rejects a request with two headers %s',
    (name) =>
      served(createApp(agent, quiet), async ({ port }) => {
        for (const path of ['POST /invocations', 'GET /ws']) {
          const raw = await rawTo(port)
          const upgrade = path === 'GET /ws' ? Object.entries(handshake).map(([key, value]) => `${key}: ${value}`) : []
          const lines = [
            `${path} HTTP/1.1`,
            'host: localhost',
            ...upgrade,
            `${name}: ${a}`,
            `${name}: ${sessionId('b')}`,
          ]
          raw.say(`${lines.join('\r\n')}\r\ncontent-length: 0\r\n\r\n`)
          expect(await raw.hears(/^HTTP\/1\.1 \d+ /)).toMatch(/^HTTP\/1\.1 400 /)
          raw.socket.destroy()
        }
      }),
  )
})

describe('the data plane', () => {
  it('rejects all of them without a session, on the path of the agent too', () =>
    local({ requestHeaderAllowlist: [custom] }, async (at) => {
      for (const [, query, headers] of bad) {
        const answer = await refused(at.port, headers, { path: `${at.path('ws')}?${query}` })
        expect([query, answer.status, answer.headers['set-cookie']]).toEqual([query, 400, undefined])
      }
      expect(at.overview().sessions).toEqual([])
      const both = { path: `/ws?${header.sessionId}=${a}` }
      expect((await refused(at.port, ofSession(sessionId('b')), both)).status).toBe(400)
      expect(at.overview().sessions).toEqual([])
      expect(at.lines.filter(({ fields }) => /[\r\n]/.test(Object.values(fields).join('')))).toEqual([])
    }))

  it.each(['with spaces '.repeat(4), 'é'.repeat(40)])('rejects the session id %j of an invocation', (id) =>
    local({}, async (at) => {
      expect((await invoke(at, id, {})).status).toBe(400)
      expect(at.overview().sessions).toEqual([])
    }),
  )

  it('gives a session up again whose agent cannot be dialled', () =>
    local({ requestHeaderAllowlist: [custom] }, async (at) => {
      // A subprotocol twice passes the handshake of the caller, and is an error of the WebSocket to the agent.
      const raw = await rawTo(at.port)
      const head = { host: 'localhost', ...handshake, 'sec-websocket-protocol': 'x, x', ...ofSession(a) }
      const lines = Object.entries(head).map(([name, value]) => `${name}: ${value}`)
      raw.say(`GET ${at.path('ws')} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
      expect(await raw.hears(/^HTTP\/1\.1 \d+ /)).toMatch(/^HTTP\/1\.1 (4|5)\d\d /)
      await eventually(
        () => at.overview().sessions.every(({ tasks }) => tasks.sockets === 0),
        'no socket is counted any more',
      )
      expect((await ask(at, at.path('invocations'), { headers: ofSession(a), body: '{}' })).status).toBe(200)
    }))
})

describe('a refusal that is written to a bare connection', () => {
  const written = (fields: ReadonlyArray<readonly [string, string]>): string => {
    const duplex = new PassThrough()
    respondRaw(duplex, { status: 409, headers: fields, body: 'body' })
    return String(duplex.read())
  }

  it('has one line for each header that HTTP can carry, whatever it is given', () =>
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            fc.oneof(fc.stringMatching(/^[a-z-]{1,9}$/), fc.string()),
            fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom('\r', '\n', '\0', 'a', ':', ' ') })),
          ),
          { maxLength: 4 },
        ),
        (fields) => {
          const [head = '', ...rest] = written(fields).split('\r\n\r\n')
          expect(rest).toEqual(['body'])
          const good = fields.filter(([name, value]) => isFieldName(name) && isFieldValue(value))
          expect(head.split('\r\n')).toHaveLength(3 + good.length)
          expect(head.replaceAll('\r\n', '')).not.toMatch(/[\r\n\0]/)
        },
      ),
    ))
})

describe('the headers of a query', () => {
  it('are values that HTTP can carry, or the request is rejected', () =>
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (name, value) => {
        const query = new URLSearchParams([[`${customPrefix}${name}`, value]]).toString()
        const found = withQuery({}, query)
        if (E.isLeft(found)) return
        for (const [key, text] of Object.entries(found.right)) {
          expect(isFieldName(key)).toBe(true)
          expect(isFieldValue(String(text))).toBe(true)
        }
      }),
    ))
})
