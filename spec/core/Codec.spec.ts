/** Decoding with io-ts and with Standard Schema: the same shape of issues, few and readable. */
import * as fc from 'fast-check'
import * as E from 'fp-ts/Either'
import * as t from 'io-ts'
import { z } from 'zod'
import type { Issue } from '../../lib/core/AgentError'
import { type Codec, decode, encode } from '../../lib/core/Codec'
import { left } from './support'

/** The issues that a codec finds, whether it takes its time or not. */
const issues = async <A>(codec: Codec<A>, value: unknown): Promise<ReadonlyArray<Issue>> => {
  const result = await decode(codec)(value)
  return E.isLeft(result) ? result.left : []
}

const paths = (found: ReadonlyArray<Issue>): ReadonlyArray<string> => [...new Set(found.map(({ path }) => path))].sort()

const nested = (depth: number): unknown => {
  let value: unknown = []
  for (let i = 1; i < depth; i++) value = [value]
  return value
}

type Nest = Array<Nest>
const ioNest: t.Type<Nest, unknown> = t.recursion('Nest', () => t.array(ioNest))
const zodNest: z.ZodType = z.lazy(() => z.array(zodNest))

const ioOrder = t.type({
  prompt: t.string,
  count: t.number,
  tags: t.array(t.string),
  'x-odd key': t.boolean,
  inner: t.type({ deep: t.array(t.type({ on: t.boolean })) }),
})

const zodOrder = z.object({
  prompt: z.string(),
  count: z.number(),
  tags: z.array(z.string()),
  'x-odd key': z.boolean(),
  inner: z.object({ deep: z.array(z.object({ on: z.boolean() })) }),
})

/** Orders that are right or wrong in any place. */
const order = (() => {
  const wrong = fc.constantFrom<unknown>(null, undefined, 7n, { a: 1 })
  const or = (good: fc.Arbitrary<unknown>) => fc.oneof({ weight: 3, arbitrary: good }, { weight: 1, arbitrary: wrong })
  return or(
    fc.record({
      prompt: or(fc.string()),
      count: or(fc.integer()),
      tags: or(fc.array(or(fc.string()), { maxLength: 4 })),
      'x-odd key': or(fc.boolean()),
      inner: or(fc.record({ deep: or(fc.array(or(fc.record({ on: or(fc.boolean()) })), { maxLength: 4 })) })),
    }),
  )
})()

describe('decode with io-ts and with zod', () => {
  it('accepts and refuses the same values, in the same places', async () => {
    await fc.assert(
      fc.asyncProperty(order, async (value) => {
        const [io, zod] = [await issues(ioOrder, value), await issues(zodOrder, value)]
        expect(paths(io)).toEqual(paths(zod))
        for (const issue of [...io, ...zod]) {
          expect(Object.keys(issue).sort()).toEqual(['message', 'path'])
          expect([typeof issue.path, typeof issue.message, issue.message === '']).toEqual(['string', 'string', false])
        }
      }),
    )
  })

  it('writes paths as one would write them in JavaScript', async () => {
    const value = {
      prompt: 'a',
      count: 'b',
      tags: ['c', 1],
      'x-odd key': 0,
      inner: { deep: [{ on: true }, { on: 1 }] },
    }
    const expected = ['["x-odd key"]', 'count', 'inner.deep[1].on', 'tags[1]']
    expect(paths(await issues(ioOrder, value))).toEqual(expected)
    expect(paths(await issues(zodOrder, value))).toEqual(expected)
  })

  it('has an empty path for the value itself', async () => {
    expect(paths(await issues(t.string, 1))).toEqual([''])
    expect(paths(await issues(z.string(), 1))).toEqual([''])
  })

  it.each<[string, Codec<unknown>]>([
    ['io-ts', t.array(t.string)],
    ['zod', z.array(z.string())],
  ])('tells at most 20 issues and takes no time for it: %s', async (_, codec) => {
    const start = Date.now()
    expect(
      await issues(
        codec,
        Array.from({ length: 100_000 }, (__, i) => i),
      ),
    ).toHaveLength(20)
    expect(Date.now() - start).toBeLessThan(5_000)
  })

  it.each<[string, Codec<unknown>]>([
    ['io-ts', ioNest],
    ['zod', zodNest],
    ['zod, asynchronous', zodNest.refine(async () => true)],
  ])('refuses 100,000 levels, and does not throw: %s', async (_, codec) => {
    expect(await issues(codec, nested(100_000))).toEqual([{ path: '', message: 'nested too deeply' }])
  })

  it('lets 100,000 levels through where nothing is asked of them', async () => {
    const value = nested(100_000)
    expect(E.isRight(await decode(t.unknown)(value))).toBe(true)
    expect(E.isRight(await decode(z.unknown())(value))).toBe(true)
  })
})

