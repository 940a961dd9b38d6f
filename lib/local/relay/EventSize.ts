/** How large the events of a stream are, of which one may come in many parts. */

/** An event that has not ended: how many bytes of it have come, and the last few of them. */
export interface Unended {
  readonly size: number
  readonly tail: Buffer
}

const nothing = Buffer.alloc(0)

/** Nothing has come yet. */
export const noEvent: Unended = { size: 0, tail: nothing }

/** Blank lines, by each way that a line may end. */
const blanks = ['\n\n', '\r\n\r\n', '\r\r'].map((text) => Buffer.from(text))

/** How many bytes a part may bring too few for the blank line that it begins. */
const reach = 3

/** Where the first event that ends in a piece after `from` does so, and where the last one does. */
const endsIn = (piece: Buffer, from: number): readonly [first: number, last: number] | undefined => {
  for (const blank of blanks) {
    const begin = Math.max(0, from - blank.length + 1)
    const first = piece.indexOf(blank, begin)
    if (first !== -1) return [first + blank.length, piece.lastIndexOf(blank) + blank.length]
  }
  return undefined
}

/**
 * A part has come; `largest` is the size of the event that it ends or goes on with, in bytes. Of events that are in the
 * part alone none is told: a part is what one read from a connection gives, and small.
 */
export const grown =
  (part: Buffer) =>
  ({ size, tail }: Unended): Unended & { readonly largest: number } => {
    const piece = tail.length === 0 ? part : Buffer.concat([tail, part])
    const [first, last] = endsIn(piece, tail.length) ?? []
    return {
      largest: size + (first === undefined ? part.length : first - tail.length),
      size: last === undefined ? size + part.length : piece.length - last,
      tail: last === piece.length ? nothing : Buffer.from(piece.subarray(-reach)), // not a view, which would keep the whole piece
    }
  }
