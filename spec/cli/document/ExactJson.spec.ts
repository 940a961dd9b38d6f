import * as E from 'fp-ts/Either'
import * as fc from 'fast-check'
import { format, isExactNumber, parse } from '../../../lib/cli/document/ExactJson'

const again = (json: string, indent?: number): string => {
  const value = parse(json)
  if (E.isLeft(value)) throw new Error('not JSON')
  return format(value.right, indent)
}

describe('exact JSON', () => {
  it.each([
    '9007199254740993',
    '-0',
    '0.10',
    '1.0',
    '1e400',
    '1E5',
    '[12345678901234567890,"12345678901234567890",{"0.10":0.10}]',
    '{"__proto__":{"a":1.0},"b":"\\"0.10"}',
    '"\\\\"',
  ])('gives %s back as it came', (json) => {
    expect(again(json)).toBe(json)
  })

  it('is laid out like any other', () => {
    expect(again('{"a":[1.0,2],"b":{}}', 2)).toBe('{\n  "a": [\n    1.0,\n    2\n  ],\n  "b": {}\n}')
  })

  it('leaves numbers that a double holds, and every value of JavaScript, as they are', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const json = JSON.stringify(value)
        const parsed = parse(json)
        expect(again(json)).toBe(json)
        if (!json.includes('-0')) expect(parsed).toEqual(E.right(JSON.parse(json)))
      }),
    )
  })

  it.each(['', '{', '{0.10: 1}', '007', 'NaN', "{'a': 0.10}"])('is not %j', (text) => {
    expect(E.isLeft(parse(text))).toBe(true)
  })

  it('survives strings of millions of escapes', () => {
    const json = `["${'a\\n'.repeat(3_000_000)}",0.10]`
    expect(again(json) === json).toBe(true)
  })

  it('tells an exact number from what an agent could send', () => {
    const [number, object] = [parse('0.10'), parse('{"digits":"0.10"}')].map((value) =>
      E.isRight(value) ? value.right : undefined,
    )
    expect([number, object].map(isExactNumber)).toEqual([true, false])
    expect(format(undefined)).toBe('null')
  })
})
