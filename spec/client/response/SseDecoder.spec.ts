import * as fc from 'fast-check'
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import type { ClientError } from '../../../lib/client/error/ClientError'
import { decode, type Event } from '../../../lib/client/response/SseDecoder'
import * as AgentError from '../../../lib/node/failure/AgentErrors'
import * as Sse from '../../../lib/core/Sse'
import { right } from '../../core/support'

const bodyOf = async function* (...parts: ReadonlyArray<Uint8Array | string>): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield typeof part === 'string' ? Buffer.from(part) : part
}

const stepsOf = async (
  body: AsyncIterable<Uint8Array>,
  limit?: number,
): Promise<ReadonlyArray<E.Either<ClientError, Event>>> => {
  const steps: Array<E.Either<ClientError, Event>> = []
  for await (const step of decode(body, limit)) steps.push(step)
  return steps
}

const dataIn = (steps: ReadonlyArray<E.Either<ClientError, Event>>): ReadonlyArray<unknown> =>
  steps.map((step) => (E.isRight(step) ? step.right.data : step.left))

const dataOf = async (...parts: ReadonlyArray<Uint8Array | string>): Promise<ReadonlyArray<unknown>> =>
  dataIn(await stepsOf(bodyOf(...parts)))

/** Bytes cut into parts at any places. */
const cut = (bytes: Uint8Array, places: ReadonlyArray<number>): ReadonlyArray<Uint8Array> => {
  const at = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end))
}

const names = fc.stringMatching(/^[a-z]{1,8}$/).filter((name) => name !== 'error')
const text = fc.string({ unit: 'grapheme', maxLength: 30 })
const json = fc.jsonValue({ maxDepth: 2 }).map((value): unknown => JSON.parse(JSON.stringify(value)))
const fields = { event: fc.option(names, { nil: undefined }), id: fc.option(names, { nil: undefined }) }

/** A frame of core's, and what is to come of it. */
const frames: fc.Arbitrary<{ readonly frame: string; readonly expected: ReadonlyArray<unknown> }> = fc.oneof(
  json.map((value) => ({ frame: right(Sse.frame(value)), expected: [['message', O.none, value]] })),
  fc.record({ ...fields, data: json }).map(({ event, id, data }) => ({
    frame: right(
      Sse.frame(Sse.event({ data, ...(event === undefined ? {} : { event }), ...(id === undefined ? {} : { id }) })),
    ),
    expected: [[event ?? 'message', O.fromNullable(id), data]],
  })),
  text
    .map((line) => `x${line.replace(/[\r\n]/g, '')}`)
    .map((line) => ({ frame: right(Sse.frame(Sse.raw({ data: line }))), expected: [['message', O.none, line]] })),
  text.map((line) => ({ frame: right(Sse.frame(Sse.comment(line))), expected: [] })),
  fc.constant({ frame: Sse.keepAlive, expected: [] }),
)

describe('a stream of events', () => {
  it('is the values that were sent, wherever the bytes are cut', () =>
    fc.assert(
      fc.asyncProperty(fc.array(frames), fc.array(fc.nat(), { maxLength: 20 }), async (sent, places) => {
        const bytes = Buffer.from(sent.map(({ frame }) => frame).join(''))
        const steps = await stepsOf(bodyOf(...cut(bytes, places)))
        expect(
          steps.map((step) => (E.isRight(step) ? [step.right.event, step.right.id, step.right.data] : step)),
        ).toEqual(sent.flatMap(({ expected }) => expected))
      }),
      { numRuns: 300 },
    ))

  it('is the same with every end of a line', async () => {
    for (const end of ['\n', '\r\n', '\r']) {
      expect(await dataOf(['data: 1', 'id: 7', '', 'data: 2', '', ''].join(end))).toEqual([1, 2])
    }
  })

  it('has text where there is no JSON, and says so', async () => {
    const steps = await stepsOf(bodyOf('data: plain words\n\ndata: "json"\n\n'))
    expect(steps).toEqual([
      E.right({ event: 'message', id: O.none, data: 'plain words', isJson: false, text: 'plain words' }),
      E.right({ event: 'message', id: O.none, data: 'json', isJson: true, text: '"json"' }),
    ])
  })

  it('joins the lines of an event, and ignores fields that nobody knows', async () => {
    expect(await dataOf('what: 1\nretry: x\ndata: a\ndata: b\n\n')).toEqual(['a\nb'])
  })

  it('replaces bytes that are no UTF-8', async () => {
    expect(await dataOf(Buffer.from([0x64, 0x61, 0x74, 0x61, 0x3a, 0xff, 0x0a, 0x0a]))).toEqual(['\ufffd'])
  })
})

