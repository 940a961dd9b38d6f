/** What has no JSON is a failure that says so, wherever it is: in an answer, in an event, in a message of a socket. */
import { Readable } from 'node:stream'
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'
import { entrypoint, Handler, use, websocket } from '../../../lib'
import { pipe } from 'fp-ts/function'
import { dial } from '../socketSupport'
import { eventsIn, failureOf, served } from '../support'

const lossy: ReadonlyArray<readonly [string, () => unknown, RegExp]> = [
  ['a promise', () => Promise.resolve(1), /a promise/],
  ['an error', () => new Error('secret'), /an error \(Error\)/],
  ['a Response', () => new Response('text'), /Response/],
  [
    'a generator',
    () =>
      (function* () {
        yield 1
      })(),
    /an iterable/,
  ],
  ['a Readable', () => Readable.from(['a']), /an iterable \(Readable\)/],
]

const posted = { method: 'POST', body: '{}' } as const

describe.each(lossy)('%s', (_, make, reason) => {
  it.each([
    ['alone', entrypoint(() => TE.right({ result: make() }))],
    ['behind middleware', pipe(use((__, next) => next()), entrypoint(() => TE.right({ result: make() })))], // prettier-ignore
  ])('inside an answer is a 500 with the reason: %s', (__, agent) =>
    served(agent, async ({ send }) => {
      const failure = await failureOf(await send('/invocations', posted))
      expect(failure).toMatchObject({ status: 500, code: 'UNENCODABLE', error: expect.stringMatching(reason) })
      expect(failure.error).toMatch(/"result" is /)
      expect(failure.error).not.toMatch(/secret/)
    }),
  )

  it('inside an event is the last frame of the stream', () =>
    served(
      entrypoint(
        Handler.fromGenerator(function* () {
          yield 'first'
          yield { result: make() }
        }),
      ),
      async ({ send }) => {
        const events = eventsIn(await (await send('/invocations', posted)).text())
        expect(events).toMatchObject([{ data: '"first"' }, { event: 'error', data: expect.stringMatching(reason) }])
      },
    ))
})

it('a message of a socket is not sent as {} either', () =>
  served(
    websocket(Handler.fromMessages(async function* (messages) {
      for await (const __ of messages) yield { result: new Error('secret') }
    })), // prettier-ignore
    async ({ port }) => {
      const { ws, closed } = await dial(`ws://127.0.0.1:${port}/ws`)
      ws.send('1')
      expect(await closed).toMatchObject({ code: 1011, reason: 'UNENCODABLE' })
    },
  ))

describe('a key __proto__ in a payload', () => {
  const Admin = t.intersection([t.strict({ prompt: t.string }), t.partial({ isAdmin: t.boolean })])
  const agent = entrypoint(Admin, (payload) => TE.right({ isAdmin: payload.isAdmin ?? null }))

  it.each([
    '{"prompt":"hi","__proto__":{"isAdmin":"yes"}}',
    '{"prompt":"hi","\\u005f\\u005fproto__":{"isAdmin":true}}',
  ])('never passes a codec: %s', (body) =>
    served(agent, async ({ send }) => {
      const failure = await failureOf(await send('/invocations', { method: 'POST', body }))
      expect(failure).toMatchObject({ status: 400, code: 'INVALID_JSON', details: 'the key __proto__ is not allowed' })
    }),
  )
})

describe('a message in many fragments', () => {
  const echo = websocket(Handler.fromMessages((messages) => messages))
  const inPieces = async (port: number, count: number): Promise<unknown> => {
    const { ws, next, closed } = await dial(`ws://127.0.0.1:${port}/ws`)
    for (let at = 0; at < count; at += 1) ws.send(at === 0 ? '1' : '0', { fin: at === count - 1 })
    const ended = closed.then(({ code }) => code)
    const outcome = await Promise.race([next(), ended])
    ws.close()
    return outcome
  }

  it('is closed with 1008 beyond websocket.maxFragments', () =>
    served(
      echo,
      async ({ port }) => {
        expect(await inPieces(port, 9)).toBe(1008)
        expect(await inPieces(port, 8)).toBeDefined()
      },
      { websocket: { maxFragments: 8 } },
    ))
})

it.each(['utf16le', 'utf-16be'])('a body in %s without a mark is refused as what it is', (encoding) =>
  served(
    entrypoint((payload) => TE.right(payload)),
    async ({ send }) => {
      const wide = Buffer.from('{"prompt":"hi"}', 'utf16le')
      const body = encoding === 'utf16le' ? wide : wide.swap16()
      const failure = await failureOf(await send('/invocations', { method: 'POST', body }))
      expect(failure).toMatchObject({ status: 400, code: 'INVALID_ENCODING', details: expect.stringMatching(/UTF-16/) })
    },
  ),
)
