/** Lines written by hand are what `JSON.stringify` would write. */
import * as fc from 'fast-check'
import { identity } from 'fp-ts/function'
import { toIdMembers, toLine, toMeasureMembers, toMembers, toTimestamp } from '../../../lib/http/log/LogLine'

const withBigInts = (_: string, item: unknown): unknown => (typeof item === 'bigint' ? String(item) : item)

const value = fc.oneof(
  fc.jsonValue(),
  fc.string({ unit: 'binary' }),
  fc.double(),
  fc.bigInt(),
  fc.date(),
  fc.constantFrom(undefined, Symbol('s'), () => 1, { nested: 1n, left: undefined }, [undefined]),
)

const fields = fc.dictionary(fc.string({ unit: 'binary' }), value, { noNullPrototype: true })

describe('toMembers', () => {
  it('writes what JSON.stringify does, for any fields', () =>
    fc.assert(
      fc.property(fields, (given) => {
        expect(`{${toMembers(given).slice(1)}}`).toBe(JSON.stringify(given, withBigInts))
      }),
    ))

  it('writes a value that has no JSON as text, and the others as they are', () => {
    const cyclic: Record<string, unknown> = {}
    cyclic['self'] = cyclic
    expect(toMembers({ a: 1, cyclic, b: 'c' })).toBe(
      ',"a":1,"cyclic":"(a value of type object that has no JSON)","b":"c"',
    )
  })
})

describe('toIdMembers', () => {
  it('writes what toMembers does, for any ids', () =>
    fc.assert(
      fc.property(fc.record({ requestId: fc.string(), sessionId: fc.string() }, { requiredKeys: [] }), (ids) => {
        expect(toIdMembers(ids, identity)).toBe(toMembers(ids))
      }),
    ))
})

describe('toMeasureMembers', () => {
  it('writes what toMembers does, for any numbers', () =>
    fc.assert(
      fc.property(fc.double(), fc.integer(), (duration, status) => {
        expect(toMeasureMembers({ status, duration })).toBe(toMembers({ status, duration }))
      }),
    ))
})

describe('toLine', () => {
  it('is one JSON object', () =>
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fields, (message, given) => {
        const line = toLine({
          level: 'warn',
          at: 1_700_000_000_007,
          message: JSON.stringify(message),
          ids: toMembers({ requestId: 'r' }),
          fields: toMembers({ field: given }),
        })
        expect(line).not.toContain('\n')
        expect(JSON.parse(line)).toEqual({
          timestamp: '2023-11-14T22:13:20.007Z',
          level: 'WARNING',
          message,
          logger: 'agentcore-fp',
          requestId: 'r',
          field: JSON.parse(JSON.stringify(given, withBigInts)) as unknown,
        })
      }),
    ))
})

describe('toTimestamp', () => {
  it('is that of toISOString, for any time after any other', () =>
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.date({ noInvalidDate: true }),
            fc.date({ min: new Date(0), max: new Date(5000), noInvalidDate: true }),
          ),
        ),
        (dates) => {
          expect(dates.map((date) => toTimestamp(date.getTime()))).toEqual(dates.map((date) => date.toISOString()))
        },
      ),
    ))

  it('fails for a time that no date has, and works again afterwards', () => {
    expect(() => toTimestamp(1e20)).toThrow(RangeError)
    expect(toTimestamp(0)).toBe('1970-01-01T00:00:00.000Z')
  })
})
