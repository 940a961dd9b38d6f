/** Sending on a socket: when it resolves, what it holds back, what it refuses. */
import { once } from 'node:events'
import { connect } from 'node:net'
import * as E from 'fp-ts/Either'
import * as t from 'io-ts'
import { type AgentError, createApp, Handler, websocket } from '../../../lib'
import { deferred, dial, eventually, handshakeText, never, type Peer, quiet, served, turns } from '../socketSupport'
import { talk, socketApp, range } from './socketAgents'

const listened = async (peer: Peer, count: number): Promise<ReadonlyArray<unknown>> => {
  const messages: Array<unknown> = []
  while (messages.length < count) messages.push(await peer.next())
  return messages
}

describe('send', () => {
  it('waits above the high-water mark, in bounded memory, and goes on when the client reads', async () => {
    let sent = 0
    const app = socketApp(
      talk(async (socket) => {
        for (const n of range(400)) {
          await socket.send({ n, padding: 'x'.repeat(60_000) })()
          sent = n + 1
        }
      }),
      { websocket: { highWaterMark: 200_000 } },
    )
    await served(app, async ({ server, ws }) => {
      const accepted = once(server, 'connection')
      const peer = await dial(ws)
      const [connection] = (await accepted) as [{ readonly writableLength: number }]
      peer.ws.pause()
      let before = -1
      await eventually(async () => {
        const isStill = sent === before
        before = sent
        await new Promise((resolve) => setTimeout(resolve, 50))
        return isStill
      })
      expect(sent).toBeLessThan(400)
      expect(connection.writableLength).toBeLessThan(400_000)
      peer.ws.resume()
      const numbers = (await listened(peer, 400)).map((message) => (message as { readonly n: number }).n)
      expect(numbers).toEqual(range(400))
      expect(await peer.closed).toMatchObject({ code: 1000 })
    })
  })

  it('hands no more than the high-water mark to the connection, however much is sent at once', async () => {
    const begun = deferred()
    const app = socketApp(
      talk(async (socket) => {
        const sending = range(300).map((n) => socket.send({ n, padding: 'x'.repeat(60_000) })())
        begun.resolve()
        await Promise.all(sending)
      }),
      { websocket: { highWaterMark: 100_000 } },
    )
    await served(app, async ({ server, ws }) => {
      const accepted = once(server, 'connection')
      const dialed = dial(ws)
      const [connection] = (await accepted) as [{ readonly writableLength: number }]
      await begun.promise
      expect(connection.writableLength).toBeLessThan(200_000)
      const numbers = (await listened(await dialed, 300)).map((message) => (message as { readonly n: number }).n)
      expect(numbers).toEqual(range(300))
    })
  })

  it('keeps the order of sends that nobody awaits, though some have to wait', async () => {
    const app = socketApp(
      talk(async (socket) => {
        const sending: Array<Promise<unknown>> = []
        const padding = 'x'.repeat(50_000)
        const more = (from: number): number =>
          sending.push(...range(40).map((n) => socket.send({ n: from + n, padding })()))
        for (const batch of range(5)) {
          more(batch * 40)
          await Promise.race(sending.slice(batch * 40))
        }
        await Promise.all(sending)
      }),
      { websocket: { highWaterMark: 100_000 } },
    )
    await served(app, async ({ ws }) => {
      const peer = await dial(ws)
      const numbers = (await listened(peer, 200)).map((message) => (message as { readonly n: number }).n)
      expect(numbers).toEqual(range(200))
    })
  })

  it('lets no later send overtake one that waits, though the client reads slowly', async () => {
    const app = socketApp(
      talk(async (socket) => {
        let count = 0
        const next = (size: number): Promise<unknown> => {
          count += 1
          return socket.send({ n: count - 1, padding: 'x'.repeat(size) })()
        }
        const first = range(150).flatMap(() => [60_000, 60_000, ...Array<number>(20).fill(1)].map(next))
        await Promise.all(first.map((sent) => sent.then(() => next(1))))
      }),
      { websocket: { highWaterMark: 100_000 } },
    )
    await served(app, async ({ port }) => {
      const slow = connect(port, '127.0.0.1')
      slow.write(handshakeText())
      const parts: Array<Buffer> = []
      const closing = Buffer.from([0x88, 2, 0x03, 0xe8]) // a close frame, 1000
      await new Promise<void>((resolve) =>
        slow.on('data', (part) => {
          parts.push(part)
          if (Buffer.concat(parts.slice(-2)).includes(closing)) return resolve()
          slow.pause()
          setImmediate(() => slow.resume())
        }),
      )
      slow.destroy()
      const numbers = [
        ...Buffer.concat(parts)
          .toString('latin1')
          .matchAll(/"n":(\d+)/g),
      ].map(([, n]) => Number(n))
      expect(numbers).toEqual(range(6600))
    })
  })

  it('that waits ends with SOCKET_CLOSED when the client leaves', async () => {
    const ended = deferred<ReadonlyArray<E.Either<AgentError.AgentError, void>>>()
    const app = socketApp(
      talk(async (socket) => {
        ended.resolve(await Promise.all(range(200).map(() => socket.send('x'.repeat(60_000))())))
      }),
      { websocket: { highWaterMark: 10_000 } },
    )
    await served(app, async ({ ws }) => {
      const peer = await dial(ws)
      peer.ws.pause()
      await turns(10)
      peer.ws.terminate()
      expect((await ended.promise).at(-1)).toEqual(E.left(expect.objectContaining({ _tag: 'SocketClosed' })))
    })
  })

  it('refuses what is too large or has no JSON, and the socket stays', async () => {
    const app = socketApp(
      talk(async (socket) => {
        const outcomes = [
          await socket.send('x'.repeat(65_536))(),
          await socket.send(1n)(),
          await socket.send(() => 1)(),
          await socket.send(new Uint8Array(65_537))(),
        ]
        await socket.send(outcomes.map((outcome) => (E.isLeft(outcome) ? outcome.left._tag : 'sent')))()
        await socket.send(new Map([['set', new Set([1])]]))()
      }),
    )
    await served(app, async ({ ws }) => {
      const peer = await dial(ws)
      expect(await peer.next()).toEqual(['MessageTooLarge', 'Unencodable', 'Unencodable', 'MessageTooLarge'])
      expect(await peer.next()).toEqual({ set: [1] })
    })
  })

  it('after the close is a left', async () => {
    const outcome = deferred<unknown>()
    const app = socketApp(
      talk(async (socket) => {
        await socket.receive()
        outcome.resolve(await socket.send(1)())
      }),
    )
    await served(app, async ({ ws }) => {
      const peer = await dial(ws)
      peer.ws.close(4001)
      expect(await outcome.promise).toEqual(E.left(expect.objectContaining({ _tag: 'SocketClosed' })))
    })
  })
})

