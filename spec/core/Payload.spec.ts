/** The JSON text of a body as a value: nothing is changed silently, and no text makes the parser throw. */
import * as fc from 'fast-check'
import * as E from 'fp-ts/Either'
import { maxDepth, maxNodes, parse as parseWithin } from '../../lib/core/Payload'
import { left } from './support'

const parse = (depth: number) => parseWithin({ maxDepth: depth, maxNodes })

const read = parse(maxDepth)

const reasonOf = (text: string): string => {
  const error = left(read(text))
  if (error._tag !== 'InvalidJson') throw new Error(error._tag)
  return error.reason
}

/** JSON values by their text; a key `__proto__`, which fast-check makes as well, is another matter. */
const jsonText = fc.jsonValue().map((value) => JSON.stringify(value))
const hasNoProto = (text: string): boolean => !text.includes('__proto__')

const nested = (depth: number, open: string, close: string): string => `${open.repeat(depth)}1${close.repeat(depth)}`

describe('parse', () => {
  it('gives the value that a JSON text says', () => {
    fc.assert(
      fc.property(jsonText.filter(hasNoProto), (text) => {
        expect(read(` ${text}\n`)).toEqual(E.right(JSON.parse(text)))
      }),
    )
  })

  it('is total: right exactly where JSON.parse does not throw', () => {
    fc.assert(
      fc.property(
        fc
          .oneof(
            fc.string(),
            fc.json(),
            fc.json().map((text) => text.slice(1)),
          )
          .filter(hasNoProto),
        (text) => {
          const judged = E.tryCatch((): unknown => JSON.parse(text), String)
          expect(E.isRight(read(text))).toBe(E.isRight(judged))
        },
      ),
    )
  })

  it.each(['', ' ', '\n\t'])('refuses %j: the body is empty', (text) =>
    expect(reasonOf(text)).toBe('the body is empty'),
  )

  it.each(['1e999', '-1e999', '[1e999]', '{"a":[{"b":-1e400}]}'])('refuses %s: no number holds it', (text) => {
    expect(reasonOf(text)).toBe('a number is out of range')
  })

  it.each([
    ['arrays', '[', ']'],
    ['objects', '{"a":', '}'],
  ])('takes 1000 levels of %s and refuses one more, and 100,000', (_, open, close) => {
    expect(E.isRight(read(nested(maxDepth, open, close)))).toBe(true)
    expect(reasonOf(nested(maxDepth + 1, open, close))).toBe('it is nested more than 1000 levels deep')
    expect(left(read(nested(100_000, open, close)))._tag).toBe('InvalidJson')
  })

  it('takes as many levels as it is told', () => {
    expect([parse(2)('[[1]]'), parse(2)('[[[1]]]')].map(E.isRight)).toEqual([true, false])
    expect(E.isRight(parse(0)('1'))).toBe(true)
  })

  it.each([
    '{"__proto__":{"isAdmin":true}}',
    '{"__proto__" \n: null}',
    '[{"a":[{"__proto__":1}]}]',
    '{"\\u005f_proto__":1}',
    '{"__\\u0070r\\u006Ft\\u006f_\\u005F":{}}',
    `{"long":"${'x'.repeat(1000)}","__proto__":{}}`,
  ])('refuses a key __proto__, which a codec could take for a prototype: %s', (text) => {
    expect(reasonOf(text)).toBe('the key __proto__ is not allowed')
    expect(JSON.parse(text)).toBeDefined() // so it is JSON
  })

  it.each([
    '"__proto__"',
    '["__proto__",":"]',
    '{"a":"__proto__"}',
    '{"__proto":1,"proto__":2,"__PROTO__":3}',
    '{"constructor":{"prototype":{}}}',
    '{"a":"say \\"__proto__\\": 1"}',
    '{"a":"\\u0000\\u005f"}',
  ])('takes %s, which has no such key', (text) => expect(read(text)).toEqual(E.right(JSON.parse(text))))
})

it.each(['1e999', '-1e309', '1e0309', `${'9'.repeat(250)}e99`, `${'1'.repeat(193)}e119`, '9'.repeat(310)])(
  'refuses the number %s, however short the text is',
  (digits) => {
    for (const text of [digits, `[${digits}]`, `{"a":{"b":${digits}}}`]) expect(E.isLeft(parse(1000)(text))).toBe(true)
  },
)

it.each(['1e308', '1e-999', '1E+2', `${'9'.repeat(150)}e99`, '9'.repeat(308)])('takes the number %s', (digits) => {
  expect(parse(1000)(`[${digits}]`)).toEqual(E.right([Number(digits)]))
})

it('refuses nesting beyond a limit that is smaller than the text', () => {
  expect(E.isLeft(parse(3)('[[[[1]]]]'))).toBe(true)
  expect(parse(4)('[[[[1]]]]')).toEqual(E.right([[[[1]]]]))
})
