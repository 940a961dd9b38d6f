/** The YAML of the toolkit: version 1.1, with numbers as its reader has them, positions, and no check that is slow. */
import { type Document, LineCounter, parseDocument, type Tags } from 'yaml'

/** Numbers of YAML 1.1 as PyYAML has them, by the pattern that the library has for them: `.` and `089` are none. */
const numbers: ReadonlyMap<string, RegExp> = new Map([
  ['^[-+]?[0-9][0-9_]*$', /^[-+]?(?:0|[1-9][0-9_]*)$/],
  ['^[-+]?(?:[0-9][0-9_]*)?(?:\\.[0-9_]*)?[eE][-+]?[0-9]+$', /^[-+]?[0-9][0-9_]*[.][0-9_]*[eE][-+][0-9]+$/],
  ['^[-+]?(?:[0-9][0-9_]*)?\\.[0-9_]*$', /^[-+]?(?:[0-9][0-9_]*[.][0-9_]*|[.][0-9][0-9_]*)$/],
])

/** YAML 1.1 with numbers as the toolkit's reader has them: `e0` is a text there. */
export const customTags = (tags: Tags): Tags =>
  tags.map((tag) => {
    if (typeof tag !== 'object' || tag.collection !== undefined) return tag
    const test = numbers.get(tag.test?.source ?? '')
    return test === undefined ? tag : { ...tag, test }
  })

/** A text that was read, with the places of its lines. */
export interface Parsed {
  readonly document: Document
  readonly lines: LineCounter
}

/** Reads a text. Throws where it is nested too deeply: the parser calls itself for each level. */
export const parse = (text: string): Parsed => {
  const lines = new LineCounter()
  const document = parseDocument(text, {
    version: '1.1',
    customTags,
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: false,
  })
  return { document, lines }
}

/** How a text is written: its indentation, whether lists stand as deep as their key, and how its lines end. */
export interface Layout {
  readonly indent: number
  readonly indentSeq: boolean
  readonly eol: '\n' | '\r\n'
}

/** The layout of a text. */
export const layoutOf = (text: string): Layout => ({
  indent: Math.min(8, /^( +)\S/m.exec(text)?.[1]?.length ?? 2),
  indentSeq: !/^( *)[^\s#-][^\r\n]*:[ \t]*\r?\n\1- /m.test(text), // as deep as its key is how the toolkit writes
  eol: text.includes('\r\n') ? '\r\n' : '\n',
})

/** Options to write in a layout with. */
export const toOptions = ({ indent, indentSeq }: Layout) =>
  ({ version: '1.1', customTags, lineWidth: 0, indent, indentSeq, flowCollectionPadding: false }) as const
