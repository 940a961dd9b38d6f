/**
 * How help is laid out: as wide as the terminal allows, in two columns where the second is wide enough to read, else
 * with each text below its term. commander leaves such texts unwrapped, and a narrow terminal would break words.
 */
import type { Help } from 'commander'

/** The width of help on a stream: that of a terminal within what reads well, and a fixed one for files and pipes. */
export const helpWidth = ({ isTTY, columns }: { readonly isTTY: boolean; readonly columns: number }): number =>
  isTTY ? Math.min(Math.max(columns, narrowest), widest) : 80

const narrowest = 40
const widest = 110

/** The narrowest second column, in characters. */
const readable = 30

const indent = (text: string, by: number): string => text.replaceAll('\n', `\n${' '.repeat(by)}`)

/** Lays out help; an option of each command. */
export const layout: Partial<Help> = {
  minWidthToWrap: 20,
  formatItem: (term, termWidth, description, helper) => {
    const width = helper.helpWidth ?? 80
    if (description === '') return `  ${term}`
    const beside = width - termWidth - 4
    return beside < readable
      ? `  ${term}\n      ${indent(helper.boxWrap(description, width - 6), 6)}`
      : `  ${term.padEnd(termWidth)}  ${indent(helper.boxWrap(description, beside), termWidth + 4)}`
  },
}
