/** Clients that take their time: whatever they hold back, the configured limits end it, and others are served meanwhile. */
import { once } from 'node:events'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { entrypoint, Handler, type Options, use, websocket } from '../../lib'
import { answerIn, eventually, failureIn, gate, invocation, rawTo, type Gate } from '../http/support'
import { dialRaw, frameOf, handshakeText, isUpgraded } from '../http/socketSupport'
import { closing, exchange, heardAfter, request, standing } from './held'

const echo = entrypoint((payload: unknown) => TE.right(payload))
const passing = use((_, next) => next())

const head = (...lines: ReadonlyArray<string>): string => lines.join('\r\n')

const post = ['POST /invocations HTTP/1.1', 'Host: localhost']

const upgrade = ['GET /ws HTTP/1.1', 'Host: localhost', 'Connection: Upgrade', 'Upgrade: websocket']

/** What is sent before a client falls silent. */
const starts: Readonly<Record<string, string>> = {
  'one letter': 'P',
  'a method': 'POST ',
  'a request line without its end': 'POST /invocations HTTP/1.1',
  'a request line': 'POST /invocations HTTP/1.1\r\n',
  'a name': head(...post, 'X-A'),
  'half a value': head(...post, 'X-A: b'),
  'all but the last byte of a head': head(...post, 'Content-Length: 2', '', '').slice(0, -1),
  'a head with a length': head(...post, 'Content-Length: 2', '', ''),
  'a head with a huge length': head(...post, 'Content-Length: 99999999', '', ''),
  'all but the last byte of a body': head(...post, 'Content-Length: 2', '', '{'),
  'a head with chunks': head(...post, 'Transfer-Encoding: chunked', '', ''),
  'half a chunk size': head(...post, 'Transfer-Encoding: chunked', '', '1'),
  'half a chunk': head(...post, 'Transfer-Encoding: chunked', '', '9\r\n{'),
  'chunks without the last one': head(...post, 'Transfer-Encoding: chunked', '', '2\r\n{}\r\n'),
  'a last chunk without its end': head(...post, 'Transfer-Encoding: chunked', '', '2\r\n{}\r\n0\r\n'),
  'half a trailer': head(...post, 'Transfer-Encoding: chunked', '', '2\r\n{}\r\n0\r\nX-A: '),
  'half a handshake': head(...upgrade),
  'a body that was asked for by 100 Continue': head(...post, 'Expect: 100-continue', 'Content-Length: 2', '', ''),
  'a compressed body': head(...post, 'Content-Encoding: gzip', 'Content-Length: 20', '', '\x1f'),
}

/** What is sent a byte at a time, for ever. */
const drips: Readonly<Record<string, readonly [start: string, byte: string]>> = {
  'a path': ['POST /', 'a'],
  'a name': [head(...post, 'X'), 'a'],
  'a value': [head(...post, 'X: '), 'a'],
  'a body': [head(...post, 'Content-Length: 100000', '', ''), ' '],
  chunks: [head(...post, 'Transfer-Encoding: chunked', '', ''), '1\r\n \r\n'],
  'a chunk extension': [head(...post, 'Transfer-Encoding: chunked', '', '2;'), 'a'],
  trailers: [head(...post, 'Transfer-Encoding: chunked', '', '0\r\n'), 'a: b\r\n'],
}

const lanes = { 'an agent alone': echo, 'an agent behind a middleware': pipe(passing, echo) }

describe.each(Object.entries(lanes))('%s', (_, agent) => {
  const at = standing(agent, { requestTimeout: 150 })

  it('ends every client that falls silent, in the same time, while it serves others', async () => {
    const port = at().port
    const waiting = Object.entries(starts).map(async ([name, text]) => [name, await heardAfter(port, text)] as const)
    for (let n = 0; n < 10; n += 1) {
      const head = [...post, 'Connection: close', 'Content-Length: 1']
      expect(await exchange(port, request(head, String(n)))).toMatchObject([{ status: 200, body: String(n) }])
    }
    for (const [name, text] of await Promise.all(waiting)) {
      const { status, body } = answerIn(text.replace('HTTP/1.1 100 Continue\r\n\r\n', ''))
      expect([name, status, failureIn(body).code]).toEqual([name, 408, 'REQUEST_TIMEOUT'])
    }
  })

  it('ends every client that drips', async () => {
    const ended = Object.entries(drips).map(async ([name, [start, byte]]) => {
      const raw = await rawTo(at().port)
      raw.say(start)
      const drip = setInterval(() => raw.say(byte), 10)
      const text = await raw.closed.finally(() => clearInterval(drip))
      return [name, answerIn(text).status]
    })
    expect(await Promise.all(ended)).toEqual(Object.keys(drips).map((name) => [name, 408]))
  })

  it('serves while a hundred clients hold half a request each', async () => {
    const raws = await Promise.all(Array.from({ length: 100 }, () => rawTo(at().port)))
    raws.forEach(({ say }) => say(head(...post, 'X')))
    expect(await exchange(at().port, request(['GET /ping HTTP/1.1', ...closing]))).toMatchObject([{ status: 200 }])
    await Promise.all(raws.map(({ closed }) => closed))
  })
})

