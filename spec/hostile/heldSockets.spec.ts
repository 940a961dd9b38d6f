/** Frames and handshakes that RFC 6455 forbids, and floods of those that it allows: the right close code, and no harm to others. */
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { entrypoint, Handler, use, websocket } from '../../lib'
import { failureIn, rawTo } from '../http/support'
import { dial, dialRaw, type Frame, frameOf, framesIn, handshakeText, isUpgraded } from '../http/socketSupport'
import { closing, exchange, request, standing } from './held'

const maxPayload = 1000

const echo = pipe(
  entrypoint((payload: unknown) => TE.right(payload)),
  websocket(Handler.fromMessages((messages) => messages)),
)

const lanes = {
  'an agent alone': echo,
  'an agent behind a middleware': pipe(
    use((_, next) => next()),
    echo,
  ),
}

const isClosing = (received: Buffer): boolean => framesIn(received).some(({ opcode }) => opcode === 8)

const codeOf = (frames: ReadonlyArray<Frame>): number | undefined => {
  const payload = frames.find(({ opcode }) => opcode === 8)?.payload
  return payload !== undefined && payload.length >= 2 ? payload.readUInt16BE(0) : undefined
}

const bytes = (...values: ReadonlyArray<number>): Buffer => Buffer.from(values)

/** A close frame with a code. */
const closeOf = (code: number, reason: string | Uint8Array = ''): Buffer =>
  frameOf(Buffer.concat([bytes(code >> 8, code & 255), Buffer.from(reason)]), 8)

/** A frame with other bits in its first byte. */
const withBits = (bits: number, frame: Buffer): Buffer =>
  Buffer.concat([bytes((frame[0] ?? 0) | bits), frame.subarray(1)])

const zeros = bytes(0, 0, 0, 0)

/** The head of a masked frame that claims a length in eight bytes. */
const claiming = (length: bigint, opcode = 1): Buffer => {
  const size = Buffer.alloc(8)
  size.writeBigUInt64BE(length)
  return Buffer.concat([bytes(0x80 | opcode, 0x80 | 127), size, zeros])
}

