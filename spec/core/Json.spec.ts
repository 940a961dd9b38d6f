/** JSON text of values: nothing is lost, and what has no JSON is a left, never thrown and never `{}` by accident. */
import { Readable, Writable } from 'node:stream'
import { runInThisContext } from 'node:vm'
import * as fc from 'fast-check'
import * as E from 'fp-ts/Either'
import { encode, isPlain } from '../../lib/core/Json'
import { left, right } from './support'

/** Makes instances of a class of a library, given as source: our own code has no classes. */
const instances = (source: string) => {
  const Library = runInThisContext(`(${source})`) as new (...args: ReadonlyArray<unknown>) => object
  return (...args: ReadonlyArray<unknown>): object => new Library(...args)
}

const read = (value: unknown): unknown => JSON.parse(right(encode(value)))

/** JSON has no negative zero; everything else is as it was. */
const withoutNegativeZero = (value: unknown): unknown => {
  if (Object.is(value, -0)) return 0
  if (Array.isArray(value)) return value.map(withoutNegativeZero)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withoutNegativeZero(item)]))
}

/** A value with Maps and Sets at any depth, and the plain value that it means. */
const ruled = fc.letrec<{ readonly node: readonly [unknown, unknown] }>((tie) => {
  const children = fc.array(tie('node'), { maxLength: 4 })
  const named = fc.uniqueArray(fc.tuple(fc.string(), tie('node')), { maxLength: 4, selector: ([key]) => key })
  const fields = (entries: ReadonlyArray<readonly [string, readonly [unknown, unknown]]>, side: 0 | 1) =>
    entries.map(([key, node]) => [key, node[side]] as const)
  return {
    node: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.jsonValue({ maxDepth: 1 }).map((value) => [value, withoutNegativeZero(value)] as const),
      children.map((nodes) => [nodes.map(([value]) => value), nodes.map(([, plain]) => plain)] as const),
      named.map((entries) => [Object.fromEntries(fields(entries, 0)), Object.fromEntries(fields(entries, 1))] as const),
      named.map((entries) => [new Map(fields(entries, 0)), Object.fromEntries(fields(entries, 1))] as const),
      children.map((nodes) => {
        const items = [...new Map(nodes.map(([value, plain]) => [value, plain]))] // a Set holds equal primitives once
        return [new Set(items.map(([value]) => value)), items.map(([, plain]) => plain)] as const
      }),
    ),
  }
}).node

const nested = (depth: number): unknown => {
  let value: unknown = []
  for (let i = 1; i < depth; i++) value = [value]
  return value
}

const reasonOf = (value: unknown): string => {
  const error = left(encode(value))
  if (error._tag !== 'Unencodable') throw new Error(error._tag)
  return error.reason
}

