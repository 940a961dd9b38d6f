/**
 * Names that every object has, sent as data: they stay data, reach the handler as sent, and change no prototype; a key
 * `__proto__`, which a codec could take for a prototype, is refused.
 */
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'
import { type Context, entrypoint, Handler, Reply, use, websocket } from '../../lib'
import { failureIn } from '../http/support'
import { dial } from '../http/socketSupport'
import { closing, exchange, pollution, request, standing } from './held'

const names = [
  ...['__proto__', 'constructor', 'prototype', 'toString', 'valueOf', 'hasOwnProperty', 'toJSON', 'then'],
  ...['__defineGetter__', '__lookupSetter__', 'isPrototypeOf', 'length', 'name', 'next', 'status', 'headers', '_tag'],
]

const payloads: ReadonlyArray<string> = [
  ...names.flatMap((name) => [
    `{"${name}":{"polluted":true}}`,
    `{"${name}":"polluted"}`,
    `{"${name}":null}`,
    `{"a":{"${name}":{"polluted":1}}}`,
    `[{"${name}":{"polluted":1}}]`,
  ]),
  '{"constructor":{"prototype":{"polluted":true}}}',
  '{"__proto__":{"__proto__":{"polluted":true}}}',
  '{"__proto__":[]}',
  '{"__proto__":1,"__proto__":{"polluted":true}}',
  '{"\\u005f_proto__":{"polluted":true}}',
  '{"__proto__":{"toJSON":1,"then":1,"status":500}}',
]

const isRefused = (text: string): boolean => /"(?:_|\\u005f)_proto__"/.test(text)

/** What a text of JSON holds, as text again. */
const same = (text: string): string => JSON.stringify(JSON.parse(text))

const inside = (headers: Context.Context['headers']): Readonly<Record<string, string | null>> =>
  Object.fromEntries(names.map((name) => [`of ${name}`, O.toNullable(headers.get(name))]))

const agent = pipe(
  entrypoint((payload: unknown, { headers, sessionId }) =>
    TE.right(
      Reply.json({ text: JSON.stringify(payload), headers: inside(headers), sessionId, polluted: 'polluted' in {} }),
    ),
  ),
  websocket(Handler.fromMessages((messages) => messages)),
)

const lanes = {
  'an agent alone': agent,
  'an agent behind a middleware': pipe(
    use((_, next) => next()),
    agent,
  ),
}

