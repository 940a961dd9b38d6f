/** The end of a socket, whoever brings it about. */
import { once } from 'node:events'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import { AgentError, createApp, type Handler, websocket } from '../../../lib'
import {
  connectionsOf,
  deferred,
  dial,
  dialRaw,
  eventually,
  frameOf,
  framesIn,
  handshakeText,
  isUpgraded,
  logSink,
  never,
  quiet,
  requestHeader,
  served,
  sessionHeader,
  turns,
} from '../socketSupport'
import { echo, talk, socketApp, range } from './socketAgents'

describe('a dead peer', () => {
  it('that does not answer pings is cut off, and the signal aborts', async () => {
    const aborted = deferred()
    const app = createApp(
      websocket((_, { signal }) => async () => {
        signal.addEventListener('abort', () => aborted.resolve())
        await aborted.promise
        return E.right(undefined)
      }),
      { ...quiet, websocket: { pingInterval: 25 } },
    )
    await served(app, async ({ server, port }) => {
      const raw = await dialRaw(port)
      raw.socket.write(handshakeText())
      await raw.until(isUpgraded)
      raw.socket.pause()
      await aborted.promise
      await eventually(async () => (await connectionsOf(server)) === 0)
      raw.socket.destroy()
    })
  })

  it('is none that answers pings, however silent', async () => {
    let isAborted = false
    const app = createApp(
      websocket((socket, { signal }) => {
        signal.addEventListener('abort', () => (isAborted = true))
        return pipe(
          socket.receive,
          TE.chain(() => socket.send('still here')),
        )
      }),
      { ...quiet, websocket: { pingInterval: 200 } },
    )
    await served(app, async ({ ws }) => {
      const peer = await dial(ws)
      for (const _ of range(3)) await once(peer.ws, 'ping')
      expect(isAborted).toBe(false)
      peer.say('hello')
      expect(await peer.next()).toBe('still here')
    })
  })

  it('is none that waits for a handler which does not read', async () => {
    const gate = deferred()
    const app = socketApp(
      talk(async (socket) => {
        await gate.promise
        for (const _ of range(200)) await socket.receive()
        await socket.send('read all')()
      }),
      { websocket: { pingInterval: 50, maxQueue: 4 } },
    )
    await served(app, async ({ ws }) => {
      const peer = await dial(ws)
      peer.say(...range(200).map((n) => ({ n, padding: 'x'.repeat(30_000) })))
      let beats = 0
      const timer = setInterval(() => (beats += 1), 50)
      await eventually(() => beats > 10)
      clearInterval(timer)
      gate.resolve()
      expect(await peer.next()).toBe('read all')
    })
  })
})