const wrong: ReadonlyArray<readonly [name: string, frames: ReadonlyArray<Buffer>, code: number]> = [
  ['a frame that is not masked', [Buffer.concat([bytes(0x81, 2), Buffer.from('{}')])], 1002],
  ['an empty frame that is not masked', [bytes(0x81, 0)], 1002],
  ['a ping that is not masked', [bytes(0x89, 0)], 1002],
  ['a close that is not masked', [bytes(0x88, 2, 3, 232)], 1002],
  ['reserved bit 1', [withBits(0x40, frameOf('{}'))], 1002],
  ['reserved bit 2', [withBits(0x20, frameOf('{}'))], 1002],
  ['reserved bit 3', [withBits(0x10, frameOf('{}'))], 1002],
  ['all reserved bits', [withBits(0x70, frameOf('{}'))], 1002],
  ['reserved bit 1 of a ping', [withBits(0x40, frameOf('', 9))], 1002],
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) => [`opcode ${opcode}`, [frameOf('{}', opcode)], 1002] as const),
  ['a continuation of nothing', [frameOf('{}', 0)], 1002],
  ['an open continuation of nothing', [frameOf('{}', 0, false)], 1002],
  ['text within a text', [frameOf('"a', 1, false), frameOf('b"', 1)], 1002],
  ['bytes within a text', [frameOf('"a', 1, false), frameOf('b"', 2)], 1002],
  ['text within bytes', [frameOf('a', 2, false), frameOf('b', 1)], 1002],
  ['a ping in parts', [frameOf('a', 9, false)], 1002],
  ['a close in parts', [frameOf(bytes(3, 232), 8, false)], 1002],
  ['a ping of 126 bytes', [frameOf('x'.repeat(126), 9)], 1002],
  ['a pong of 126 bytes', [frameOf('x'.repeat(126), 10)], 1002],
  ['a close of 126 bytes', [closeOf(1000, 'x'.repeat(124))], 1002],
  ['a close of one byte', [frameOf('a', 8)], 1002],
  ...[0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535].map(
    (code) => [`a close with ${code}`, [closeOf(code)], 1002] as const,
  ),
  ['a close whose reason is not UTF-8', [closeOf(1000, bytes(0xff, 0xfe))], 1007],
  ['text that is not UTF-8', [frameOf(bytes(0x22, 0xff, 0x22))], 1007],
  ['text with an overlong slash', [frameOf(bytes(0x22, 0xc0, 0xaf, 0x22))], 1007],
  ['text with a surrogate', [frameOf(bytes(0x22, 0xed, 0xa0, 0x80, 0x22))], 1007],
  ['text above U+10FFFF', [frameOf(bytes(0x22, 0xf4, 0x90, 0x80, 0x80, 0x22))], 1007],
  ['text that ends within a character', [frameOf(bytes(0x22, 0xe2, 0x82))], 1007],
  ['parts whose text is not UTF-8', [frameOf(bytes(0x22, 0xe2), 1, false), frameOf(bytes(0x22), 0)], 1007],
  ['a message above the bound', [frameOf('x'.repeat(maxPayload + 1))], 1009],
  ['bytes above the bound', [frameOf(Buffer.alloc(maxPayload + 1), 2)], 1009],
  ['parts that are above the bound together', [frameOf('x'.repeat(600), 1, false), frameOf('x'.repeat(600), 0)], 1009],
  ['a claim of 64 KB', [claiming(65_536n)], 1009],
  ['a claim of 4 GB', [claiming(2n ** 32n)], 1009],
  ['a claim of 2^53 bytes', [claiming(2n ** 53n)], 1009],
  ['a claim of 2^63 bytes', [claiming(2n ** 63n)], 1009],
  ['a claim of 2^64 - 1 bytes', [claiming(2n ** 64n - 1n)], 1009],
  ['a ping that claims 64 KB', [claiming(65_536n, 9)], 1002],
]

const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='

const upgrade = ['Connection: Upgrade', 'Upgrade: websocket']

