/** Fills lines of a terminal with words, so that none is broken at its edge. */
import { stripVTControlCharacters } from 'node:util'

/** A word and how it is set off. */
export interface Word {
  readonly text: string
  readonly paint: (text: string) => string
}

/** Characters that take two columns: those of East Asia, and emoji. */
const wide =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u

const characters = new Intl.Segmenter()

const widthOf = (text: string): number =>
  /^[ -~]*$/.test(text)
    ? text.length
    : [...characters.segment(text)].reduce((sum, { segment }) => sum + (wide.test(segment) ? 2 : 1), 0)

/** Words as lines of at most so many columns, all but the first indented; as one line without a width. */
export const fill = (
  columns: number | undefined,
  words: ReadonlyArray<Word>,
  indent = '    ',
): ReadonlyArray<string> => {
  const lines: Array<string> = []
  let line: string | undefined
  let width = 0
  for (const { text, paint } of words) {
    const needed = widthOf(stripVTControlCharacters(text))
    if (line !== undefined && columns !== undefined && width + 1 + needed > columns) {
      lines.push(line)
      line = undefined
    }
    const start: string = line === undefined ? (lines.length === 0 ? '' : indent) : `${line} `
    width = line === undefined ? start.length + needed : width + 1 + needed
    line = start + (text === '' ? '' : paint(text))
  }
  return line === undefined ? lines : [...lines, line]
}

/** Words of a command, colored or not, as lines of at most so many columns. An indented line is code, and stays as it is. */
export const fillProse = (columns: number | undefined, prose: string): string =>
  prose
    .split('\n')
    .flatMap((line) =>
      line.startsWith(' ')
        ? [line]
        : fill(
            columns,
            line.split(' ').map((text) => ({ text, paint: (word: string) => word })),
            '',
          ),
    )
    .join('\n')
