import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'
import * as fc from 'fast-check'
import { running } from '../../lib/local'
import { ask, type At, errorOf, type Got, invoke, local, sessionId } from './support'

/** What the agent sends next, in pieces, and whether it closes the connection then. */
interface Script {
  pieces: ReadonlyArray<Buffer>
  closes: boolean
}

interface Agent {
  readonly at: At
  /** Invokes the agent, which answers with these bytes. `cut` where the connection to the caller broke. */
  readonly answer: (bytes: string, options?: { readonly sizes?: ReadonlyArray<number> }) => Promise<Got | 'cut'>
  /** Asks for a plain path with HEAD. */
  readonly head: (bytes: string) => Promise<Got>
  /** How many connections have brought an invocation. */
  readonly connections: () => number
}

const healthy = '{"status":"Healthy"}'

const pong = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${healthy.length}\r\n\r\n${healthy}`

const cutBy = (bytes: Buffer, sizes: ReadonlyArray<number>): ReadonlyArray<Buffer> => {
  const pieces: Array<Buffer> = []
  let at = 0
  for (const size of sizes) {
    if (at >= bytes.length) break
    pieces.push(bytes.subarray(at, at + size))
    at += size
  }
  return [...pieces, bytes.subarray(at)].filter(({ length }) => length > 0)
}

const isClosing = (text: string): boolean => !/\r\n(content-length|transfer-encoding):/i.test(text)

const id = sessionId('raw')

/** A runtime whose agent is a socket that writes what a spec says. */
const raw = (use: (agent: Agent) => Promise<void>): Promise<void> => {
  const script: Script = { pieces: [], closes: false }
  const used = new Set<Socket>()
  const play = async (socket: Socket): Promise<void> => {
    const { pieces, closes } = script
    used.add(socket)
    for (const piece of pieces) {
      socket.write(piece)
      await turn()
    }
    if (closes) socket.end()
  }
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => undefined)
    socket.on('data', (asked: Buffer) => {
      const text = asked.toString('latin1')
      if (text.startsWith('GET /ping ')) socket.write(pong)
      else void play(socket)
    })
  })
  const withServer = async (): Promise<void> => {
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    await local({ launcher: running({ port }) }, async (at) => {
      const prepare = (bytes: string, sizes: ReadonlyArray<number>): void => {
        script.pieces = cutBy(Buffer.from(bytes, 'latin1'), sizes)
        script.closes = isClosing(bytes)
      }
      await use({
        at,
        answer: (bytes, { sizes = [] } = {}) => {
          prepare(bytes, sizes)
          return invoke(at, id, {}).catch(() => 'cut' as const)
        },
        head: (bytes) => {
          prepare(bytes, [])
          script.closes = false
          return ask(at, '/ping', { method: 'HEAD' })
        },
        connections: () => used.size,
      })
    })
  }
  return withServer().finally(() => server.close())
}

const sizes = fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 20 })

const text = fc.string({
  unit: fc.integer({ min: 32, max: 126 }).map((code) => String.fromCharCode(code)),
  maxLength: 60,
})

const chunked = (parts: ReadonlyArray<string>): string =>
  parts
    .filter((part) => part !== '')
    .map((part) => `${part.length.toString(16)}\r\n${part}\r\n`)
    .join('') + '0\r\n\r\n'

const few = { numRuns: 15 }

describe('an answer of an agent is passed on whole, in whatever pieces it comes', () => {
  it.each([
    ['with a length', (body: string) => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\nX: y\r\n\r\n${body}`],
    ['until the connection closes', (body: string) => `HTTP/1.0 200 OK\r\n\r\n${body}`],
  ])('%s', (_, toBytes) =>
    raw(({ answer }) =>
      fc.assert(
        fc.asyncProperty(text, sizes, async (body, pieces) => {
          expect(await answer(toBytes(body), { sizes: pieces })).toMatchObject({
            status: 200,
            text: body,
            isWhole: true,
          })
        }),
        few,
      ),
    ),
  )

  it('in chunks', () =>
    raw(({ answer }) =>
      fc.assert(
        fc.asyncProperty(fc.array(text, { maxLength: 5 }), sizes, async (parts, pieces) => {
          const bytes = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunked(parts)}`
          const got = await answer(bytes, { sizes: pieces })
          expect(got).toMatchObject({ status: 200, text: parts.join(''), isWhole: true })
        }),
        few,
      ),
    ))
})

describe('an answer of an agent', () => {
  it('may come after interim ones', () =>
    raw(async ({ answer }) => {
      const interim = 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n'
      expect(await answer(`${interim}HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n`)).toMatchObject({
        status: 204,
        isWhole: true,
      })
    }))

  it('to HEAD has no body', () =>
    raw(async ({ head }) => {
      const got = await head('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n')
      expect(got).toMatchObject({ status: 200, text: '', isWhole: true })
      expect(got.headers['content-length']).toBe('5')
    }))

  it('may have trailers and chunk extensions', () =>
    raw(async ({ answer }) => {
      const bytes = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nx: y\r\n\r\n'
      expect(await answer(bytes)).toMatchObject({ status: 200, text: 'abc', isWhole: true })
    }))

  it.each([
    ['Keep-Alive: timeout=5', 1],
    ['X: y', 1],
    ['Connection: close', 2],
  ])('with %s leaves two requests %d connections', (field, count) =>
    raw(async ({ answer, connections }) => {
      const bytes = `HTTP/1.1 200 OK\r\ncontent-length: 0\r\n${field}\r\n\r\n`
      for (let i = 0; i < 2; i++) {
        expect(await answer(bytes)).toMatchObject({ status: 200 })
        await sleep(20)
      }
      expect(connections()).toBe(count)
    }),
  )

  it('leaves a connection that is not used for longer than agents keep theirs', () =>
    raw(async ({ answer, connections }) => {
      const bytes = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'
      await answer(bytes)
      await sleep(1500)
      expect(await answer(bytes)).toMatchObject({ status: 200 })
      expect(connections()).toBe(2)
    }))

  it.each([
    ['nonsense', 'this is no HTTP\r\n\r\n'],
    ['a field without a colon', 'HTTP/1.1 200 OK\r\nnonsense\r\n\r\n'],
    ['a bad length', 'HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n'],
    ['an upgrade', 'HTTP/1.1 101 Switching Protocols\r\n\r\n'],
    [
      'an upgrade that names a protocol',
      'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n',
    ],
    ['a head without an end', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(70_000)}`],
  ])('is answered for with 424: %s', (_, bytes) =>
    raw(async ({ answer }) => {
      const got = await answer(bytes)
      if (got === 'cut') throw new Error('the caller was not answered')
      expect(errorOf(got).slice(0, 2)).toEqual([424, 'RuntimeClientError'])
    }),
  )

  it.each([
    ['a bad chunk', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nx\r\n'],
    ['a chunk that is too long', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nabc\r\n'],
  ])('never looks whole: %s', (_, bytes) =>
    raw(async ({ answer }) => {
      const got = await answer(bytes)
      expect(got === 'cut' || got.status === 424 || !got.isWhole).toBe(true)
    }),
  )

  it('with more behind it is passed on, and its connection is not used again', () =>
    raw(async ({ answer, connections }) => {
      const bytes = 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nab'
      for (let i = 0; i < 2; i++) expect(await answer(bytes)).toMatchObject({ status: 200, text: 'a', isWhole: true })
      expect(connections()).toBe(2)
    }))

  it('is passed on, cut off or answered for, whatever it is', () =>
    raw(({ at, answer }) =>
      fc.assert(
        fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), sizes, async (bytes, pieces) => {
          const noise = Buffer.from(bytes).toString('latin1')
          await answer(noise, { sizes: pieces })
          await answer(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\nz${noise}`, {
            sizes: pieces,
          })
          expect(at.overview().sessions.every(({ tasks }) => tasks.invocations === 0)).toBe(true)
        }),
        { numRuns: 8 }, // half a second each, for which an agent is given to exit
      ),
    ))
})
