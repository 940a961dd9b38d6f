/** Text that comes in pieces, as lines. A line without end is told in parts, so that a flood takes no memory. */
import type { Readable } from 'node:stream'

/** The longest line that is kept in one piece, in characters. */
const longest = 65_536

/** The whole lines in what has come, and the rest that waits for its end. */
export const split = (waiting: string, piece: string): readonly [ReadonlyArray<string>, string] => {
  const parts = (waiting + piece).split(/\r?\n/)
  const rest = parts.pop() ?? ''
  return rest.length > longest ? [[...parts, rest], ''] : [parts, rest]
}

/** Calls for each line of a stream; the last one need not end. */
export const eachLine = (stream: Readable, tell: (line: string) => void): void => {
  let waiting = ''
  stream.setEncoding('utf8')
  stream.on('data', (piece: string) => {
    const [lines, rest] = split(waiting, piece)
    waiting = rest
    lines.forEach(tell)
  })
  stream.once('end', () => {
    if (waiting !== '') tell(waiting)
    waiting = ''
  })
}
