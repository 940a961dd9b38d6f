import * as fc from 'fast-check'
import { decoder, type Head } from '../../lib/local/agent/AgentAnswer'

interface Read {
  readonly head: Head | undefined
  readonly body: string
  readonly isDone: boolean
  readonly flaw: string | undefined
}

/** What a decoder makes of bytes that arrive in pieces of the given sizes. */
const read = (bytes: Buffer, sizes: ReadonlyArray<number>, isToHead = false): Read => {
  const reading = decoder(isToHead)
  let at = 0
  let head: Head | undefined
  const parts: Array<Buffer> = []
  let isDone = false
  let flaw: string | undefined
  for (let i = 0; at < bytes.length && !isDone && flaw === undefined; i++) {
    const step = reading.push(bytes.subarray(at, at + (sizes[i] ?? bytes.length)))
    at += sizes[i] ?? bytes.length
    head ??= step.head
    if (step.body !== undefined) parts.push(step.body)
    isDone = step.isDone
    flaw = step.flaw
  }
  return { head, body: Buffer.concat(parts).toString('latin1'), isDone: isDone || reading.end(), flaw }
}

const sizes = fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 60 })

const chunked = (parts: ReadonlyArray<string>): string =>
  parts
    .filter((part) => part !== '')
    .map((part) => `${part.length.toString(16)}\r\n${part}\r\n`)
    .join('') + '0\r\n\r\n'

const latin1 = fc.string({
  unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
  maxLength: 60,
})

describe('an answer of an agent is read whole, in whatever pieces it comes', () => {
  it('with a length', () =>
    fc.assert(
      fc.property(latin1, sizes, (body, pieces) => {
        const text = `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\nX: y\r\n\r\n${body}`
        const found = read(Buffer.from(text, 'latin1'), pieces)
        expect(found).toMatchObject({ body, isDone: true, flaw: undefined })
        expect(found.head).toMatchObject({ status: 200, length: body.length })
      }),
    ))

  it('in chunks', () =>
    fc.assert(
      fc.property(fc.array(latin1), sizes, (parts, pieces) => {
        const text = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunked(parts)}`
        const found = read(Buffer.from(text, 'latin1'), pieces)
        expect(found).toMatchObject({ body: parts.join(''), isDone: true, flaw: undefined })
        expect(found.head?.length).toBe(undefined)
      }),
    ))

  it('until the connection closes', () =>
    fc.assert(
      fc.property(latin1, sizes, (body, pieces) => {
        const found = read(Buffer.from(`HTTP/1.0 200 OK\r\n\r\n${body}`, 'latin1'), pieces)
        expect(found).toMatchObject({ body, isDone: true, flaw: undefined })
        expect(found.head?.keepFor).toBe(0)
      }),
    ))
})

describe('an answer of an agent', () => {
  const of = (text: string, isToHead = false): Read => read(Buffer.from(text, 'latin1'), [], isToHead)

  it('may come after interim ones', () => {
    const text =
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n'
    expect(of(text)).toMatchObject({ head: { status: 204, length: 0 }, isDone: true })
  })

  it('to HEAD has no body', () => {
    expect(of('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n', true)).toMatchObject({ body: '', isDone: true })
  })

  it('may have trailers and chunk extensions', () => {
    const text = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nx: y\r\n\r\n'
    expect(of(text)).toMatchObject({ body: 'abc', isDone: true, flaw: undefined })
  })

  it.each([
    ['Keep-Alive: timeout=5', 4000],
    ['Keep-Alive: timeout=1', 0],
    ['Connection: close', 0],
    ['X: y', 1000],
  ])('with %s lets its connection be kept for %d ms', (field, keepFor) => {
    expect(of(`HTTP/1.1 200 OK\r\ncontent-length: 0\r\n${field}\r\n\r\n`).head?.keepFor).toBe(keepFor)
  })

  it.each([
    ['nonsense', 'this is no HTTP\r\n\r\n'],
    ['a field without a colon', 'HTTP/1.1 200 OK\r\nnonsense\r\n\r\n'],
    ['a bad length', 'HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n'],
    ['an upgrade', 'HTTP/1.1 101 Switching Protocols\r\n\r\n'],
    ['a bad chunk', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nx\r\n'],
    ['a chunk that is too long', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nabc\r\n'],
    ['a head without an end', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(70_000)}`],
    ['more than an answer', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nab'],
  ])('is refused: %s', (_, text) => {
    expect(of(text).flaw).toEqual(expect.any(String))
  })

  it('is read or refused, whatever it is', () =>
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), sizes, (bytes, pieces) => {
        read(Buffer.from(bytes), pieces)
        read(Buffer.concat([Buffer.from('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'), bytes]), pieces)
      }),
    ))
})