describe('Handler.fromMessages', () => {
  it('listens and answers at once', async () => {
    const app = socketApp(
      Handler.fromMessages(async function* (messages) {
        const iterator = messages[Symbol.asyncIterator]()
        let heard = iterator.next()
        yield 'asked'
        yield 'and talking on'
        yield { heard: (await heard).value }
        heard = iterator.next()
        yield { then: (await heard).value }
      }),
    )
    await served(app, async ({ ws }) => {
      const peer = await dial(ws)
      expect(await listened(peer, 2)).toEqual(['asked', 'and talking on'])
      peer.say('a', 'b')
      expect(await listened(peer, 2)).toEqual([{ heard: 'a' }, { then: 'b' }])
      expect(await peer.closed).toMatchObject({ code: 1000 })
    })
  })

  it('is ended within 100 ms of the client leaving, though it awaits something else', async () => {
    const ended = deferred<number>()
    const app = createApp(
      websocket(
        Handler.fromMessages(async function* (_, { signal }) {
          try {
            yield 'ready'
            await new Promise((resolve) => signal.addEventListener('abort', resolve))
          } finally {
            ended.resolve(performance.now())
          }
        }),
      ),
      quiet,
    )
    await served(app, async ({ ws }) => {
      const peer = await dial(ws)
      expect(await peer.next()).toBe('ready')
      const left = performance.now()
      peer.ws.terminate()
      expect((await ended.promise) - left).toBeLessThan(100)
    })
  })

  it('gives its session back when the client leaves, though it awaits what never comes', async () => {
    const app = socketApp(
      Handler.fromMessages(async function* () {
        yield 'ready'
        await never()
      }),
    )
    await served(app, async ({ ws }) => {
      const peer = await dial(ws)
      expect(await peer.next()).toBe('ready')
      peer.ws.terminate()
      const start = performance.now()
      await app.stop({ timeout: 5000 })
      expect(performance.now() - start).toBeLessThan(1000)
    })
  })

  it('is ended when a message cannot be sent, with its finally run', async () => {
    let isClean = false
    const app = socketApp(
      Handler.fromMessages(function* () {
        try {
          yield 1n
        } finally {
          isClean = true
        }
      }),
    )
    await served(app, async ({ ws }) => {
      expect(await (await dial(ws)).closed).toEqual({ code: 1011, reason: 'UNENCODABLE' })
      expect(isClean).toBe(true)
    })
  })
})

describe('Handler.latest', () => {
  it('interrupts the answer under way for a newer message', async () => {
    const interrupted: Array<unknown> = []
    const app = createApp(
      websocket(
        { inbound: t.string, outbound: t.string },
        Handler.latest(async function* (question: string, { signal }) {
          try {
            yield `${question} 1`
            if (question === 'slow') await new Promise((resolve) => signal.addEventListener('abort', resolve))
            yield `${question} 2`
          } finally {
            interrupted.push([question, signal.aborted])
          }
        }),
      ),
      quiet,
    )
    await served(app, async ({ ws }) => {
      const peer = await dial(ws)
      peer.say('slow')
      expect(await peer.next()).toBe('slow 1')
      peer.say('quick')
      expect(await listened(peer, 2)).toEqual(['quick 1', 'quick 2'])
      peer.ws.close()
      await peer.closed
      await eventually(() => interrupted.length === 2)
      expect(interrupted).toEqual([
        ['slow', true],
        ['quick', false],
      ])
    })
  })
})
