/**
 * The known word that a misspelled one stands for.
 *
 * @since 0.2.0
 */

/** The nearest of the known words, in any case; undefined if none is similar. The first wins over those just as near. */
export const nearest = (word: string, known: ReadonlyArray<string>): string | undefined => {
  const typed = word.toLowerCase()
  let found: string | undefined
  let least = Math.max(1, Math.floor(word.length / 3)) + 1
  for (const candidate of known) {
    const edits = distance(typed, candidate.toLowerCase())
    if (edits < least) [found, least] = [candidate, edits]
  }
  return found
}

/** How many letters have to be added, dropped, replaced or swapped with their neighbour. */
const distance = (from: string, to: string): number => {
  let before: ReadonlyArray<number> = []
  let row: ReadonlyArray<number> = Array.from({ length: to.length + 1 }, (_, j) => j)
  for (let i = 1; i <= from.length; i++) {
    const next = [i]
    for (let j = 1; j <= to.length; j++) {
      const isSame = from[i - 1] === to[j - 1]
      const edits = Math.min((next[j - 1] ?? 0) + 1, (row[j] ?? 0) + 1, (row[j - 1] ?? 0) + (isSame ? 0 : 1))
      const isSwapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]
      next.push(isSwapped ? Math.min(edits, (before[j - 2] ?? 0) + 1) : edits)
    }
    ;[before, row] = [row, next]
  }
  return row[to.length] ?? 0
}