/** Requests for `/ws` that are no handshake. */
const handshakes: ReadonlyArray<readonly [name: string, head: ReadonlyArray<string>, status: number]> = [
  ['no key', ['GET /ws HTTP/1.1', ...upgrade, 'Sec-WebSocket-Version: 13'], 400],
  ['an empty key', ['GET /ws HTTP/1.1', ...upgrade, 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key:'], 400],
  ['a short key', ['GET /ws HTTP/1.1', ...upgrade, 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: YQ=='], 400],
  ['a long key', ['GET /ws HTTP/1.1', ...upgrade, 'Sec-WebSocket-Version: 13', `${key}${key.slice(19)}`], 400],
  ['two keys', ['GET /ws HTTP/1.1', ...upgrade, 'Sec-WebSocket-Version: 13', key, key], 400],
  [
    'a key that is not base64',
    ['GET /ws HTTP/1.1', ...upgrade, 'Sec-WebSocket-Version: 13', key.replace('G', '!')],
    400,
  ],
  ['no version', ['GET /ws HTTP/1.1', ...upgrade, key], 400],
  ...['12', '7', '0', '-13', '013', '13, 8', '1e1', 'x'].map(
    (version) =>
      [`version ${version}`, ['GET /ws HTTP/1.1', ...upgrade, key, `Sec-WebSocket-Version: ${version}`], 400] as const,
  ),
  ['h2c', ['GET /ws HTTP/1.1', 'Connection: Upgrade', 'Upgrade: h2c', key, 'Sec-WebSocket-Version: 13'], 400],
  [
    'two upgrades',
    ['GET /ws HTTP/1.1', 'Connection: Upgrade', 'Upgrade: websocket, h2c', key, 'Sec-WebSocket-Version: 13'],
    400,
  ],
  [
    'an upgrade of websockets',
    ['GET /ws HTTP/1.1', 'Connection: Upgrade', 'Upgrade: websockets', key, 'Sec-WebSocket-Version: 13'],
    400,
  ],
  ...['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'HEAD'].map(
    (method) => [method, [`${method} /ws HTTP/1.1`, ...upgrade, key, 'Sec-WebSocket-Version: 13'], 405] as const,
  ),
  ['HTTP/1.0', ['GET /ws HTTP/1.0', ...upgrade, key, 'Sec-WebSocket-Version: 13'], 400],
  ...['/', '/WS', '/ws/', '//ws', '/ws/..', '/%77s', '/ws;a', '/ws%00', '/x', '/ping', '/invocations'].map(
    (path) =>
      [`the path ${path}`, [`GET ${path} HTTP/1.1`, ...upgrade, key, 'Sec-WebSocket-Version: 13'], 404] as const,
  ),
  [
    'a subprotocol with a space',
    ['GET /ws HTTP/1.1', ...upgrade, key, 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Protocol: a b'],
    400,
  ],
  [
    'the same subprotocol twice',
    ['GET /ws HTTP/1.1', ...upgrade, key, 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Protocol: a, a'],
    400,
  ],
  [
    'an empty subprotocol',
    ['GET /ws HTTP/1.1', ...upgrade, key, 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Protocol: a,,b'],
    400,
  ],
]

describe.each(Object.entries(lanes))('%s', (_, agent) => {
  const at = standing(agent, { websocket: { maxPayload } }, /./)

  const opened = async () => {
    const raw = await dialRaw(at().port)
    raw.socket.write(handshakeText())
    await raw.until(isUpgraded)
    return raw
  }

  describe('closes a socket that sends', () => {
    it.each(wrong)('%s', async (__, frames, code) => {
      const raw = await opened()
      raw.socket.write(Buffer.concat(frames))
      const heard = framesIn(await raw.until(isClosing))
      expect(codeOf(heard)).toBe(code)
      expect(heard.filter(({ opcode }) => opcode === 1 || opcode === 2)).toEqual([])
      raw.socket.destroy()
    })
  })

  describe('closes as asked by', () => {
    it.each([1000, 1001, 1003, 1007, 1008, 1011, 1014, 3000, 4999])('%d', async (code) => {
      const raw = await opened()
      raw.socket.write(closeOf(code, 'because\r\nX: y\0'))
      expect(codeOf(framesIn(await raw.until(isClosing)))).toBe(code)
      raw.socket.destroy()
    })
  })

  describe('answers no upgrade to', () => {
    it.each(handshakes)('%s', async (name, [first = '', ...fields], status) => {
      const responses = await exchange(at().port, request([first, 'Host: localhost', ...fields]))
      expect(responses.map((response) => [name, response.status])).toEqual([[name, status]])
      if (name !== 'HEAD') failureIn(responses[0]?.body ?? '')
    })
  })

  it.each([['no upgrade'], ['an upgrade that Connection does not name', 'Upgrade: websocket']])(
    'answers 426 to %s, and closes as it was asked to',
    async (__, ...fields) => {
      const raw = await rawTo(at().port)
      raw.say(request(['GET /ws HTTP/1.1', ...closing, key, 'Sec-WebSocket-Version: 13', ...fields]))
      expect(await raw.closed).toMatch(/^HTTP\/1\.1 426 [^]*"UPGRADE_REQUIRED"/)
    },
  )

  it('what comes after a frame that is wrong is not read', async () => {
    const raw = await opened()
    raw.socket.write(Buffer.concat([bytes(0x81, 0), frameOf('"late"')]))
    const heard = framesIn(await raw.until(isClosing))
    expect(heard.map(({ opcode }) => opcode)).toEqual([8])
    raw.socket.destroy()
  })

  it('a flood of pings in one packet is cut off before its answers pile up', async () => {
    const raw = await opened()
    raw.socket.write(Buffer.concat(Array.from({ length: 10_000 }, () => frameOf('p'.repeat(125), 9))))
    raw.socket.once('end', () => raw.socket.destroy())
    await raw.closed
    expect(framesIn(raw.received()).length).toBeLessThan(1000)
  })

  it('pings that wait for their answers are answered, as many as come', async () => {
    const raw = await opened()
    for (let n = 1; n <= 100; n += 1) {
      raw.socket.write(frameOf(String(n), 9))
      await raw.until((received) => framesIn(received).length === n)
    }
    expect(framesIn(raw.received())[99]).toMatchObject({ opcode: 10, payload: Buffer.from('100') })
    raw.socket.destroy()
  })

  it('10,000 pongs that nobody asked for are nothing', async () => {
    const raw = await opened()
    raw.socket.write(Buffer.concat([...Array.from({ length: 10_000 }, () => frameOf('', 10)), frameOf('"after"')]))
    const heard = framesIn(await raw.until((received) => framesIn(received).length > 0))
    expect(heard.map(({ payload }) => payload.toString())).toEqual(['"after"'])
    raw.socket.destroy()
  })

  it('a message in a hundred parts with pings between them is one message', async () => {
    const raw = await opened()
    const parts = Array.from({ length: 49 }, () =>
      Buffer.concat([frameOf('x', 0, false), frameOf('x', 0, false), frameOf('', 9)]),
    )
    raw.socket.write(Buffer.concat([frameOf('"', 1, false), ...parts, frameOf('"', 0)]))
    const heard = await raw.until((received) => framesIn(received).some(({ opcode }) => opcode === 1))
    const texts = framesIn(heard).filter(({ opcode }) => opcode === 1)
    expect(texts.map(({ payload }) => payload.toString())).toEqual([`"${'x'.repeat(98)}"`])
    raw.socket.destroy()
  })

  it('a flood of empty parts keeps nobody else waiting', async () => {
    const raw = await opened()
    raw.socket.write(frameOf('', 1, false))
    const parts = Buffer.concat(Array.from({ length: 1000 }, () => frameOf('', 0, false)))
    for (let n = 0; n < 20; n += 1) raw.socket.write(parts)
    expect(await exchange(at().port, request(['GET /ping HTTP/1.1', ...closing]))).toMatchObject([{ status: 200 }])
    raw.socket.destroy()
  })

  it('a frame that comes a byte at a time is a frame', async () => {
    const raw = await opened()
    raw.socket.setNoDelay(true)
    for (const byte of frameOf('{"a":1}')) {
      raw.socket.write(bytes(byte))
      await new Promise((resolve) => setImmediate(resolve))
    }
    const heard = framesIn(await raw.until((received) => framesIn(received).length > 0))
    expect(heard[0]?.payload.toString()).toBe('{"a":1}')
    raw.socket.destroy()
  })

  it('compression that is offered is not agreed on', async () => {
    const raw = await dialRaw(at().port)
    raw.socket.write(handshakeText({ 'sec-websocket-extensions': 'permessage-deflate; client_max_window_bits' }))
    expect((await raw.until(isUpgraded)).toString()).not.toMatch(/extensions/i)
    raw.socket.write(withBits(0x40, frameOf('{}')))
    expect(codeOf(framesIn(await raw.until(isClosing)))).toBe(1002)
    raw.socket.destroy()
  })

  it('two hundred sockets that are cut off without a word leave nothing', async () => {
    const raws = await Promise.all(Array.from({ length: 200 }, opened))
    raws.forEach(({ socket }, n) => (n % 2 === 0 ? socket.resetAndDestroy() : socket.destroy()))
    const peer = await dial(`ws://127.0.0.1:${at().port}/ws`)
    peer.say('still here')
    expect(await peer.next()).toBe('still here')
    peer.ws.close()
    await peer.closed
  })
})
