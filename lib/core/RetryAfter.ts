/**
 * The header `Retry-After`: a number of seconds, or a date of HTTP.
 *
 * @since 0.2.0
 */
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'

/** How long `Retry-After` asks to wait, in milliseconds and at least 0. None for anything that HTTP does not allow. */
export const parseRetryAfter =
  (now: number) =>
  (value: string): O.Option<number> => {
    const text = value.trim()
    return /^\d{1,9}$/.test(text)
      ? O.some(Number(text) * 1000)
      : pipe(
          parseDate(text),
          O.map((at) => Math.max(0, at - now)),
        )
  }

const weekday = '(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)'
const month = '(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)'
const time = '\\d{2}:\\d{2}:\\d{2}'

/** The form of today, and the two that HTTP still has to accept; the last one does not name its zone. */
const withZone = [
  new RegExp(`^${weekday}, \\d{2} ${month} \\d{4} ${time} GMT$`),
  new RegExp(`^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, \\d{2}-${month}-\\d{2} ${time} GMT$`),
]
const withoutZone = new RegExp(`^${weekday} ${month} [ \\d]\\d ${time} \\d{4}$`)

/** In milliseconds since the epoch. The forms are checked first, because `Date.parse` makes a date of `1.5` too. */
const parseDate = (text: string): O.Option<number> =>
  pipe(
    withZone.some((form) => form.test(text)) ? text : withoutZone.test(text) ? `${text} GMT` : '',
    Date.parse,
    O.fromPredicate((at) => !Number.isNaN(at)),
  )