describe('encode', () => {
  it('says a JSON value so that JSON.parse gives it back', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(read(value)).toEqual(withoutNegativeZero(value))
      }),
    )
  })

  it('says what JSON.stringify says of a JSON value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(encode(value)).toEqual(E.right(JSON.stringify(value)))
      }),
    )
  })

  it('says Maps as objects and Sets as arrays at any depth', () => {
    fc.assert(
      fc.property(ruled, ([value, plain]) => {
        expect(read(value)).toEqual(plain)
      }),
    )
  })

  it('never throws, whatever the value', () => {
    fc.assert(
      fc.property(
        fc.anything({
          withBigInt: true,
          withMap: true,
          withSet: true,
          withDate: true,
          withTypedArray: true,
          withNullPrototype: true,
          withSparseArray: true,
        }),
        (value) => {
          const result = encode(value)
          expect(E.isLeft(result) || typeof JSON.parse(result.right) !== 'undefined').toBe(true)
        },
      ),
    )
  })

  it('says null for undefined', () => expect(encode(undefined)).toEqual(E.right('null')))

  it('says keys of a Map that are numbers or booleans as strings', () => {
    expect(
      read(
        new Map<unknown, unknown>([
          [1, 'a'],
          [true, 'b'],
          ['c', 'c'],
        ]),
      ),
    ).toEqual({ 1: 'a', true: 'b', c: 'c' })
  })

  it('keeps a key named __proto__ a key', () => {
    expect(encode(new Map([['__proto__', 1]]))).toEqual(E.right('{"__proto__":1}'))
  })

  it('says what toJSON gives, also when that is a Map', () => {
    expect(read({ at: new Date(0), map: { toJSON: () => new Map([['a', new Set([1])]]) } })).toEqual({
      at: '1970-01-01T00:00:00.000Z',
      map: { a: [1] },
    })
  })

  it('says the same of a value that is reached twice', () => {
    const shared = new Set([1])
    expect(read({ a: shared, b: shared })).toEqual({ a: [1], b: [1] })
  })

  const cyclic: { self?: unknown } = {}
  cyclic.self = cyclic
  const cyclicMap = new Map<string, unknown>()
  cyclicMap.set('self', cyclicMap)

  it.each<[string, unknown, RegExp]>([
    ['a BigInt', 1n, /^it contains a BigInt: return it as a string$/],
    ['a BigInt inside', { a: [1n] }, /^it contains a BigInt: return it as a string$/],
    ['a function', () => 1, /function/],
    ['a symbol', Symbol('s'), /symbol/],
    ['a cycle', cyclic, /circular/],
    ['a cycle through a Map', cyclicMap, /circular/],
    ['100,000 levels', nested(100_000), /too deeply/],
    ['100,000 levels in a Map', new Map([['a', nested(100_000)]]), /too deeply/],
    ['a Map whose key is an object', new Map([[{}, 1]]), /key of type object/],
    ['a Map whose key is a symbol', new Map([[Symbol('s'), 1]]), /key of type symbol/],
    [
      'a getter that throws',
      Object.defineProperty({}, 'a', {
        enumerable: true,
        get: () => {
          throw new Error('no a')
        },
      }),
      /no a/,
    ],
    [
      'a toJSON that throws what is no error',
      {
        toJSON: () => {
          throw 'no'
        },
      },
      /toJSON threw an error/,
    ],
    ['a toJSON that gives nothing', { toJSON: () => undefined }, /./],
  ])('refuses %s with a reason', (_, value, reason) => expect(reasonOf(value)).toMatch(reason))

  const toPoint = instances('class Point { constructor(x, inner = null) { this.x = x; this.inner = inner } }')

  it.each<[string, unknown, RegExp]>([
    ['a promise', Promise.resolve(1), /a promise: await it first/],
    ['a thenable of a library', instances('class Query { then() {} }')(), /a promise: await it first/],
    ['an error', new TypeError('no'), /an error \(TypeError\): throw it/],
    ['an error with properties', Object.assign(new Error('no'), { code: 'ENOENT' }), /an error \(Error\)/],
    ['a Response', new Response('text'), /an object \(Response\) without enumerable properties/],
    [
      'a generator',
      (function* () {
        yield 1
      })(),
      /an iterable/,
    ],
    [
      'an async generator',
      (async function* () {
        yield 1
      })(),
      /an iterable/,
    ],
    ['an iterator of an array', [1].values(), /an iterable/],
    ['a Readable', Readable.from(['a']), /an iterable \(Readable\)/],
    ['a Writable', new Writable(), /a stream \(Writable\)/],
    ['a ReadableStream', new Blob(['a']).stream(), /an iterable \(ReadableStream\)/],
    ['a Blob', new Blob(['a']), /an object \(Blob\)/],
    ['a Float32Array', new Float32Array([1]), /an iterable \(Float32Array\): .* as an array/],
    ['an ArrayBuffer', new ArrayBuffer(2), /an object \(ArrayBuffer\)/],
    ['a WeakMap', new WeakMap(), /an object \(WeakMap\)/],
    ['a RegExp', /a/, /an object \(RegExp\)/],
    ['URLSearchParams', new URLSearchParams('a=1'), /an iterable \(URLSearchParams\)/],
    [
      'an object whose fields are private',
      instances('class Secret { #a = 1; get a() { return this.#a } }')(),
      /Secret/,
    ],
  ])('refuses %s, on its own and inside, which JSON.stringify would make {} or its internals', (_, value, reason) => {
    const inside = (path: string): RegExp => new RegExp(`^"${path}" is .*${reason.source}`)
    expect(reasonOf(value)).toMatch(new RegExp(`^it is .*${reason.source}`))
    expect(reasonOf({ items: [{ result: value }] })).toMatch(inside('result'))
    expect(reasonOf([1, value])).toMatch(inside('1'))
    expect(reasonOf(new Map([['key', new Set([value])]]))).toMatch(inside('0'))
    expect(reasonOf({ toJSON: () => ({ given: value }) })).toMatch(inside('given'))
    expect(reasonOf(toPoint(1, value))).toMatch(inside('inner'))
    expect(isPlain({ result: value })).toBe(false)
  })

  it('leaves the rejection of a refused promise to nobody', async () => {
    const unhandled = jest.fn()
    process.on('unhandledRejection', unhandled)
    expect(reasonOf({ late: Promise.reject(new Error('later')) })).toMatch(/promise/)
    await new Promise((resolve) => setTimeout(resolve, 0))
    process.off('unhandledRejection', unhandled)
    expect(unhandled).not.toHaveBeenCalled()
  })

  it('says instances of classes by their fields, and what has its own JSON by that', () => {
    const values = [toPoint(1), Object.create(null), Buffer.from('a'), new URL('http://a/'), Object(1), Object('a')]
    const json = JSON.stringify(values)
    expect(encode(values)).toEqual(E.right(json))
  })

  it('tells a reason of one line', () => expect(reasonOf(cyclic)).not.toMatch(/\n/))
})

describe('isPlain', () => {
  it('is true of objects and arrays that JSON.stringify says all of', () => {
    expect([{}, [], { a: [{ b: null }] }].every(isPlain)).toBe(true)
  })

  it('is false of Maps and Sets at any depth, of toJSON, of primitives and of cycles', () => {
    const cyclic: { self?: unknown } = {}
    cyclic.self = cyclic
    expect(
      [new Map(), new Set(), { a: [new Map()] }, new Date(), 'text', 1, null, undefined, cyclic].some(isPlain),
    ).toBe(false)
  })

  it('agrees with encode: a plain value is said by JSON.stringify alone', () => {
    fc.assert(
      fc.property(ruled, ([value, plain]) => {
        if (isPlain(value)) expect(JSON.parse(JSON.stringify(value))).toEqual(plain)
      }),
    )
  })
})
