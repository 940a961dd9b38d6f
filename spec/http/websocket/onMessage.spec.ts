/**
 * `Handler.onMessage` on a real port, in both of its forms: as the server knows it, which answers each message itself, and
 * hidden in a handler of another name, which reads its socket like any other. Nobody may see a difference.
 */
import { once } from 'node:events'
import type { Socket as NetSocket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as T from 'fp-ts/Task'
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'
import { z } from 'zod'
import { AgentError, type App, createApp, Handler, type Options, websocket } from '../../../lib'
import {
  deferred,
  dial,
  dialRaw,
  eventually,
  frameOf,
  framesIn,
  handshakeText,
  isUpgraded,
  logSink,
  type Peer,
  quiet,
  served,
} from '../socketSupport'

type AnyHandler = Handler.SocketHandler<unknown, unknown>

const forms: ReadonlyArray<readonly [string, (f: Handler.OnMessage<unknown, unknown>) => AnyHandler]> = [
  ['that the server knows', (f) => Handler.onMessage(f)],
  ['that is hidden in another', (f) => (socket, context) => Handler.onMessage(f)(socket, context)],
]

const range = (count: number): ReadonlyArray<number> => Array.from({ length: count }, (_, index) => index)

const listened = async (peer: Peer, count: number): Promise<ReadonlyArray<unknown>> => {
  const messages: Array<unknown> = []
  while (messages.length < count) messages.push(await peer.next())
  return messages
}

describe.each(forms)('a handler of messages %s', (_, form) => {
  const appOf = (f: Handler.OnMessage<unknown, unknown>, options: Options = {}): App =>
    createApp(websocket(form(f)), { ...quiet, ...options })

  it('answers each message in its turn, whether at once or later', async () => {
    const later = (message: unknown): TE.TaskEither<never, unknown> => pipe(TE.right(message), T.delay(5))
    const app = appOf((message) => (Number(message) % 3 === 0 ? later(message) : E.right(message)))
    await served(app, async ({ ws }) => {
      const peer = await dial(ws)
      range(30).forEach((n) => peer.say(n))
      expect(await listened(peer, 30)).toEqual(range(30))
      peer.say('once more')
      expect(await peer.next()).toBe('once more')
    })
  })

  it('says nothing where the answer is undefined, at once or later', async () => {
    const app = appOf((n) => (n === 1 ? E.right(undefined) : n === 2 ? TE.right(undefined) : E.right(n)))
    await served(app, async ({ ws }) => {
      const peer = await dial(ws)
      range(4).forEach((n) => peer.say(n))
      expect(await listened(peer, 2)).toEqual([0, 3])
    })
  })

  it('is given the context, the same for each message', async () => {
    const contexts = new Set<unknown>()
    const app = appOf((message, context) => {
      contexts.add(context)
      return E.right([message, context.sessionId])
    })
    await served(app, async ({ ws }) => {
      const peer = await dial(ws)
      range(2).forEach((n) => peer.say(n))
      const session = expect.stringMatching(/^[\da-f-]{36}$/)
      expect(await listened(peer, 2)).toEqual([
        [0, session],
        [1, session],
      ])
    })
    expect(contexts.size).toBe(1)
  })

  it('gets what comes in the same packet as the handshake, bytes as bytes', async () => {
    await served(appOf(E.right), async ({ port }) => {
      const raw = await dialRaw(port)
      raw.socket.write(
        Buffer.concat([
          Buffer.from(handshakeText()),
          frameOf('"a"'),
          frameOf(Uint8Array.of(0, 255), 2),
          frameOf('[1]'),
        ]),
      )
      await raw.until((bytes) => isUpgraded(bytes) && framesIn(bytes).length === 3)
      expect(framesIn(raw.received()).map(({ payload }) => payload.toString('latin1'))).toEqual([
        '"a"',
        '\0\xff',
        '[1]',
      ])
      raw.socket.destroy()
    })
  })

  it('is found by app.current, at once and later', async () => {
    const app: App = appOf(
      (message) => {
        const now = O.isSome(app.current())
        return message === 'now'
          ? E.right(now)
          : pipe(
              TE.fromIO(() => O.isSome(app.current())),
              T.delay(1),
            )
      },
      { asyncLocalStorage: true },
    )
    await served(app, async ({ ws }) => {
      const peer = await dial(ws)
      peer.say('now')
      peer.say('later')
      expect(await listened(peer, 2)).toEqual([true, true])
    })
  })

  it('still handles what the peer said before it left, and its signal aborts', async () => {
    const gate = deferred()
    const handled: Array<unknown> = []
    const aborted = deferred()
    const app = appOf((message, { signal }) => {
      signal.addEventListener('abort', () => aborted.resolve())
      handled.push(message)
      return message === 0 ? TE.fromTask(() => gate.promise) : E.right(undefined)
    })
    await served(app, async ({ ws }) => {
      const peer = await dial(ws)
      range(5).forEach((n) => peer.say(n))
      await eventually(() => handled.length === 1)
      peer.ws.close(1000)
      await aborted.promise
      gate.resolve()
      await eventually(() => handled.length === 5)
      expect(handled).toEqual(range(5))
    })
  })

  it.each<readonly [string, Handler.OnMessage<unknown, unknown>, string]>([
    ['a left', () => E.left(AgentError.rejected(403, 'no')), 'REJECTED'],
    ['a left that comes later', () => TE.left(AgentError.rejected(403, 'no')), 'REJECTED'],
    [
      'what throws',
      () => {
        throw new Error('boom')
      },
      'INTERNAL_ERROR',
    ],
    ['what throws later', () => () => Promise.reject(new Error('boom')), 'INTERNAL_ERROR'],
    ['an answer without JSON', () => E.right(1n), 'UNENCODABLE'],
    ['an answer that is too large', () => E.right('x'.repeat(70_000)), 'MESSAGE_TOO_LARGE'],
    ['an answer that is too large and comes later', () => TE.right('x'.repeat(70_000)), 'MESSAGE_TOO_LARGE'],
  ])('ends with %s, and hears no more', async (_, f, reason) => {
    let calls = 0
    const app = appOf((message, context) => {
      calls += 1
      return message === 1 ? f(message, context) : E.right(message)
    })
    await served(app, async ({ ws }) => {
      const peer = await dial(ws)
      range(5).forEach((n) => peer.say(n))
      expect(await peer.next()).toBe(0)
      expect(await peer.closed).toEqual({ code: 1011, reason })
    })
    expect(calls).toBe(2)
  })

  it('ends with 1007 where a message is no JSON, and logs it', async () => {
    const sink = logSink()
    const app = appOf(E.right, { log: sink.options })
    await served(app, async ({ ws }) => {
      const peer = await dial(ws)
      peer.ws.send('{')
      expect(await peer.closed).toEqual({ code: 1007, reason: 'INVALID_MESSAGE' })
      expect(await sink.line('Socket refused')).toMatchObject({ code: 'INVALID_MESSAGE' })
    })
  })

  it('ends with 1001 when the server stops, with 1011 when its deadline passes, in the midst of an answer too', async () => {
    const answer: Handler.OnMessage<unknown, unknown> = (message) =>
      message === 'wait' ? () => new Promise(() => undefined) : E.right(message)
    for (const said of ['wait', 'hello']) {
      const app = appOf(answer)
      await served(app, async ({ ws }) => {
        const peer = await dial(ws)
        peer.say(said)
        if (said === 'hello') await peer.next()
        const stopped = app.stop({ timeout: 5000 })
        expect(await peer.closed).toEqual({ code: 1001, reason: 'STOPPING' })
        await stopped
      })
      await served(appOf(answer, { deadline: 50 }), async ({ ws }) => {
        const peer = await dial(ws)
        peer.say(said)
        expect(await peer.closed).toEqual({ code: 1011, reason: 'DEADLINE_EXCEEDED' })
      })
    }
  })

  it('lets a peer wait that floods it while an answer is under way, then answers all in order', async () => {
    const gate = deferred()
    const app = appOf((n) =>
      n === 0
        ? pipe(
            TE.fromTask(() => gate.promise),
            TE.map(() => n),
          )
        : E.right(n),
    )
    await served(app, async ({ server, ws }) => {
      const accepted = once(server, 'connection')
      const peer = await dial(ws)
      const [connection] = (await accepted) as [NetSocket]
      range(10_000).forEach((n) => peer.ws.send(JSON.stringify(n).padEnd(1000)))
      await eventually(() => connection.isPaused())
      const before = connection.bytesRead
      await sleep(50)
      expect(connection.bytesRead - before).toBeLessThan(200_000)
      expect(connection.bytesRead).toBeLessThan(5_000_000)
      gate.resolve()
      expect(await listened(peer, 10_000)).toEqual(range(10_000))
    })
  })

  it('takes no message while too much is unsent, in bounded memory, and goes on when the client reads', async () => {
    let taken = 0
    const app = appOf(
      (n) => {
        taken += 1
        return E.right({ n, padding: 'x'.repeat(60_000) })
      },
      { websocket: { highWaterMark: 200_000 } },
    )
    await served(app, async ({ server, ws }) => {
      const accepted = once(server, 'connection')
      const peer = await dial(ws)
      const [connection] = (await accepted) as [NetSocket]
      peer.ws.pause()
      range(400).forEach((n) => peer.say(n))
      let before = -1
      await eventually(async () => {
        const isStill = taken === before
        before = taken
        await sleep(50)
        return isStill && taken > 0
      })
      expect(taken).toBeLessThan(400)
      expect(connection.writableLength).toBeLessThan(400_000)
      peer.ws.resume()
      const numbers = (await listened(peer, 400)).map((message) => (message as { readonly n: number }).n)
      expect(numbers).toEqual(range(400))
    })
  })
})

describe('a handler of messages with codecs', () => {
  const Moment = new t.Type<Date, string>(
    'Moment',
    (u): u is Date => u instanceof Date,
    (u, c) => (typeof u === 'string' && !Number.isNaN(Date.parse(u)) ? t.success(new Date(u)) : t.failure(u, c)),
    (date) => date.toISOString(),
  )
  const next = (at: Date): Date => new Date(at.getTime() + 1000)

  it.each<readonly [string, Handler.OnMessage<{ at: Date }, { next: Date }>]>([
    ['at once', ({ at }) => E.right({ next: next(at) })],
    ['later', ({ at }) => TE.right({ next: next(at) })],
  ])('is given typed messages, and gives typed answers %s', async (_, f) => {
    const codecs = { inbound: t.type({ at: Moment }), outbound: t.type({ next: Moment }) }
    await served(createApp(websocket(codecs, Handler.onMessage(f)), quiet), async ({ ws }) => {
      const peer = await dial(ws)
      peer.say({ at: '2026-01-01T00:00:00.000Z' })
      expect(await peer.next()).toEqual({ next: '2026-01-01T00:00:01.000Z' })
      peer.say({ at: 'never' })
      expect(await peer.closed).toEqual({ code: 1007, reason: 'INVALID_MESSAGE' })
    })
  })

  it('waits for schemas that take their time, in order, and ends where one refuses an answer', async () => {
    const slow = z.number().refine(async (n) => {
      await sleep(n === 0 ? 10 : 1)
      return true
    })
    const small = z.number().refine(async (n) => n < 3)
    const app = createApp(websocket({ inbound: slow, outbound: small }, Handler.onMessage(E.right)), quiet)
    await served(app, async ({ ws }) => {
      const peer = await dial(ws)
      range(4).forEach((n) => peer.say(n))
      expect(await listened(peer, 3)).toEqual([0, 1, 2])
      expect(await peer.closed).toEqual({ code: 1011, reason: 'UNENCODABLE' })
    })
  })

  it('is given strings in the text format', async () => {
    const app = createApp(
      websocket(
        { format: 'text' },
        Handler.onMessage((text) => E.right(`${String(text)}!`)),
      ),
      quiet,
    )
    await served(app, async ({ port }) => {
      const raw = await dialRaw(port)
      raw.socket.write(Buffer.concat([Buffer.from(handshakeText()), frameOf('no {')]))
      await raw.until((bytes) => isUpgraded(bytes) && framesIn(bytes).length === 1)
      expect(framesIn(raw.received())[0]?.payload.toString()).toBe('no {!')
      raw.socket.destroy()
    })
  })
})
