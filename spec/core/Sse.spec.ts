/** Frames of server-sent events, judged by a parser that is not ours. */
import { createParser } from 'eventsource-parser'
import * as fc from 'fast-check'
import * as E from 'fp-ts/Either'
import type { Problem } from '../../lib/core/Problem'
import { comment, event, type Fields, frame, isEvent, keepAlive, lastFrame, raw } from '../../lib/core/Sse'
import { left, right } from './support'

interface Heard {
  readonly events: ReadonlyArray<{
    readonly event?: string | undefined
    readonly id?: string | undefined
    readonly data: string
  }>
  readonly comments: ReadonlyArray<string>
  readonly retries: ReadonlyArray<number>
}

/** What a client makes of a stream that arrives in the given pieces. */
const hear = (...pieces: ReadonlyArray<string>): Heard => {
  const events: Array<Heard['events'][number]> = []
  const comments: Array<string> = []
  const retries: Array<number> = []
  const parser = createParser({
    onEvent: ({ event: name, id, data }) => events.push({ event: name, id, data }),
    onComment: (text) => comments.push(text),
    onRetry: (ms) => retries.push(ms),
    onError: (error) => {
      throw error
    },
  })
  pieces.forEach((piece) => parser.feed(piece))
  return { events, comments, retries }
}

const hearFrame = (value: unknown): Heard => hear(right(frame(value)))

/** Text with all the line breaks and separators that a stream could be broken by. */
const unruly = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom('\n', '\r', '\r\n', '\u2028', '\0', ':', ' ', 'data: x', '\uFEFF', '😀'),
    ),
  )
  .map((parts) => parts.join(''))

const oneLine = unruly.map((text) => text.replace(/[\r\n\0]/g, ''))

const fields: fc.Arbitrary<Fields> = fc.record({ event: oneLine, id: oneLine, retry: fc.nat() }, { requiredKeys: [] })

const value = fc.oneof(unruly, fc.jsonValue(), fc.array(unruly))

const unixLines = (text: string): string => text.replace(/\r\n|\r/g, '\n')

const same = (json: unknown): unknown => JSON.parse(JSON.stringify(json))

/** What a client should hear of the fields of an event: an empty name counts as none. */
const heardOf = ({ event: name, id, retry }: Fields, data: string): Heard => ({
  events: [{ event: name === '' ? undefined : name, id, data }],
  comments: [],
  retries: retry === undefined ? [] : [retry],
})

describe('frame', () => {
  it('of a value is one event whose data is the value as JSON', () => {
    fc.assert(
      fc.property(value, (sent) => {
        const { events, comments, retries } = hearFrame(sent)
        expect(events.map(({ data }) => JSON.parse(data) as unknown)).toEqual([same(sent)])
        expect([events[0]?.event, events[0]?.id, comments, retries]).toEqual([undefined, undefined, [], []])
      }),
    )
  })

  it('is one data line and an empty line, strings quoted', () => {
    expect(frame('a\nb')).toEqual(E.right('data: "a\\nb"\n\n'))
    expect(frame(undefined)).toEqual(E.right('data: null\n\n'))
    expect(frame(new Map([['a', new Set([1])]]))).toEqual(E.right('data: {"a":[1]}\n\n'))
  })

  it('of an event says its fields, and its data as JSON', () => {
    fc.assert(
      fc.property(fields, value, (said, data) => {
        expect(hearFrame(event({ ...said, data }))).toEqual(heardOf(said, JSON.stringify(data)))
      }),
    )
  })

  it('of raw data says it line by line, whatever the line breaks', () => {
    fc.assert(
      fc.property(fields, unruly, (said, data) => {
        expect(hearFrame(raw({ ...said, data }))).toEqual(heardOf(said, unixLines(data)))
      }),
    )
  })

  it('of a comment is heard by no listener, whatever its line breaks', () => {
    fc.assert(
      fc.property(unruly, (text) => {
        expect(hearFrame(comment(text))).toEqual({ events: [], comments: unixLines(text).split('\n'), retries: [] })
      }),
    )
  })

  it.each(['\n', '\r', '\r\n', '\0'])('refuses %j in an event name or an id, wherever it stands', (bad) => {
    fc.assert(
      fc.property(fc.constantFrom('event', 'id'), oneLine, oneLine, fc.boolean(), (name, before, after, json) => {
        const said = { [name]: `${before}${bad}${after}`, data: 'x' }
        expect(left(frame(json ? event(said) : raw(said)))._tag).toBe('Unencodable')
      }),
    )
  })

  it.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 1e300])('refuses %d as a time to retry after', (retry) => {
    expect(left(frame(event({ retry, data: 1 })))._tag).toBe('Unencodable')
  })

  it.each<[string, unknown]>([
    ['a BigInt', 1n],
    ['a function', () => 1],
    ['a symbol', Symbol('s')],
  ])('refuses %s, alone and in an event', (_, bad) => {
    expect(left(frame(bad))._tag).toBe('Unencodable')
    expect(left(frame(event({ data: bad })))._tag).toBe('Unencodable')
  })

  it('is heard the same however a stream of frames is cut', () => {
    const sent = fc.oneof(
      value,
      fc.tuple(fields, value).map(([said, data]) => event({ ...said, data })),
      fc.tuple(fields, unruly).map(([said, data]) => raw({ ...said, data })),
      unruly.map(comment),
    )
    fc.assert(
      fc.property(fc.array(sent, { maxLength: 5 }), fc.array(fc.nat()), (values, cuts) => {
        const frames = values.map((one) => right(frame(one)))
        const stream = `${frames.join(keepAlive)}${lastFrame({ status: 500, code: 'C', message: 'm' }, 'r')}`
        const at = [...new Set(cuts.map((cut) => cut % (stream.length + 1)))].sort((a, b) => a - b)
        const pieces = [0, ...at].map((from, i) => stream.slice(from, at[i]))
        expect(pieces.join('')).toBe(stream)
        expect(hear(...pieces)).toEqual(hear(stream))
        expect(hear(stream).events).toEqual([
          ...frames.flatMap((one) => hear(one).events),
          ...hear(lastFrame({ status: 500, code: 'C', message: 'm' }, 'r')).events,
        ])
      }),
    )
  })
})