describe('decode with io-ts', () => {
  const seen = (codec: Codec<unknown>, value: unknown): ReadonlyArray<Issue> => {
    const result = decode(codec)(value)
    if (result instanceof Promise) throw new Error('io-ts does not wait')
    return left(result)
  }

  it('gives the decoded value', () => {
    const trimmed = new t.Type<string, string>(
      'Trimmed',
      t.string.is,
      (u, c) => (typeof u === 'string' ? t.success(u.trim()) : t.failure(u, c)),
      String,
    )
    expect(decode(trimmed)(' a ')).toEqual(E.right('a'))
  })

  it.each<[unknown, string]>([
    ['text', 'expected number, got the string "text"'],
    ['a'.repeat(41), 'expected number, got a string of 41 characters'],
    [undefined, 'expected number, got nothing'],
    [null, 'expected number, got null'],
    [[1], 'expected number, got an array'],
    [{ a: 1 }, 'expected number, got an object'],
    [true, 'expected number, got the boolean true'],
    [12n, 'expected number, got the bigint 12'],
  ])('of %p says what it expected and what it got', (value, message) => {
    expect(seen(t.number, value)).toEqual([{ path: '', message }])
  })

  it('says the message of a codec that has one', () => {
    const port = new t.Type<number>('Port', t.number.is, (u, c) => t.failure(u, c, 'is no port'), Number)
    expect(seen(t.type({ port }), { port: 1 })).toEqual([{ path: 'port', message: 'is no port' }])
  })

  it('shortens the names of large types', () => {
    const large = t.partial(Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`property${i}`, t.string])))
    expect(seen(large, 1)[0]?.message.length).toBeLessThan(120)
  })

  const Prompt = t.type({ type: t.literal('prompt'), text: t.string })
  const Stop = t.type({ type: t.literal('stop'), now: t.boolean })

  it('of a tagged union tells only of the member that is meant', () => {
    expect(seen(t.union([Prompt, Stop]), { type: 'stop', now: 1 })).toEqual([
      { path: 'now', message: 'expected boolean, got the number 1' },
    ])
    expect(seen(t.type({ list: t.array(t.union([Prompt, Stop])) }), { list: [{ type: 'prompt' }] })).toEqual([
      { path: 'list[0].text', message: 'expected string, got nothing' },
    ])
  })

  it('of a union whose tags io-ts does not see, too', () => {
    const open = t.type({ type: t.string, more: t.type({ n: t.number }) })
    expect(seen(t.union([Prompt, open]), { type: 'other', more: { n: 'x' } })).toEqual([
      { path: 'more.n', message: 'expected number, got the string "x"' },
    ])
  })

  it('of a tagged union in a tagged union tells only of the member that is meant', () => {
    const Outer = t.union([
      t.type({ kind: t.literal('message'), body: t.union([Prompt, Stop]) }),
      t.type({ kind: t.literal('end') }),
    ])
    expect(seen(Outer, { kind: 'message', body: { type: 'prompt', text: 0 } })).toEqual([
      { path: 'body.text', message: 'expected string, got the number 0' },
    ])
  })

  it('of a tag that no member has tells one issue', () => {
    const found = seen(t.union([Prompt, Stop]), { type: 'fly' })
    expect(found).toHaveLength(1)
    expect(found[0]).toMatchObject({
      path: '',
      message: expect.stringMatching(/^expected \(.*\), got an object$/) as unknown,
    })
  })

  it('of an untagged union tells one issue, of the union as a whole', () => {
    expect(seen(t.type({ a: t.union([t.string, t.number, t.null]) }), { a: {} })).toEqual([
      { path: 'a', message: 'expected (string | number | null), got an object' },
    ])
    expect(seen(t.union([t.literal('a'), t.literal('b')]), 'c')).toEqual([
      { path: '', message: 'expected ("a" | "b"), got the string "c"' },
    ])
  })

  it('tells of each element of a union by itself', () => {
    expect(seen(t.array(t.union([t.string, t.number])), [true, 'a', null]).map(({ path }) => path)).toEqual([
      '[0]',
      '[2]',
    ])
  })

  it('tells what is wrong in any part of an intersection, without its parts in the path', () => {
    const both = t.intersection([t.type({ a: t.string }), t.partial({ b: t.number })])
    expect(seen(t.type({ both }), { both: { a: 1, b: 'x' } })).toEqual([
      { path: 'both.a', message: 'expected string, got the number 1' },
      { path: 'both.b', message: 'expected number, got the string "x"' },
    ])
  })

  it('tells no issue twice', () => {
    const both = t.intersection([t.type({ a: t.string }), t.type({ a: t.string, b: t.string })])
    expect(seen(both, { b: 'b' })).toEqual([{ path: 'a', message: 'expected string, got nothing' }])
  })

  it('is total, whatever the value', () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withMap: true, withNullPrototype: true }), (value) => {
        const found = decode(t.union([ioOrder, t.type({ list: t.array(t.union([Prompt, Stop])) })]))(value)
        expect(E.isLeft(found as E.Either<unknown, unknown>)).toBe(true)
      }),
    )
  })
})

