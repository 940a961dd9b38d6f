/** What a handler gives, and what reaches the client: JSON, streams, replies made by hand, and what cannot be sent. */
import { EventEmitter } from 'node:events'
import { Readable } from 'node:stream'
import { ReadableStream } from 'node:stream/web'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { entrypoint, Handler, Reply, Sse } from '../../../lib'
import { aborted, ask, eventsIn, failureOf, type Send, served, valuesIn, wire } from '../support'

const giving = (answer: () => unknown) => entrypoint(Handler.fromSync(answer))

const post = (send: Send, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
  send('/invocations', { body: {}, headers })

describe('a value is JSON', () => {
  const values: ReadonlyArray<readonly [name: string, value: unknown, text: string]> = [
    ['an object', { a: 1, b: [true, null] }, '{"a":1,"b":[true,null]}'],
    ['an empty object', {}, '{}'],
    ['an array', [1, 'two', { three: 3 }], '[1,"two",{"three":3}]'],
    ['a string', 'hello', '"hello"'],
    ['an empty string', '', '""'],
    ['a string beyond ASCII', 'naïve 🦊 \u2028', '"naïve 🦊 \u2028"'],
    ['a lone surrogate', '\ud800', '"\\ud800"'],
    ['a number', 42, '42'],
    ['zero', 0, '0'],
    ['a number without JSON', Number.NaN, 'null'],
    ['true', true, 'true'],
    ['false', false, 'false'],
    ['null', null, 'null'],
    ['undefined', undefined, 'null'],
    [
      'a Map',
      new Map<unknown, unknown>([
        ['a', new Map([['b', 1]])],
        [2, 'two'],
      ]),
      '{"2":"two","a":{"b":1}}',
    ],
    ['a Set', new Set([1, new Set(['a'])]), '[1,["a"]]'],
    ['a Map deep inside', { deep: [{ map: new Map([['k', new Set([1])]]) }] }, '{"deep":[{"map":{"k":[1]}}]}'],
    ['a Date', new Date(0), '"1970-01-01T00:00:00.000Z"'],
    ['an object with toJSON', { toJSON: () => ({ said: new Set([1]) }) }, '{"said":[1]}'],
    ['an object without prototype', Object.assign(Object.create(null) as object, { a: 1 }), '{"a":1}'],
    ['an array of a typed array in an object', { at: Array.from(new Float64Array([1.5])) }, '{"at":[1.5]}'],
  ]
  for (const [name, value, text] of values) {
    wire(
      name,
      giving(() => value),
      async ({ send }) => {
        const response = await post(send)
        expect(response.status).toBe(200)
        expect(response.headers.get('content-type')).toBe('application/json')
        expect(await response.text()).toBe(text)
      },
    )
  }

  wire(
    'whatever JSON came in goes out the same',
    entrypoint((payload) => TE.right(payload)),
    async ({ send }) => {
      for (const text of [
        '[]',
        '"\\u0000"',
        '-0.5',
        '{"a":{"b":[{}]}}',
        'null',
        '{"constructor":{"x":1},"toJSON":1}',
      ]) {
        const response = await send('/invocations', { body: text })
        expect(await response.text()).toBe(text)
      }
    },
  )

  it('has its length told in bytes', () =>
    served(
      giving(() => 'žluť 🦊'),
      async ({ port }) => {
        const { headers, text } = await ask(port, { body: '{}' })
        expect(headers['content-length']).toBe(String(Buffer.byteLength(text)))
      },
    ))
})

describe('a string is valid JSON, or a stream is asked for in vain, whatever Accept says', () => {
  const accepts = [
    undefined,
    '*/*',
    'application/json',
    'text/event-stream',
    'text/plain',
    'image/png;q=0.1',
    ',;=',
    '',
  ]
  wire(
    'the string result',
    giving(() => 'say "hi"\n'),
    async ({ send }) => {
      for (const accept of accepts) {
        const response = await post(send, accept === undefined ? {} : { accept })
        expect([accept, response.status, response.headers.get('content-type')]).toEqual([
          accept,
          200,
          'application/json',
        ])
        expect(await response.json()).toBe('say "hi"\n')
      }
    },
  )

  it('the string result to a client that sends no Accept at all', () =>
    served(
      giving(() => 'hi'),
      async ({ port }) => {
        const { headers, text } = await ask(port, { body: '{}' })
        expect([headers['content-type'], text]).toEqual(['application/json', '"hi"'])
      },
    ))
})

const cut = (text: string): ReadonlyArray<Uint8Array> => [...Buffer.from(text)].map((byte) => new Uint8Array([byte]))

describe('whatever can be pulled streams', () => {
  const plainIterator = (): unknown => {
    const left = [1, 2, 3]
    return {
      next: () => {
        const value = left.shift()
        return value === undefined ? { done: true } : { done: false, value }
      },
    }
  }
  const asyncIterator = (): unknown => {
    const left = [1, 2, 3]
    return {
      next: async () => {
        const value = left.shift()
        return value === undefined ? { done: true } : { value }
      },
    }
  }
  const sources: ReadonlyArray<readonly [name: string, make: () => unknown]> = [
    [
      'a sync generator',
      function* () {
        yield* [1, 2, 3]
      },
    ],
    [
      'an async generator',
      async function* () {
        yield* [1, 2, 3]
      },
    ],
    ['an async iterable', () => ({ [Symbol.asyncIterator]: () => asyncIterator() })],
    ['an iterable that is no plain value', () => ({ [Symbol.iterator]: () => [1, 2, 3].values() })],
    ['a plain iterator object', plainIterator],
    ['a plain async iterator object', asyncIterator],
    ['the iterator of an array', () => [1, 2, 3].values()],
    [
      'the values of a Map',
      () =>
        new Map([
          ['a', 1],
          ['b', 2],
          ['c', 3],
        ]).values(),
    ],
    ['a generator of promises', () => [1, 2, 3].map((value) => Promise.resolve(value)).values()],
    [
      'a ReadableStream',
      () =>
        new ReadableStream({
          start: (controller) => {
            for (const value of [1, 2, 3]) controller.enqueue(value)
            controller.close()
          },
        }),
    ],
    ['the ReadableStream of the web', () => new Blob(['1']).stream().pipeThrough(numbers())],
    ['a Readable in object mode', () => Readable.from([1, 2, 3])],
    ['a reply that names its source', () => Reply.events([1, 2, 3])],
    ['events of an emitter, until it says', () => counted(new EventEmitter())],
  ]
  for (const [name, make] of sources) {
    wire(name, giving(make), async ({ send }) => {
      const response = await post(send)
      expect(response.status).toBe(200)
      expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
      expect(valuesIn(await response.text())).toEqual([1, 2, 3])
    })
  }

  const numbers = () =>
    new TransformStream<Uint8Array, number>({
      transform: (_, controller) => {
        for (const value of [1, 2, 3]) controller.enqueue(value)
      },
    })

  const counted = async function* (emitter: EventEmitter): AsyncGenerator<number> {
    for (const value of [1, 2, 3]) {
      const next = new Promise<number>((resolve) => emitter.once('value', resolve))
      setImmediate(() => emitter.emit('value', value))
      yield await next
    }
  }

  const text = 'žluťoučký 🦊 \n "kůň"'

  wire(
    'a Readable of bytes whose characters are cut',
    giving(() => Readable.from(cut(text))),
    async ({ send }) => {
      expect(valuesIn(await (await post(send)).text()).join('')).toBe(text)
    },
  )

  wire(
    'a ReadableStream of bytes whose characters are cut',
    giving(() => ReadableStream.from(cut(text))),
    async ({ send }) => {
      expect(valuesIn(await (await post(send)).text()).join('')).toBe(text)
    },
  )

  wire(
    'a Readable with an encoding',
    giving(() => new Readable({ encoding: 'utf8', read: reading(parts) })),
    async ({ send }) => {
      expect(valuesIn(await (await post(send)).text()).join('')).toBe(text)
    },
  )

  const parts = [...Array(10).keys()]
    .map((at) => Buffer.from(text).subarray(at * 5, at * 5 + 5))
    .filter(({ length }) => length > 0)

  const reading = (parts: ReadonlyArray<Uint8Array>) => {
    const sent = { count: 0 }
    return function (this: Readable): void {
      const part = parts[sent.count % (parts.length + 1)]
      sent.count += 1
      this.push(part ?? null)
    }
  }

  wire(
    'an empty stream has no event and a clean end',
    giving(() => Reply.events([])),
    async ({ send }) => {
      const response = await post(send)
      expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8'])
      expect(await response.text()).toBe('')
    },
  )

  wire(
    'undefined and null are events',
    giving(() => Reply.events([undefined, null])),
    async ({ send }) => {
      expect(await (await post(send)).text()).toBe('data: null\n\ndata: null\n\n')
    },
  )

  wire(
    'an iterable that is asked to be JSON is JSON',
    giving(() => Reply.json([1, 2])),
    async ({ send }) => {
      expect(await (await post(send)).json()).toEqual([1, 2])
    },
  )

  wire(
    'what a generator returns is no event',
    giving(function* () {
      yield 1
      return 2
    }),
    async ({ send }) => expect(await (await post(send)).text()).toBe('data: 1\n\n'),
  )
})

describe('a reply made by hand', () => {
  const bytes = new Uint8Array([0, 255, 128, 10])

  wire(
    'status and headers',
    giving(() => pipe(Reply.json({ made: true }), Reply.withStatus(201), Reply.withHeader('Location', '/x'))),
    async ({ send }) => {
      const response = await post(send)
      expect([response.status, response.headers.get('location')]).toEqual([201, '/x'])
      expect(await response.json()).toEqual({ made: true })
    },
  )

  wire(
    'bytes',
    giving(() => Reply.bytes(bytes, 'image/x-none')),
    async ({ send }) => {
      const response = await post(send)
      expect(response.headers.get('content-type')).toBe('image/x-none')
      expect(new Uint8Array(await response.arrayBuffer())).toEqual(bytes)
    },
  )

  for (const [name, value] of [
    ['a Uint8Array', bytes],
    ['a Buffer', Buffer.from(bytes)],
    ['a view into a larger buffer', new Uint8Array([9, 9, ...bytes, 9]).subarray(2, 6)],
  ] as const) {
    wire(
      `${name} as it is`,
      giving(() => value),
      async ({ send }) => {
        const response = await post(send)
        expect(response.headers.get('content-type')).toBe('application/octet-stream')
        expect(response.headers.get('content-length')).toBe('4')
        expect(new Uint8Array(await response.arrayBuffer())).toEqual(bytes)
      },
    )
  }

  wire(
    'text',
    giving(() => Reply.text('plain, not "JSON"')),
    async ({ send }) => {
      const response = await post(send)
      expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8')
      expect(await response.text()).toBe('plain, not "JSON"')
    },
  )

  wire(
    'text whose content type has a line break: 500 UNENCODABLE, and no header of its author',
    giving(() => Reply.text('x', 'text/plain\r\nSet-Cookie: forged=1')),
    async ({ send }) => {
      const response = await post(send)
      expect([response.status, response.headers.get('set-cookie')]).toEqual([500, null])
      expect(await response.json()).toMatchObject({ code: 'UNENCODABLE' })
    },
  )

  wire(
    'text that is empty',
    giving(() => Reply.text('')),
    async ({ send }) => {
      const response = await post(send)
      expect([response.status, await response.text()]).toEqual([200, ''])
    },
  )

  wire(
    'nothing',
    giving(() => Reply.empty),
    async ({ send }) => {
      const response = await post(send)
      expect([response.status, response.headers.get('content-type'), await response.text()]).toEqual([204, null, ''])
    },
  )

  wire(
    'a status that forbids a body has none',
    giving(() => pipe(Reply.json({}), Reply.withStatus(304))),
    async ({ send }) => {
      const response = await post(send)
      expect([response.status, await response.text()]).toEqual([304, ''])
    },
  )

  wire(
    'a failure status with a body of its own',
    giving(() => pipe(Reply.json({ own: 1 }), Reply.withStatus(418))),
    async ({ send }) => {
      const response = await post(send)
      expect([response.status, await response.text()]).toEqual([418, '{"own":1}'])
    },
  )

  wire(
    'a stream with a status and a header',
    giving(() => pipe(Reply.events([1]), Reply.withStatus(202), Reply.withHeader('x-run', '7'))),
    async ({ send }) => {
      const response = await post(send)
      expect([response.status, response.headers.get('x-run'), await response.text()]).toEqual([202, '7', 'data: 1\n\n'])
    },
  )

  wire(
    'a content type in place of the usual one',
    giving(() => pipe(Reply.json({}), Reply.withHeader('Content-Type', 'application/problem+json'))),
    async ({ send }) => {
      const response = await post(send)
      expect([response.headers.get('content-type'), await response.text()]).toEqual(['application/problem+json', '{}'])
    },
  )

  for (const [name, reply] of [
    ['a status that HTTP does not have', Reply.withStatus(99)(Reply.json(1))],
    ['an informational status', Reply.withStatus(101)(Reply.json(1))],
    ['a broken status', Reply.withStatus(200.5)(Reply.json(1))],
    ['a header value with a line break', Reply.withHeader('x-a', 'b\r\nset-cookie: c=d')(Reply.json(1))],
    ['a header name that is none', Reply.withHeader('x a', 'b')(Reply.json(1))],
    ['a length that the server is to tell', Reply.withHeader('Content-Length', '1')(Reply.json('long'))],
    ['chunks that the server is to make', Reply.withHeader('Transfer-Encoding', 'chunked')(Reply.json(1))],
    ['a stream with a bad header', Reply.withHeader('x-a', '\u{1f98a}')(Reply.events([1]))],
  ] as const) {
    wire(
      `${name} is a failure`,
      giving(() => reply),
      async ({ send }) => {
        const response = await post(send)
        expect(response.headers.get('set-cookie')).toBeNull()
        expect(await failureOf(response)).toMatchObject({ status: 500, code: 'UNENCODABLE' })
      },
    )
  }

  wire(
    'a stream whose status forbids a body is a failure, and its source is closed',
    entrypoint((payload: unknown, { signal }) =>
      TE.right(pipe(Reply.events(endless(signal)), Reply.withStatus(payload === 304 ? 304 : 204))),
    ),
    async ({ send }) => {
      for (const status of [204, 304]) {
        expect(await failureOf(await send('/invocations', { body: status }))).toMatchObject({
          status: 500,
          code: 'UNENCODABLE',
        })
      }
    },
  )

  const endless = async function* (signal: AbortSignal): AsyncGenerator<number> {
    yield 1
    await aborted(signal)
  }
})

describe('events with more than data', () => {
  wire(
    'event, id, retry, raw text and comments',
    giving(() =>
      Reply.events([
        Sse.event({ event: 'token', id: '7', retry: 250, data: { t: 'a\nb' } }),
        Sse.raw({ data: 'one\ntwo\r\nthree\rfour' }),
        Sse.raw({ event: 'done', data: '[DONE]' }),
        Sse.comment('a note\nof two lines'),
        'plain',
      ]),
    ),
    async ({ send }) => {
      expect(eventsIn(await (await post(send)).text())).toEqual([
        { event: 'token', id: '7', data: '{"t":"a\\nb"}' },
        { data: 'one\ntwo\nthree\nfour' },
        { event: 'done', data: '[DONE]' },
        { comment: 'a note' },
        { comment: 'of two lines' },
        { data: '"plain"' },
      ])
    },
  )

  for (const [name, event] of [
    ['a line break in an event name', Sse.event({ event: 'a\ndata: forged', data: 1 })],
    ['a line break in an id', Sse.event({ id: 'a\r', data: 1 })],
    ['NUL in an id', Sse.event({ id: '\0', data: 1 })],
    ['a retry that is no number of milliseconds', Sse.event({ retry: 1.5, data: 1 })],
  ] as const) {
    wire(
      `${name} is a failure`,
      giving(() => Reply.events([event])),
      async ({ send }) => {
        expect(await failureOf(await post(send))).toMatchObject({ status: 500, code: 'UNENCODABLE' })
      },
    )
  }

  wire(
    'one that comes later ends the stream',
    giving(() => Reply.events([1, Sse.event({ event: '\n', data: 1 }), 3])),
    async ({ send }) => {
      const [first, last, ...more] = eventsIn(await (await post(send)).text())
      expect([first, more]).toEqual([{ data: '1' }, []])
      expect(last).toMatchObject({
        event: 'error',
        data: expect.stringContaining('"error_type":"UNENCODABLE"') as unknown,
      })
    },
  )
})

describe('what cannot be encoded is a failure in the one shape', () => {
  const cycle: { self?: unknown } = {}
  cycle.self = cycle
  const nested = (depth: number): unknown =>
    depth === 0 ? [] : Array.from({ length: depth }).reduce<unknown>((inner) => [inner], [])
  const values: ReadonlyArray<readonly [name: string, value: unknown]> = [
    ['a BigInt', 1n],
    ['a BigInt deep inside', { a: [{ b: 1n }] }],
    ['a cycle', cycle],
    ['a function', () => 1],
    ['a symbol', Symbol('s')],
    ['a Map with keys that are no names', new Map([[{}, 1]])],
    ['a toJSON that throws', { toJSON: () => JSON.parse('{') as unknown }],
    ['nesting without end', nested(50_000)],
  ]
  for (const [name, value] of values) {
    wire(
      name,
      giving(() => value),
      async ({ send }) => {
        expect(await failureOf(await post(send))).toMatchObject({ status: 500, code: 'UNENCODABLE' })
      },
    )
    wire(
      `${name} as the first event`,
      giving(() => Reply.events([value])),
      async ({ send }) => {
        expect(await failureOf(await post(send))).toMatchObject({ status: 500, code: 'UNENCODABLE' })
      },
    )
    wire(
      `${name} as a later event`,
      giving(() => Reply.events([0, value, 2])),
      async ({ send }) => {
        const text = await (await post(send)).text()
        const [first, last, ...more] = eventsIn(text)
        expect([first, more]).toEqual([{ data: '0' }, []])
        expect(last).toMatchObject({
          event: 'error',
          data: expect.stringContaining('"error_type":"UNENCODABLE"') as unknown,
        })
      },
    )
  }
})