describe('isEvent', () => {
  it('knows what its constructors made, and nothing that looks alike', () => {
    expect([event({ data: 1 }), raw({ data: 'x' }), comment('x')].every(isEvent)).toBe(true)
    expect([{ data: 1, event: 'a' }, null, undefined, 'data: x', 1, () => 1].some(isEvent)).toBe(false)
  })

  it('so a value with the members of an event is sent as JSON', () => {
    expect(frame({ event: 'a', data: 1 })).toEqual(E.right('data: {"event":"a","data":1}\n\n'))
  })
})

describe('lastFrame', () => {
  const problem = fc.record(
    { status: fc.integer(), code: unruly, message: unruly, details: fc.anything({ withBigInt: true, withMap: true }) },
    { requiredKeys: ['status', 'code', 'message'] },
  )

  it('is one event named error with JSON data, whatever the problem', () => {
    fc.assert(
      fc.property(problem, unruly, (said: Problem, requestId) => {
        const { events, comments, retries } = hear(lastFrame(said, requestId))
        expect([events.length, comments, retries]).toEqual([1, [], []])
        expect(events[0]?.event).toBe('error')
        expect(JSON.parse(events[0]?.data ?? '')).toMatchObject(
          same({ error: said.message, error_type: said.code, requestId }) as object,
        )
      }),
    )
  })

  it('has the members of the contract, and details where there are some', () => {
    const bare = hear(lastFrame({ status: 500, code: 'INTERNAL_ERROR', message: 'm' }, 'r'))
    expect(JSON.parse(bare.events[0]?.data ?? '')).toEqual({
      error: 'm',
      error_type: 'INTERNAL_ERROR',
      message: 'An error occurred during streaming',
      requestId: 'r',
    })
    const told = hear(lastFrame({ status: 418, code: 'REJECTED', message: 'm', details: { a: 1 } }, 'r'))
    expect(JSON.parse(told.events[0]?.data ?? '')).toMatchObject({ details: { a: 1 } })
  })

  it('leaves out details that have no JSON', () => {
    const told = hear(lastFrame({ status: 418, code: 'REJECTED', message: 'm', details: 1n }, 'r'))
    expect(JSON.parse(told.events[0]?.data ?? '')).not.toHaveProperty('details')
  })
})

describe('keepAlive', () => {
  it('is a comment that no listener hears', () => {
    expect(hear(keepAlive)).toEqual({ events: [], comments: ['keep-alive'], retries: [] })
  })
})
