/** What a text would cost is what its value costs: judged by a walk over the value, which the scan is there to avoid. */
import * as fc from 'fast-check'
import { toFlaw } from '../../lib/core/JsonScan'

const costOf = (value: unknown): number => {
  if (typeof value !== 'object' || value === null) return 1
  return 4 + Object.values(value).reduce<number>((sum, item) => sum + costOf(item), 0)
}

const depthOf = (value: unknown): number => {
  if (typeof value !== 'object' || value === null) return 0
  return 1 + Object.values(value).reduce<number>((most, item) => Math.max(most, depthOf(item)), 0)
}

/** Values whose strings and keys look like JSON, and end in backslashes. */
const tricky = fc.oneof(
  fc.constantFrom('[', '{"a":', '\\', '\\"', '"', ',', '1e999', '\\\\"[[['),
  fc.string({ maxLength: 200 }),
  fc.constantFrom(7, 8, 9, 10, 65).map((length) => `${'a'.repeat(length)}\\`),
)

const value = fc.letrec<{ readonly node: unknown }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small' },
    tricky,
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.constantFrom(null, true, 1e308, -1e308, 5e-324),
    fc.array(tie('node'), { maxLength: 5 }),
    fc.dictionary(tricky, tie('node'), { maxKeys: 5 }),
  ),
})).node

describe('flawOf', () => {
  it('finds the depth of a value', () => {
    fc.assert(
      fc.property(value, fc.constantFrom(0, 1, 2), (of, space) => {
        const text = JSON.stringify(of, undefined, space)
        const depth = depthOf(of)
        expect(toFlaw(text, { maxDepth: depth, maxNodes: Infinity })).toBeUndefined()
        if (depth > 0) expect(toFlaw(text, { maxDepth: depth - 1, maxNodes: Infinity })).toMatch('levels deep')
      }),
    )
  })

  it('finds how many values there are', () => {
    fc.assert(
      fc.property(value, (of) => {
        const text = JSON.stringify(of)
        const cost = costOf(of)
        expect(toFlaw(text, { maxDepth: Infinity, maxNodes: cost })).toBeUndefined()
        if (cost > 1) expect(toFlaw(text, { maxDepth: Infinity, maxNodes: cost - 1 })).toMatch('values')
      }),
    )
  })

  it('finds numbers out of range, in values only', () => {
    const digits = fc.constantFrom('1e309', '-1E+309', '1e0309', '9'.repeat(310), `${'9'.repeat(250)}e99`)
    fc.assert(
      fc.property(value, digits, (of, number) => {
        const text = JSON.stringify(of)
        const limits = { maxDepth: Infinity, maxNodes: Infinity }
        expect(toFlaw(`[${text},${number}]`, limits)).toBe('a number is out of range')
        expect(toFlaw(`[${text},"${number}"]`, limits)).toBeUndefined()
      }),
    )
  })

  it('is total: any text at all has an answer', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(3), (text, limit) => {
        expect(['string', 'undefined']).toContain(typeof toFlaw(text, { maxDepth: limit, maxNodes: limit }))
      }),
    )
  })
})