describe('a failure in a stream', () => {
  const failure = { _tag: 'StreamFailure', code: 'REJECTED', message: 'enough', requestId: 'r-1', details: { a: 1 } }

  it('of this package is a left, the last thing that comes', async () => {
    const last = Sse.lastFrame(AgentError.problem(AgentError.rejected(429, 'enough', { a: 1 })), 'r-1')
    expect(await dataOf(`data: 1\n\n${last}data: 2\n\n`)).toEqual([1, failure])
  })

  it('of the Python SDK is one', async () => {
    const frame = `data: {"error": "boom", "error_type": "ValueError", "message": "An error occurred during streaming"}\n\n`
    expect(await dataOf(frame)).toEqual([{ _tag: 'StreamFailure', code: 'ValueError', message: 'boom' }])
  })

  it('of the TypeScript SDK is one', async () => {
    expect(await dataOf('event: error\ndata: {"error":"boom"}\n\n')).toEqual([
      { _tag: 'StreamFailure', code: 'ERROR', message: 'boom' },
    ])
  })

  it('of a model that is passed on is one', async () => {
    const data = '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'
    expect(await dataOf(`event: error\ndata: ${data}\n\n`)).toEqual([
      { _tag: 'StreamFailure', code: 'overloaded_error', message: 'Overloaded' },
    ])
  })

  it.each(['{"error":"e"}', '{"error":"e","error_type":"T","message":"mine"}', '{"message":"An error"}'])(
    'is not %s without a name',
    async (data) => expect(await dataOf(`data: ${data}\n\n`)).toEqual([JSON.parse(data)]),
  )
})

describe('a stream that ends too early', () => {
  it.each(['data: 1', 'data: 1\n', 'event: x\ndata', ': comm', 'data: 1\r'])('is truncated: %j', async (rest) => {
    expect(await dataOf(`data: 0\n\n${rest}`)).toEqual([0, { _tag: 'Truncated' }])
  })

  it.each(['', ': done\n', ': done\n\n', '\n', 'id: 3\n'])('is whole where only %j is left', async (rest) => {
    expect(await dataOf(`data: 0\n\n${rest}`)).toEqual([0])
  })

  it.each<ClientError>([{ _tag: 'Truncated' }, { _tag: 'Aborted' }, { _tag: 'IdleTimeout', after: 1 }])(
    'has what its body throws as its last left: $_tag',
    async (error) => {
      const body = async function* (): AsyncGenerator<Uint8Array> {
        yield Buffer.from('data: 0\n\ndata: 1')
        throw error
      }
      expect(dataIn(await stepsOf(body()))).toEqual([0, error])
    },
  )

  it('hides what is thrown and no failure of a transport', async () => {
    const body = async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.from('')
      throw new Error('secret')
    }
    expect(dataIn(await stepsOf(body()))).toEqual([{ _tag: 'InvalidAnswer', reason: 'the body could not be read' }])
  })
})

describe('an event without end', () => {
  const endless = async function* (part: string, onStop: () => void): AsyncGenerator<Uint8Array> {
    try {
      for (;;) yield Buffer.from(part)
    } finally {
      onStop()
    }
  }

  it.each(['x', 'data: x\n', 'data: 1234567890'])('of %j is given up when it is too large', async (part) => {
    let isStopped = false
    const steps = await stepsOf(
      endless(part, () => {
        isStopped = true
      }),
      10_000,
    )
    expect(steps).toEqual([E.left({ _tag: 'InvalidAnswer', reason: 'an event is larger than 10000 characters' })])
    expect(isStopped).toBe(true)
  })

  it('of 10 MB is read in time, in small parts too', async () => {
    const value = 'x'.repeat(9_000_000)
    const bytes = Buffer.from(`data: "${value}"\n\n`)
    const began = performance.now()
    const parts = Array.from({ length: Math.ceil(bytes.length / 1000) }, (_, i) =>
      bytes.subarray(i * 1000, (i + 1) * 1000),
    )
    expect(await dataOf(...parts)).toEqual([value])
    expect(performance.now() - began).toBeLessThan(3000)
  })
})

describe('a reader that leaves', () => {
  it('ends the body at once, in the midst of a pull too', async () => {
    const seen: Array<string> = []
    let wake: (result: IteratorResult<Uint8Array>) => void = () => undefined
    const body: AsyncIterable<Uint8Array> = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise((resolve) => (wake = resolve)),
        return: async () => {
          seen.push('returned')
          wake({ done: true, value: undefined })
          return { done: true, value: undefined }
        },
      }),
    }
    const iterator = decode(body)[Symbol.asyncIterator]()
    const waiting = iterator.next()
    await iterator.return?.()
    expect(await waiting).toEqual({ done: true, value: undefined })
    expect(seen[0]).toBe('returned')
  })

  it('makes the body pulled no further than was asked for', async () => {
    let pulls = 0
    const body = async function* (): AsyncGenerator<Uint8Array> {
      for (;;) {
        pulls += 1
        yield Buffer.from(`data: ${pulls}\n\n`)
      }
    }
    const iterator = decode(body())[Symbol.asyncIterator]()
    for (const _ of [1, 2, 3]) await iterator.next()
    expect(pulls).toBe(3)
  })
})
