/**
 * One change of a text in place: the bytes of a field are replaced, inserted or removed, and no other. Writing the parsed
 * document anew would change lines that were not meant: their line ends, their spaces, their comments.
 */
import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isNode,
  isScalar,
  type Node,
  type Pair,
  stringify,
  type YAMLMap,
} from 'yaml'
import { type Layout, toOptions } from './ToolkitYaml'

/** A text with the document that it is. */
export interface Source {
  readonly text: string
  readonly document: Document
  readonly layout: Layout
}

type Path = ReadonlyArray<string>

const isComposed = (value: unknown): boolean => typeof value === 'object' && value !== null

const pairIn = (map: YAMLMap, key: string): Pair<Node, Node | null> | undefined =>
  (map.items as ReadonlyArray<Pair<Node, Node | null>>).find(
    ({ key: name }) => isScalar(name) && String(name.value) === key,
  )

const rangeOf = (node: Node): readonly [start: number, end: number] => [node.range?.[0] ?? 0, node.range?.[1] ?? 0]

/** A value on one line. */
const inline = (value: unknown, { layout }: Source): string =>
  stringify(value, { ...toOptions(layout), collectionStyle: 'flow' })
    .trimEnd()
    .replace(/\n\s*/g, ' ')

/** `key: value` as lines, indented, each with its end. */
const asLines = (key: string, value: unknown, column: number, { layout }: Source): string =>
  stringify({ [key]: value }, toOptions(layout))
    .trimEnd()
    .split('\n')
    .map((line) => (line === '' ? line : ' '.repeat(column) + line) + layout.eol)
    .join('')

/** Where the line begins that a place is in. */
const lineStart = (text: string, at: number): number => text.lastIndexOf('\n', at - 1) + 1

/** Where the line after the one that ends a node begins: comments beside the node are part of its last line. */
const nextLine = (text: string, end: number): number => {
  if (text[end - 1] === '\n') return end
  const at = text.indexOf('\n', end)
  return at < 0 ? text.length : at + 1
}

const replaced = (text: string, from: number, to: number, by: string): string =>
  text.slice(0, from) + by + text.slice(to)

/** Lines put where a line begins; the one before may be the last, without an end. */
const withLines = ({ text, layout }: Source, from: number, to: number, lines: string): string => {
  const before = text.slice(0, from)
  const isOpen = before !== '' && before !== '\ufeff' && !before.endsWith('\n')
  return (isOpen ? before + layout.eol : before) + lines + text.slice(to)
}

/** The end of a pair. */
const endOf = ({ key, value }: Pair<Node, Node | null>): number =>
  Math.max(rangeOf(key)[1], value === null ? 0 : rangeOf(value)[1])

const columnOf = (text: string, { key }: Pair<Node>): number => {
  const start = lineStart(text, rangeOf(key)[0])
  return rangeOf(key)[0] - (text[start] === '\ufeff' ? start + 1 : start)
}

/** Whether a pair has its lines for itself. */
const hasLines = (text: string, map: YAMLMap, pair: Pair<Node>): boolean => {
  const [start] = rangeOf(pair.key)
  return map.flow !== true && /^\ufeff?[ ]*$/.test(text.slice(lineStart(text, start), start))
}

const insert = (source: Source, map: YAMLMap, key: string, value: unknown): string | undefined => {
  const { text } = source
  const last = map.items.at(-1) as Pair<Node, Node | null> | undefined
  if (last === undefined) return undefined
  const end = endOf(last)
  if (map.flow === true) return replaced(text, end, end, `, ${inline({ [key]: value }, source).slice(1, -1)}`)
  if (!hasLines(text, map, last)) return undefined
  return withLines(source, nextLine(text, end), nextLine(text, end), asLines(key, value, columnOf(text, last), source))
}

const replace = (
  source: Source,
  map: YAMLMap,
  pair: Pair<Node, Node | null>,
  key: string,
  value: unknown,
): string | undefined => {
  const { text } = source
  const old = pair.value
  const isBlock = isCollection(old) && old.flow !== true
  if (!hasLines(text, map, pair) || (!isComposed(value) && !isBlock)) {
    if (old === null || isBlock) return undefined
    const [start, end] = rangeOf(old)
    if (text[end - 1] === '\n') return undefined // a text of several lines
    if (start < end) return replaced(text, start, end, inline(value, source))
    const colon = text.indexOf(':', rangeOf(pair.key)[1]) + 1 // a comment may stand between it and the end of the line
    return replaced(text, colon, colon, ` ${inline(value, source)}`)
  }
  const from = lineStart(text, rangeOf(pair.key)[0])
  const bom = text[from] === '\ufeff' ? 1 : 0
  return withLines(source, from + bom, nextLine(text, endOf(pair)), asLines(key, value, columnOf(text, pair), source))
}

const remove = (source: Source, map: YAMLMap, pair: Pair<Node, Node | null>): string | undefined => {
  const { text } = source
  if (map.items.length === 1 || !hasLines(text, map, pair)) return undefined
  return withLines(source, lineStart(text, rangeOf(pair.key)[0]), nextLine(text, endOf(pair)), '')
}

const nested = (path: Path, value: unknown): unknown =>
  path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value)

/** The text with one field changed; undefined removes it. Undefined: it cannot be told how to, in place. */
export const splice = (source: Source, path: Path, value: unknown): string | undefined => {
  const go = (map: unknown, [key, ...rest]: Path): string | undefined => {
    if (!isMap(map) || key === undefined) return undefined
    const pair = pairIn(map, key)
    if (pair === undefined) return value === undefined ? source.text : insert(source, map, key, nested(rest, value))
    if (rest.length > 0 && isMap(pair.value) && pair.value.items.length > 0) return go(pair.value, rest)
    if (value === undefined) return rest.length === 0 ? remove(source, map, pair) : source.text
    return isAlias(pair.value) || isNode(pair.value) || pair.value === null
      ? replace(source, map, pair, key, nested(rest, value))
      : undefined
  }
  return go(source.document.contents, path)
}
