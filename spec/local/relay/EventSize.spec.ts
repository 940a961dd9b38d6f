import fc from 'fast-check'
import { grown, noEvent, type Unended } from '../../../lib/local/relay/EventSize'

/** The moments at which an event ends. */
const endsOf = (stream: string, blank: string): ReadonlyArray<number> => {
  const ends: Array<number> = []
  for (let at = stream.indexOf(blank); at !== -1; at = stream.indexOf(blank, at + blank.length)) {
    ends.push(at + blank.length)
  }
  return ends
}

const split = (stream: string, cuts: ReadonlyArray<number>): ReadonlyArray<string> => {
  const at = [0, ...cuts.map((cut) => cut % (stream.length + 1)).sort((a, b) => a - b), stream.length]
  return at.slice(1).map((end, i) => stream.slice(at[i], end))
}

describe('the size of an event that comes in parts', () => {
  it.each([
    ['\\n', '\n'],
    ['\\r\\n', '\r\n'],
    ['\\r', '\r'],
  ])('is told of each part, wherever it was cut, with lines that end in %s', (_, newline) => {
    const line = fc.string({ unit: fc.constantFrom('a', ':'), minLength: 1, maxLength: 20 })
    const event = fc
      .array(line, { minLength: 1, maxLength: 4 })
      .map((lines) => `${lines.join(newline)}${newline}${newline}`)
    fc.assert(
      fc.property(
        fc.array(event, { maxLength: 8 }),
        line,
        fc.array(fc.nat(), { maxLength: 12 }),
        (events, rest, cuts) => {
          const stream = `${events.join('')}${rest}`
          const ends = endsOf(stream, newline + newline)
          let at = 0
          let state: Unended = noEvent
          for (const part of split(stream, cuts)) {
            const begun = Math.max(0, ...ends.filter((end) => end <= at))
            const end = ends.find((moment) => moment > at) ?? Infinity
            const next = grown(Buffer.from(part))(state)
            expect(next.largest).toBe(Math.min(end, at + part.length) - begun)
            at += part.length
            state = next
          }
        },
      ),
      { numRuns: 500 },
    )
  })
})
