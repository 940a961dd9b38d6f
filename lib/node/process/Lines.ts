/** Splits text into lines, chunk by chunk. A line without end is split, so that a flood does not fill memory. */
import type { Readable } from 'node:stream'

/** The longest line, in characters, before it is split. */
const longest = 65_536

/** Complete lines of the text so far, and the incomplete rest. */
export const split = (waiting: string, piece: string): readonly [ReadonlyArray<string>, string] => {
  const parts = (waiting + piece).split(/\r?\n/)
  const rest = parts.pop() ?? ''
  return rest.length > longest ? [[...parts, rest], ''] : [parts, rest]
}

/** Calls `f` for each line of a stream; the last one need not end. */
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