describe('a reader that stops', () => {
  /** How far each stream was pulled, and what ends when a stream does. */
  const state: { pulled: number; ended: Gate<void> } = { pulled: 0, ended: gate() }
  const part = 'x'.repeat(50_000)
  const pouring = entrypoint(
    Handler.fromGenerator(async function* (_, { signal }) {
      try {
        for (; !signal.aborted; state.pulled += 1) yield part
      } finally {
        state.ended.open()
      }
    }),
  )

  beforeEach(() => {
    state.pulled = 0
    state.ended = gate()
  })

  /** Waits until the count of pulls stands still. */
  const standstill = async (): Promise<number> => {
    let last = -1
    await eventually(() => state.pulled > 0, 'it has begun')
    while (last !== state.pulled) {
      last = state.pulled
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    return last
  }

  describe.each(Object.entries({ 'a stream': pouring, 'a stream behind a middleware': pipe(passing, pouring) }))(
    'of %s',
    (_, agent) => {
      const at = standing(agent)

      it('stops the generator, and ends it by leaving', async () => {
        const raw = await rawTo(at().port)
        raw.socket.pause()
        raw.say(invocation({}))
        expect((await standstill()) * part.length).toBeLessThan(30_000_000)
        raw.socket.destroy()
        await state.ended.opened
      })

      it('holds up nobody else', async () => {
        const raw = await rawTo(at().port)
        raw.socket.pause()
        raw.say(invocation({}))
        await standstill()
        expect(await exchange(at().port, request(['GET /ping HTTP/1.1', ...closing]))).toMatchObject([{ status: 200 }])
        raw.socket.destroy()
        await state.ended.opened
      })
    },
  )

  describe('of a stream with a deadline', () => {
    const at = standing(pouring, { deadline: 100 })

    it('is over when the time is', async () => {
      const raw = await rawTo(at().port)
      raw.socket.pause()
      raw.say(invocation({}))
      await state.ended.opened
      raw.socket.destroy()
    })
  })

  describe('of a socket', () => {
    const options: Options = { websocket: { highWaterMark: 100_000, pingInterval: 100 } }
    const sent = { count: 0, ended: gate() }
    const at = standing(
      websocket((socket) => async () => {
        const text = 'x'.repeat(50_000)
        for (;;) {
          const outcome = await socket.send(text)()
          if (outcome._tag === 'Left') break
          sent.count += 1
        }
        sent.ended.open()
        return TE.right(undefined)()
      }),
      options,
    )

    it('makes send wait, and is cut off when it does not answer pings', async () => {
      const raw = await dialRaw(at().port)
      raw.socket.pause()
      raw.socket.write(handshakeText())
      await sent.ended.opened
      expect(sent.count * 50_000).toBeLessThan(30_000_000)
      raw.socket.destroy()
    })
  })

  describe('of nothing at all', () => {
    const at = standing(
      websocket((socket) =>
        pipe(
          socket.receive,
          TE.map(() => undefined),
        ),
      ),
      { websocket: { pingInterval: 50 } },
    )

    it('is cut off when it does not answer pings', async () => {
      const raw = await dialRaw(at().port)
      raw.socket.write(handshakeText())
      await raw.until(isUpgraded)
      await once(raw.socket, 'end')
      raw.socket.destroy()
    })
  })

  describe('of messages', () => {
    const read = { count: 0 }
    const go = gate()
    const at = standing(
      websocket((socket) => async () => {
        await go.opened
        for await (const _ of socket.messages) read.count += 1
        return TE.right(undefined)()
      }),
      { websocket: { maxQueue: 4, pingInterval: 0 } },
    )

    it('an agent that stops reading makes the peer wait, and loses nothing', async () => {
      const raw = await dialRaw(at().port)
      raw.socket.write(handshakeText())
      await raw.until(isUpgraded)
      const frame = frameOf(JSON.stringify('x'.repeat(60_000)))
      let said = 0
      while (raw.socket.write(frame) || said < 10) said += 1
      said += 1
      const stuck = (): boolean => raw.socket.writableLength > 0
      while (said < 1000 && (raw.socket.write(frame), (said += 1), !stuck() || said < 300));
      expect(stuck()).toBe(true)
      go.open()
      await eventually(() => read.count === said, 'all are read', 10_000)
      raw.socket.destroy()
    })
  })
})