describe('the issues of a union of zod', () => {
  const Stop = z.object({ stop: z.literal(true) })
  const Prompt = z.object({ prompt: z.string(), kind: z.enum(['a', 'b']) })
  const whole = [{ path: '', message: 'Invalid input' }]

  it('are those of the member that is meant', async () => {
    const found = [
      { path: 'prompt', message: 'Invalid input: expected string, received number' },
      { path: 'kind', message: 'Invalid option: expected one of "a"|"b"' },
    ]
    const value = { prompt: 1, kind: 'c' }
    expect(await issues(z.union([Stop, Prompt]), value)).toEqual(found)
    const Outer = z.object({ list: z.array(z.union([Stop, z.object({ body: z.union([Prompt, Stop]) })])) })
    expect(await issues(Outer, { list: [{ stop: true }, { body: value }] })).toEqual(
      found.map((issue) => ({ ...issue, path: `list[1].body.${issue.path}` })),
    )
  })

  it('are one of the union as a whole when several members could be meant, or none', async () => {
    expect(await issues(z.union([Prompt, z.object({ text: z.string() })]), {})).toEqual(whole)
    expect(await issues(z.union([Stop, z.object({ go: z.literal(true) })]), {})).toEqual(whole)
    expect(await issues(z.union([z.string(), z.number()]), true)).toEqual(whole)
  })
})

describe('decode with a Standard Schema', () => {
  it('gives what the schema makes of the value', async () => {
    expect(await decode(z.string().transform(Number))('7')).toEqual(E.right(7))
  })

  it('waits for one that is asynchronous', async () => {
    const free = z.object({ name: z.string().refine(async (name) => name !== 'taken', 'is taken') })
    expect(decode(free)({ name: 'a' })).toBeInstanceOf(Promise)
    expect(await decode(free)({ name: 'a' })).toEqual(E.right({ name: 'a' }))
    expect(await issues(free, { name: 'taken' })).toEqual([{ path: 'name', message: 'is taken' }])
  })

  it('reads paths whose steps are objects, and values without a path', async () => {
    const custom: Codec<never> = {
      '~standard': {
        version: 1,
        vendor: 'spec',
        validate: () => ({
          issues: [{ message: 'a', path: [{ key: 'list' }, { key: 0 }, Symbol('s')] }, { message: 'b' }],
        }),
      },
    }
    expect(await issues(custom, 1)).toEqual([
      { path: 'list[0][Symbol(s)]', message: 'a' },
      { path: '', message: 'b' },
    ])
  })

  it('takes a schema that is a function, as arktype has them', async () => {
    const schema = Object.assign(() => undefined, {
      '~standard': { version: 1 as const, vendor: 'spec', validate: (value: unknown) => ({ value }) },
    })
    expect(await decode(schema)(7)).toEqual(E.right(7))
  })

  it('passes on what a schema throws', () => {
    const broken = z.string().transform(() => {
      throw new Error('broken')
    })
    return expect((async () => decode(broken)('a'))()).rejects.toThrow('broken')
  })
})

describe('encode', () => {
  it('encodes with io-ts', () => {
    const date = new t.Type<Date, string>(
      'Date',
      (u): u is Date => u instanceof Date,
      (u, c) => t.failure(u, c),
      (d) => d.toISOString(),
    )
    expect(encode(date)(new Date(0))).toEqual(E.right('1970-01-01T00:00:00.000Z'))
  })

  it('refuses 100,000 levels, and does not throw', async () => {
    const tooDeep = E.left([{ path: '', message: 'nested too deeply' }])
    expect(encode(ioNest)(nested(100_000) as Nest)).toEqual(tooDeep)
    expect(await encode(zodNest)(nested(100_000))).toEqual(tooDeep)
    expect(E.isRight(await encode(ioNest)([[]]))).toBe(true)
  })

  it('checks with a Standard Schema', async () => {
    const out = z.object({ n: z.number().max(9) })
    expect(await encode(out)({ n: 7 })).toEqual(E.right({ n: 7 }))
    expect(left(await encode(out)({ n: 10 }))).toEqual([{ path: 'n', message: expect.any(String) as unknown }])
  })
})
