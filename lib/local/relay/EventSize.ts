/** Measures the events of a stream, which may span many chunks. */

/** An incomplete event: its size so far, and its last few bytes. */
export interface Unended {
  readonly size: number
  readonly tail: Buffer
}

const nothing = Buffer.alloc(0)

/** The state before the first chunk. */
export const noEvent: Unended = { size: 0, tail: nothing }

/** Blank lines, by each kind of line ending. */
const blanks = ['\n\n', '\r\n\r\n', '\r\r'].map((text) => Buffer.from(text))

/** How many bytes of a blank line may be at the end of the previous chunk. */
const reach = 3

/** Where the first event that ends in a chunk after `from` ends, and where the last one does. */
const endsIn = (piece: Buffer, from: number): readonly [first: number, last: number] | undefined => {
  for (const blank of blanks) {
    const begin = Math.max(0, from - blank.length + 1)
    const first = piece.indexOf(blank, begin)
    if (first !== -1) return [first + blank.length, piece.lastIndexOf(blank) + blank.length]
  }
  return undefined
}

/**
 * Adds a chunk; `largest` is the size, in bytes, of the event that it completes or continues. Events within the chunk
 * alone are not measured: a chunk is one read from a connection, and small.
 */
export const grown =
  (part: Buffer) =>
  ({ size, tail }: Unended): Unended & { readonly largest: number } => {
    const piece = tail.length === 0 ? part : Buffer.concat([tail, part])
    const [first, last] = endsIn(piece, tail.length) ?? []
    return {
      largest: size + (first === undefined ? part.length : first - tail.length),
      size: last === undefined ? size + part.length : piece.length - last,
      tail: last === piece.length ? nothing : Buffer.from(piece.subarray(-reach)), // a view would hold the chunk
    }
  }
