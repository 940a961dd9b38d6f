import * as fc from 'fast-check'
import { type WebSocket } from 'ws'
import { closeWith, isCloseCode, toCloseReason } from '../../lib/node/websocket/CloseFrame'
import { awaitFrame, deliver, dequeue, queued, releaseReaders } from '../../lib/node/websocket/FrameQueue'
import { isTooLarge, releaseSenders, send } from '../../lib/node/websocket/FrameSender'
import { beat } from '../../lib/node/websocket/Heartbeat'
import { createConnection, type Frame, type WebSocketConnection } from '../../lib/node/websocket/WebSocketConnection'

/** What a connection asks of `ws`, and what was seen of it. */
const fakeSocket = () => {
  const sent: Array<Frame> = []
  const closed: Array<readonly [number, string]> = []
  const seen = { sent, closed, pings: 0, isTerminated: false }
  const written: Array<(error?: Error) => void> = []
  const ws = {
    OPEN: 1,
    readyState: 1,
    isPaused: false,
    bufferedAmount: 0,
    pause: () => void (ws.isPaused = true),
    resume: () => void (ws.isPaused = false),
    ping: () => void (seen.pings += 1),
    terminate: () => void (seen.isTerminated = true),
    close: (code: number, reason: string) => void seen.closed.push([code, reason]),
    send: (frame: Frame, _: unknown, onWritten: (error?: Error) => void) => {
      seen.sent.push(frame)
      ws.bufferedAmount += frame.length
      written.push(onWritten)
    },
  }
  return { ws, seen, written }
}

const limits = { maxPayload: 100, highWaterMark: 10, maxQueue: 8 }

// Only what a fake socket has is used of a `WebSocket` here.
const connectionOf = (ws: object): WebSocketConnection => createConnection(ws as WebSocket, limits)

describe('a close frame', () => {
  it('carries the codes that may be sent, and 1011 for any other', () => {
    const allowed = (code: number): boolean =>
      [1000, 1001, 1002, 1003].includes(code) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999)
    fc.assert(
      fc.property(fc.oneof(fc.integer({ min: 900, max: 1100 }), fc.integer({ min: 0, max: 6000 })), (code) => {
        expect(isCloseCode(code)).toBe(allowed(code))
        const { ws, seen } = fakeSocket()
        ws.isPaused = true
        closeWith(ws as unknown as WebSocket, code)
        expect([seen.closed, ws.isPaused]).toEqual([[[allowed(code) ? code : 1011, '']], false])
      }),
    )
  })

  it('carries at most 123 bytes of a reason, cut between characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (reason) => {
        const text = Buffer.from(reason).toString('utf8') // a lone surrogate has no UTF-8
        const sent = toCloseReason(text)
        expect(Buffer.byteLength(sent)).toBeLessThanOrEqual(123)
        expect(text.startsWith(sent)).toBe(true)
        if (Buffer.byteLength(text) <= 123) expect(sent).toBe(text)
      }),
    )
  })
})

describe('the queue of a connection', () => {
  it('gives frames in their order, pauses the peer while it is full, and lets it go on when it is half empty', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 80 }), (steps) => {
        const { ws } = fakeSocket()
        const connection = connectionOf(ws)
        const read: Array<Frame> = []
        let came = 0
        for (const comes of steps) {
          if (comes && !ws.isPaused) {
            deliver(connection, String(came))
            came += 1
          } else {
            const frame = dequeue(connection)
            if (frame !== undefined) read.push(frame)
          }
          if (queued(connection) >= limits.maxQueue) expect(ws.isPaused).toBe(true)
          if (queued(connection) <= limits.maxQueue / 2) expect(ws.isPaused).toBe(false)
        }
        expect(read).toEqual(read.map((_, index) => String(index)))
        expect(read.length + queued(connection)).toBe(came)
      }),
    )
  })

  it('gives a frame to the first who waits, and nothing to all who wait at the end', () => {
    const connection = connectionOf(fakeSocket().ws)
    const read: Array<readonly [string, Frame | undefined]> = []
    awaitFrame(connection, (frame) => read.push(['first', frame]))
    awaitFrame(connection, (frame) => read.push(['second', frame]))
    deliver(connection, 'one')
    releaseReaders(connection)
    deliver(connection, 'two')
    expect(read).toEqual([
      ['first', 'one'],
      ['second', undefined],
    ])
    expect(queued(connection)).toBe(1)
  })
})

describe('a send', () => {
  it('waits while more than the high-water mark is unsent, in its turn, and fails when the connection is closed', () => {
    const { ws, seen, written } = fakeSocket()
    const connection = connectionOf(ws)
    const sent: Array<readonly [string, boolean]> = []
    for (const frame of ['x'.repeat(11), 'b', 'c'])
      send(connection, frame, (isWritten) => sent.push([frame, isWritten]))
    expect(seen.sent).toEqual(['x'.repeat(11)])
    ws.bufferedAmount = 0
    written.shift()?.()
    expect(seen.sent).toEqual(['x'.repeat(11), 'b', 'c'])
    ws.bufferedAmount = 20
    send(connection, 'd', (isWritten) => sent.push(['d', isWritten]))
    ws.readyState = 3
    releaseSenders(connection)
    written.shift()?.(new Error('it is closed'))
    expect(sent).toEqual([
      ['x'.repeat(11), true],
      ['d', false],
      ['b', false],
    ])
  })

  it('knows what is too large by its bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 120 }), (text) => {
        expect(isTooLarge(limits, text)).toBe(Buffer.byteLength(text) > limits.maxPayload)
      }),
    )
  })
})

describe('a heartbeat', () => {
  it('pings a peer that shows life, cuts off one that does not, and spares one that is paused', () => {
    const { ws, seen } = fakeSocket()
    const connection = connectionOf(ws)
    beat(connection)
    connection.isAlive = true
    beat(connection)
    ws.isPaused = true
    beat(connection)
    expect([seen.pings, seen.isTerminated]).toEqual([2, false])
    ws.isPaused = false
    beat(connection)
    expect([seen.pings, seen.isTerminated]).toEqual([2, true])
  })
})