describe.each(Object.entries(lanes))('%s', (_, of) => {
  const at = standing(of, { debug: true })

  const asked = async (body: string, fields: ReadonlyArray<string> = [], path = '/invocations') => {
    const length = `Content-Length: ${Buffer.byteLength(body)}`
    const responses = await exchange(at().port, request([`POST ${path} HTTP/1.1`, ...closing, length, ...fields], body))
    expect(responses).toHaveLength(1)
    expect(pollution()).toEqual([])
    const [{ status, body: text } = { status: 0, body: '' }] = responses
    return { status, text, value: JSON.parse(text) as Readonly<Record<string, unknown>> }
  }

  it.each(payloads.filter(isRefused))('a payload of %s is refused', async (body) => {
    const { status, text } = await asked(body)
    expect([status, failureIn(text)]).toMatchObject([
      400,
      { code: 'INVALID_JSON', details: expect.stringMatching(/__proto__/) },
    ])
  })

  it.each(payloads.filter((body) => !isRefused(body)))('a payload of %s arrives as it was sent', async (body) => {
    const { status, value } = await asked(body)
    expect([status, value['text'], value['polluted']]).toEqual([200, same(body), false])
  })

  it.each(names)('a header %s is read as it was sent, and is not there where it was not', async (name) => {
    const absent = await asked('{}')
    expect(absent.value['headers']).toEqual(Object.fromEntries(names.map((one) => [`of ${one}`, null])))
    const present = await asked('{}', [`${name}: polluted`])
    expect(present.value['headers']).toMatchObject({
      [`of ${name}`]: name === '__proto__' ? null : 'polluted', // Node itself leaves that one out
    })
  })

  it.each(names)('a session id of %s is one like any other', async (name) => {
    const { status, value } = await asked('{}', [`X-Amzn-Bedrock-AgentCore-Runtime-Session-Id: ${name}`])
    expect([status, value['sessionId']]).toEqual([200, name])
  })

  it.each(names)('a parameter %s of a query, and a cookie of that name, change nothing', async (name) => {
    const query = `/invocations?${name}[polluted]=1&${name}.polluted=1&${name}=1&${name}=2`
    const { status, value } = await asked('{}', [`Cookie: ${name}=polluted; ${name}.polluted=1`], query)
    expect([status, value['text'], value['polluted']]).toEqual([200, '{}', false])
  })

  it.each(names)('a path of %s is nowhere', async (name) => {
    const { status, text } = await asked('{}', [], `/${name}`)
    expect([status, failureIn(text).code]).toEqual([404, 'NOT_FOUND'])
  })

  it.each(names)('a debug action of %s is an unknown one', async (name) => {
    const { status, text } = await asked(`{"_agent_core_app_action":"${name}"}`)
    expect([status, failureIn(text).code]).toEqual([400, 'UNKNOWN_ACTION'])
  })

  it.each(names)('an encoding, an accepted type and a content type of %s are unknown ones', async (name) => {
    expect((await asked('{}', [`Content-Encoding: ${name}`])).status).toBe(415)
    expect((await asked('{}', [`Content-Type: ${name}`])).status).toBe(200)
    expect([200, 406]).toContain((await asked('{}', [`Accept: ${name}`])).status)
  })

  it('messages of a socket arrive as they were sent', async () => {
    const peer = await dial(`ws://127.0.0.1:${at().port}/ws`)
    const heard: Array<string> = []
    peer.ws.on('message', (data: Buffer) => heard.push(data.toString()))
    const harmless = payloads.filter((body) => !isRefused(body))
    for (const body of harmless) peer.ws.send(body)
    for (const __ of harmless) await peer.next()
    expect(heard).toEqual(harmless.map(same))
    peer.ws.send('{"__proto__":{"polluted":true}}')
    expect((await peer.closed).code).toBe(1007)
    expect(pollution()).toEqual([])
  })

  it.each(names)('a parameter %s of a handshake, and a subprotocol of that name, change nothing', async (name) => {
    const peer = await dial(`ws://127.0.0.1:${at().port}/ws?${name}=1&${name}[polluted]=1`, { protocols: [name] })
    expect(peer.ws.protocol).toBe(name)
    expect(pollution()).toEqual([])
    peer.ws.close()
    await peer.closed
  })
})

describe('the state of a session', () => {
  const at = standing(
    entrypoint(
      Handler.stateful(
        t.record(t.string, t.unknown),
        {},
      )(
        (payload) => (state) => () =>
          TE.right([state, { ...state, ...(payload as Readonly<Record<string, unknown>>) }] as const),
      ),
    ),
  )

  it.each(names)('of %s is nobody else’s, and keeps that name as data', async (name) => {
    const send = async (body: string): Promise<string> => {
      const head = [
        ...['POST /invocations HTTP/1.1', ...closing, `Content-Length: ${body.length}`],
        `X-Amzn-Bedrock-AgentCore-Runtime-Session-Id: ${name}`,
      ]
      const [response] = await exchange(at().port, request(head, body))
      return response?.body ?? ''
    }
    expect(await send(`{"own":"${name}"}`)).toBe('{}')
    expect(await send('{"constructor":{"prototype":{"polluted":1}}}')).toBe(`{"own":"${name}"}`)
    expect(JSON.parse(await send('{}'))).toEqual({ own: name, constructor: { prototype: { polluted: 1 } } })
    expect(pollution()).toEqual([])
  })
})

describe('a codec', () => {
  const at = standing(
    entrypoint(t.type({ toString: t.string, nested: t.exact(t.type({ a: t.number })) }), (payload) =>
      TE.right(payload),
    ),
  )

  it.each(names.filter((name) => name !== 'toString'))(
    'does not find what it asks for in a prototype: %s',
    async (name) => {
      const body = `{"${name}":{"toString":"x","nested":{"a":1}}}`
      const head = ['POST /invocations HTTP/1.1', ...closing, `Content-Length: ${body.length}`]
      const [response] = await exchange(at().port, request(head, body))
      const code = name === '__proto__' ? 'INVALID_JSON' : 'INVALID_PAYLOAD'
      expect([response?.status, failureIn(response?.body ?? '').code]).toEqual([400, code])
    },
  )
})