describe('the end of a socket', () => {
  it.each([
    ['a right', () => TE.right(undefined), { code: 1000, reason: '' }],
    ['a left', () => TE.left(AgentError.rejected(403, 'secret plans')), { code: 1011, reason: 'REJECTED' }],
    [
      'a throw',
      (): never => {
        throw new Error('secret plans')
      },
      { code: 1011, reason: 'INTERNAL_ERROR' },
    ],
    ['a rejection', () => () => Promise.reject(new Error('secret plans')), { code: 1011, reason: 'INTERNAL_ERROR' }],
    [
      'a late rejection of no error',
      () => async () => {
        await turns(2)
        return Promise.reject(new Error())
      },
      { code: 1011, reason: 'INTERNAL_ERROR' },
    ],
  ])('after %s has its code, and nothing leaks', async (_, handler, closed) => {
    await served(socketApp(handler as Handler.SocketHandler<unknown, unknown>), async ({ ws }) => {
      expect(await (await dial(ws)).closed).toEqual(closed)
    })
  })

  it('after a throw is logged with its cause and ids', async () => {
    const log = logSink()
    const app = createApp(
      websocket(() => () => Promise.reject(new Error('broken inside'))),
      { log: log.options },
    )
    await served(app, async ({ ws }) => {
      const headers = { [sessionHeader]: 'session-1', [requestHeader]: 'request-1' }
      await (
        await dial(ws, { headers })
      ).closed
      expect(await log.line('Socket failed')).toMatchObject({
        level: 'ERROR',
        sessionId: 'session-1',
        requestId: 'request-1',
        errorMessage: 'broken inside',
      })
    })
  })

  it.each([
    ['text that is no JSON', frameOf('{'), 1007],
    ['text that is no UTF-8', frameOf(Uint8Array.of(0xff, 0xfe)), 1007],
    ['an empty text', frameOf(''), 1007],
    ['a number out of range', frameOf('1e999'), 1007],
    ['a frame that is too large', frameOf('x'.repeat(65_537)), 1009],
    [
      'fragments that are too large together',
      Buffer.concat([frameOf('x'.repeat(40_000), 1, false), frameOf('x'.repeat(40_000), 0)]),
      1009,
    ],
    ['a reserved opcode', frameOf('', 3), 1002],
    ['a frame without a mask', Buffer.from([0x81, 0x01, 0x31]), 1002],
    ['a continuation of nothing', frameOf('1', 0), 1002],
  ])('after %s has its code, and leaves no connection', async (_, bytes, code) => {
    await served(socketApp(echo), async ({ server, port }) => {
      const raw = await dialRaw(port)
      raw.socket.write(handshakeText())
      await raw.until(isUpgraded)
      raw.socket.write(bytes)
      const frames = framesIn(await raw.until((all) => framesIn(all).some(({ opcode }) => opcode === 8)))
      expect(frames.find(({ opcode }) => opcode === 8)?.payload.readUInt16BE()).toBe(code)
      raw.socket.end()
      await eventually(async () => (await connectionsOf(server)) === 0)
    })
  })

  it('accepts a message that is exactly as large as allowed', async () => {
    await served(socketApp(echo), async ({ ws }) => {
      const peer = await dial(ws)
      peer.say('x'.repeat(65_534))
      expect(await peer.next()).toHaveLength(65_534)
    })
  })

  it('is 1001 when the server stops, and the signal aborts', async () => {
    const aborted = deferred<unknown>()
    const app = createApp(
      websocket((_, { signal }) => {
        signal.addEventListener('abort', () => aborted.resolve(signal.reason))
        return () => never()
      }),
      quiet,
    )
    await served(app, async ({ ws }) => {
      const peer = await dial(ws)
      const stopped = app.stop({ timeout: 50 })
      expect(await peer.closed).toEqual({ code: 1001, reason: 'STOPPING' })
      expect(await aborted.promise).toMatchObject({ _tag: 'Stopping' })
      await stopped
    })
  })

  it('is 1011 when the deadline passes', async () => {
    await served(
      socketApp(() => () => never(), { deadline: 20 }),
      async ({ ws }) => {
        expect(await (await dial(ws)).closed).toEqual({ code: 1011, reason: 'DEADLINE_EXCEEDED' })
      },
    )
  })

  it.each([
    ['as the handler says', 4000, 'done', { code: 4000, reason: 'done' }],
    ['with a reason cut to 123 bytes, whole characters', 1000, 'é'.repeat(100), { code: 1000, reason: 'é'.repeat(60) }],
    ['with an emoji cut whole', 3999, `${'x'.repeat(118)}😀😀`, { code: 3999, reason: 'x'.repeat(118) }],
    ['with 1011 in place of a code that must not be sent', 1006, 'x', { code: 1011, reason: 'x' }],
    ['with 1011 in place of no code at all', 99_999, '', { code: 1011, reason: '' }],
  ])('is %s', async (_, code, reason, closed) => {
    const app = socketApp((socket) => TE.fromIO(socket.close(code, reason)))
    await served(app, async ({ ws }) => expect(await (await dial(ws)).closed).toEqual(closed))
  })

  it('comes at once though the peer floods a handler that has ended', async () => {
    const app = socketApp((socket) => TE.map(() => undefined)(socket.receive))
    await served(app, async ({ server, ws }) => {
      const peer = await dial(ws)
      const start = performance.now()
      for (const n of range(5000)) peer.ws.send(JSON.stringify({ n, padding: 'x'.repeat(1000) }))
      expect(await peer.closed).toMatchObject({ code: 1000 })
      await eventually(async () => (await connectionsOf(server)) === 0)
      expect(performance.now() - start).toBeLessThan(4000)
    })
  })

  it('comes when the peer ends its half of the connection', async () => {
    const ended = deferred<unknown>()
    const app = createApp(
      websocket((socket, { signal }) => async () => {
        signal.addEventListener('abort', () => ended.resolve(signal.reason))
        await socket.receive()
        return E.right(undefined)
      }),
      quiet,
    )
    await served(app, async ({ server, port }) => {
      const raw = await dialRaw(port)
      raw.socket.write(handshakeText())
      await raw.until(isUpgraded)
      raw.socket.end()
      expect(await ended.promise).toMatchObject({ _tag: 'Cancelled' })
      await eventually(async () => (await connectionsOf(server)) === 0)
    })
  })

  it('comes when the peer vanishes in the midst of a message, which is never delivered', async () => {
    const heard = deferred<unknown>()
    const app = socketApp((socket) =>
      pipe(
        socket.receive,
        TE.map((message) => heard.resolve(message)),
      ),
    )
    await served(app, async ({ server, port }) => {
      const raw = await dialRaw(port)
      raw.socket.write(handshakeText())
      await raw.until(isUpgraded)
      raw.socket.write(frameOf('"a long message"').subarray(0, 9))
      await turns(3)
      raw.socket.resetAndDestroy()
      expect(await heard.promise).toEqual(O.none)
      await eventually(async () => (await connectionsOf(server)) === 0)
    })
  })

  it('leaves no socket, listener, session or call behind, 200 times', async () => {
    const app = socketApp(echo, { websocket: { pingInterval: 2000 } })
    await served(app, async ({ server, ws }) => {
      for (const _ of range(20)) {
        const peers = await Promise.all(range(10).map(() => dial(ws)))
        peers.forEach((peer) => peer.say(1))
        await Promise.all(peers.map((peer) => peer.next()))
        peers.forEach((peer, n) => (n % 2 === 0 ? peer.ws.close() : peer.ws.terminate()))
        await Promise.all(peers.map(({ closed }) => closed))
      }
      await eventually(async () => (await connectionsOf(server)) === 0)
      expect(server.eventNames().map((name) => server.listenerCount(name))).toEqual(
        server.eventNames().map(() => expect.any(Number) as number),
      )
      expect(server.listenerCount('upgrade')).toBe(1)
      const start = performance.now()
      await app.stop({ timeout: 5000 })
      expect(performance.now() - start).toBeLessThan(1000)
    })
  }, 60_000)
})
