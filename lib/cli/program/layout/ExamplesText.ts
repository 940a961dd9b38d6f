/** The examples of a command, as its help shows them: what a line does, wrapped, and the line as it can be pasted. */

/** Gives a text of at most so many columns. */
const wrapped = (text: string, width: number, prefix: string): string => {
  const lines: Array<string> = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && prefix.length + last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines.map((line) => `${prefix}${line}`).join('\n')
}

/** The section of the examples; empty where there are none. */
export const toExamples = (
  examples: ReadonlyArray<{ readonly line: string; readonly about: string }>,
  width: number,
): string =>
  examples.length === 0
    ? ''
    : `\nExamples:\n${examples.map(({ line, about }) => `${wrapped(about, width, '  # ')}\n  $ ${line}`).join('\n')}\n`
