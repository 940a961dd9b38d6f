/** `Retry-After` as servers send it: seconds, or a date in one of the three forms of HTTP. */
import * as fc from 'fast-check'
import * as O from 'fp-ts/Option'
import { parseRetryAfter } from '../../lib/core/RetryAfter'

const now = Date.UTC(2030, 0, 1)

const date = fc.date({
  min: new Date(Date.UTC(1970, 0, 1)),
  max: new Date(Date.UTC(2069, 11, 31)),
  noInvalidDate: true,
})

const seconds = (at: Date): number => Math.floor(at.getTime() / 1000) * 1000

/** The forms of a date, of which servers send the first. */
const forms: ReadonlyArray<readonly [string, (at: Date) => string]> = [
  ['of today', (at) => at.toUTCString()],
  [
    'of RFC 850',
    (at) => {
      const [, day, month, year, time] = at.toUTCString().split(' ')
      const weekday = at.toLocaleDateString('en-US', { weekday: 'long', timeZone: 'UTC' })
      return `${weekday}, ${day}-${month}-${year?.slice(2)} ${time} GMT`
    },
  ],
  [
    'of asctime, which names no zone',
    (at) => {
      const [weekday, day = '', month, year, time] = at.toUTCString().split(' ')
      return `${weekday?.slice(0, 3)} ${month} ${day.replace(/^0/, ' ')} ${time} ${year}`
    },
  ],
]

describe('parseRetryAfter', () => {
  it('is a number of seconds', () =>
    fc.assert(
      fc.property(fc.nat(999_999_999), fc.nat(), (wait, at) =>
        expect(parseRetryAfter(at)(` ${wait} `)).toEqual(O.some(wait * 1000)),
      ),
    ))

  // A year of two digits is in this century up to 49.
  it.each(forms)('is a date %s, from now on', (name, form) =>
    fc.assert(
      fc.property(date, (at) => {
        fc.pre(name !== 'of RFC 850' || at.getUTCFullYear() < 2050)
        expect(parseRetryAfter(now)(form(at))).toEqual(O.some(Math.max(0, seconds(at) - now)))
      }),
    ),
  )

  it.each([
    '',
    'soon',
    '1.5',
    '-5',
    '+5',
    '5s',
    '0x10',
    '1e3',
    '1234567890',
    '2030-01-01',
    '2030-01-01T00:00:05Z',
    'Tue, 01 Jan 2030 00:00:05',
    'Tue, 01 Jan 2030 00:00:05 +0100',
    'Tue, 01 Jan 2030 25:00:05 GMT',
    'Tue, 99 Jan 2030 00:00:05 GMT',
    'Tue, 01 Jan 2030 00:00:05 GMT, 5',
  ])('ignores %j', (value) => expect(parseRetryAfter(now)(value)).toEqual(O.none))

  it('ignores any other text, and never asks for less than nothing', () =>
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer(), (value, at) => {
        const wait = parseRetryAfter(at)(value)
        if (O.isSome(wait)) expect(wait.value).toBeGreaterThanOrEqual(0)
        else expect(value.trim()).not.toMatch(/^\d{1,9}$/)
      }),
    ))
})
