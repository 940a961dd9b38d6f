/** `/ws` on a real port: from the handshake to the close, with well-behaved peers and with ugly ones. */
import { once } from 'node:events'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'
import { createApp, Handler, provide, websocket } from '../../../lib'
import {
  deferred,
  dial,
  dialRaw,
  eventually,
  frameOf,
  framesIn,
  handshakeText,
  isUpgraded,
  quiet,
  served,
  turns,
  withChild,
} from '../socketSupport'
import { echo, talk, received, socketApp, range } from './socketAgents'

describe('a message', () => {
  it('that is sent right after open is delivered though the handler awaits first', async () => {
    const gate = deferred()
    const app = socketApp((socket) =>
      pipe(
        TE.fromTask(() => gate.promise),
        TE.chain(() => socket.receive),
        TE.chain((message) => socket.send({ heard: O.toUndefined(message) })),
      ),
    )
    await served(app, async ({ ws }) => {
      const peer = await dial(ws)
      peer.say('first')
      await new Promise((written) => peer.ws.send('"second"', written))
      gate.resolve()
      expect(await peer.next()).toEqual({ heard: 'first' })
      expect(await peer.closed).toEqual({ code: 1000, reason: '' })
    })
  })

  it('that comes in the same packet as the handshake is delivered, and many of them in order', async () => {
    const gate = deferred()
    const heard = deferred<ReadonlyArray<unknown>>()
    const app = createApp(
      pipe(
        provide(() => TE.fromTask(() => gate.promise.then(() => ({ user: 'ann' })))),
        websocket(
          talk(async (socket) => {
            await turns(3)
            const messages: Array<unknown> = []
            for await (const message of socket.messages) if (messages.push(message) === 500) break
            heard.resolve(messages)
          }),
        ),
      ),
      quiet,
    )
    await served(app, async ({ port }) => {
      const raw = await dialRaw(port)
      const frames = range(500).map((n) => frameOf(JSON.stringify(n)))
      raw.socket.write(Buffer.concat([Buffer.from(handshakeText()), ...frames]))
      await turns(5)
      gate.resolve()
      expect(await heard.promise).toEqual(range(500))
      raw.socket.destroy()
    })
  })

  it('that was sent before the peer left can still be read', async () => {
    const [left, heard] = [deferred(), deferred<ReadonlyArray<unknown>>()]
    const app = socketApp(
      talk(async (socket) => {
        await left.promise
        const messages: Array<unknown> = []
        for await (const message of socket.messages) messages.push(message)
        heard.resolve(messages)
      }),
    )
    await served(app, async ({ ws }) => {
      const peer = await dial(ws)
      peer.say(...range(20))
      peer.ws.close(1000)
      await peer.closed
      left.resolve()
      expect(await heard.promise).toEqual(range(20))
    })
  })

  it('of 10,000 that flood a handler which does not read is kept waiting at the peer, then all are read in order', async () => {
    const [gate, heard] = [deferred(), deferred<ReadonlyArray<unknown>>()]
    const padding = 'x'.repeat(1000)
    const app = socketApp(
      talk(async (socket) => {
        await gate.promise
        const numbers: Array<unknown> = []
        for await (const message of socket.messages) {
          numbers.push((message as { readonly n: number }).n)
          if (numbers.length === 10_000) break
        }
        heard.resolve(numbers)
      }),
    )
    await served(app, async ({ server, ws }) => {
      const accepted = once(server, 'connection')
      const peer = await dial(ws)
      const [connection] = (await accepted) as [{ readonly bytesRead: number }]
      for (const n of range(10_000)) peer.ws.send(JSON.stringify({ n, padding }))
      let before = -1
      await eventually(async () => {
        const isStill = connection.bytesRead === before && before > 1000
        before = connection.bytesRead
        await new Promise((resolve) => setTimeout(resolve, 30))
        return isStill
      })
      expect(connection.bytesRead).toBeLessThan(500_000)
      expect(peer.ws.bufferedAmount).toBeGreaterThan(1_000_000)
      gate.resolve()
      expect(await heard.promise).toEqual(range(10_000))
      expect(await peer.closed).toMatchObject({ code: 1000 })
    })
  })

  it('is handed to concurrent receives in the order in which they asked', async () => {
    const app = socketApp(
      talk(async (socket) => {
        const asked = range(5).map(() => received(socket))
        await socket.send('ready')()
        await socket.send(await Promise.all(asked))()
      }),
    )
    await served(app, async ({ ws }) => {
      const peer = await dial(ws)
      expect(await peer.next()).toBe('ready')
      peer.say(...range(5))
      expect(await peer.next()).toEqual(range(5))
    })
  })

  it('ends every pending receive when the peer leaves', async () => {
    const ended = deferred<ReadonlyArray<unknown>>()
    const app = socketApp(
      talk(async (socket) => {
        ended.resolve(await Promise.all(range(3).map(() => socket.receive())))
      }),
    )
    await served(app, async ({ ws }) => {
      const peer = await dial(ws)
      peer.ws.close()
      expect(await ended.promise).toEqual(range(3).map(() => E.right(O.none)))
    })
  })

  it('may come in fragments, with a ping between them', async () => {
    await served(socketApp(echo), async ({ port }) => {
      const raw = await dialRaw(port)
      raw.socket.write(handshakeText())
      await raw.until(isUpgraded)
      for (const part of [frameOf('"a', 1, false), frameOf('?', 9), frameOf('b', 0, false), frameOf('c"', 0)]) {
        raw.socket.write(part)
      }
      await raw.until((bytes) => framesIn(bytes).length === 2)
      expect(framesIn(raw.received()).map(({ opcode, payload }) => [opcode, payload.toString()])).toEqual([
        [10, '?'],
        [1, '"abc"'],
      ])
      raw.socket.destroy()
    })
  })

  it('is bytes where the frame is binary, in both directions', async () => {
    const app = socketApp(
      talk(async (socket) => {
        const bytes = await received(socket)
        await socket.send({ isBytes: bytes instanceof Uint8Array })()
        await socket.send(bytes)()
      }),
    )
    await served(app, async ({ ws }) => {
      const peer = await dial(ws)
      peer.ws.send(Uint8Array.of(0, 255, 128))
      expect(await peer.next()).toEqual({ isBytes: true })
      expect(await peer.next()).toEqual(Uint8Array.of(0, 255, 128))
    })
  })

  it('is a string as it is in the text format', async () => {
    const app = createApp(websocket({ format: 'text' }, echo), quiet)
    await served(app, async ({ port }) => {
      const raw = await dialRaw(port)
      raw.socket.write(Buffer.concat([Buffer.from(handshakeText()), frameOf('not json {'), frameOf('')]))
      await raw.until((bytes) => isUpgraded(bytes) && framesIn(bytes).length === 2)
      expect(framesIn(raw.received()).map(({ payload }) => payload.toString())).toEqual(['not json {', ''])
      raw.socket.destroy()
    })
  })

  it('is typed by codecs on its way in and out', async () => {
    const Moment = new t.Type<Date, string>(
      'Moment',
      (u): u is Date => u instanceof Date,
      (u, c) => (typeof u === 'string' && !Number.isNaN(Date.parse(u)) ? t.success(new Date(u)) : t.failure(u, c)),
      (date) => date.toISOString(),
    )
    const app = createApp(
      websocket(
        { inbound: t.type({ at: Moment }), outbound: t.type({ next: Moment }) },
        Handler.fromMessages(async function* (messages) {
          for await (const { at } of messages) yield { next: new Date(at.getTime() + 1000) }
        }),
      ),
      quiet,
    )
    await served(app, async ({ ws }) => {
      const peer = await dial(ws)
      peer.say({ at: '2026-01-01T00:00:00.000Z' })
      expect(await peer.next()).toEqual({ next: '2026-01-01T00:00:01.000Z' })
      peer.say({ at: 'never' })
      expect(await peer.closed).toEqual({ code: 1007, reason: 'INVALID_MESSAGE' })
    })
  })
})

describe('other clients', () => {
  it("talk to it: Node's own WebSocket, which is undici's", async () => {
    await served(socketApp(echo), async ({ ws }) => {
      await withChild(
        'socketClient',
        { flags: ['--experimental-websocket', '--no-warnings'], args: [ws] },
        async (child) => {
          expect(await child.line('heard')).toBe('heard ["hello",{"n":2}] with chat')
          expect(await child.line('closed')).toBe('closed 1000 true')
          expect(await child.exited).toMatchObject({ code: 0 })
        },
      )
    })
  })
})
