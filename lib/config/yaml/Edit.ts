/**
 * Changes of a text: each is made in place, what is shared with other places is written out first, and the result is read
 * again: it must differ in what was meant alone. Only where no such way is found, the document is written anew.
 */
import { isDeepStrictEqual } from 'node:util'
import { type Document, isMap } from 'yaml'
import { type Layout, layoutOf, parse, toOptions } from './ToolkitYaml'
import { nextShared } from './Shared'
import { type Source, splice } from './Splice'

type Path = ReadonlyArray<string>

type Fields = Readonly<Record<string, unknown>>

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A value with one field set; undefined removes it, and maps are made on the way. */
const withField = (value: unknown, [key, ...rest]: Path, to: unknown): unknown => {
  if (key === undefined) return to
  const fields = isFields(value) ? value : {}
  if (to === undefined && fields[key] === undefined) return value
  const { [key]: before, ...others } = fields
  const after = withField(before, rest, to)
  if (after === undefined) return others
  return Object.fromEntries(
    key in fields
      ? Object.entries(fields).map(([name, old]) => [name, name === key ? after : old])
      : [...Object.entries(fields), [key, after]],
  )
}

const valueAt = (value: unknown, path: Path): unknown =>
  path.reduce<unknown>((found, key) => (isFields(found) && Object.hasOwn(found, key) ? found[key] : undefined), value)

/** The value of a text; undefined where it is none. */
const valueOf = (text: string): unknown => {
  const { document } = parse(text)
  return document.errors.length > 0 ? undefined : document.toJS()
}

/** Whether a text says exactly this. */
export const isRight = (text: string, wanted: unknown): boolean => {
  try {
    return isDeepStrictEqual(valueOf(text), wanted)
  } catch {
    return false // an alias of nothing
  }
}

/** The document as a text in the layout that it had. */
export const write = (document: Document, { eol, ...layout }: Layout, hasBom: boolean): string => {
  const text = document.toString(toOptions({ eol, ...layout }))
  return (hasBom ? '\ufeff' : '') + (eol === '\n' ? text : text.replaceAll('\n', eol))
}

/** Makes maps on the way where there is nothing or null. */
const clear = (document: Document, at: Path): void =>
  at.slice(1).forEach((_, i) => {
    const above = at.slice(0, i + 1)
    if (!isMap(document.getIn(above, true))) document.setIn(above, document.createNode({}))
    const map = document.getIn(above, true)
    if (isMap(map) && map.items.length === 0) map.flow = false
  })

/** The whole document, written anew. */
const rewrite = ({ text, layout }: Source, path: Path, value: unknown): string => {
  const { document } = parse(text)
  if (value === undefined) document.deleteIn(path)
  else {
    clear(document, path)
    document.setIn(path, document.createNode(value))
  }
  return write(document, layout, text.startsWith('\ufeff'))
}

/** As many shared places as a file may have, each written out once. */
const mostShared = 1000

/** The text with one field changed. Throws where no text says what is meant. */
export const edit = (text: string, path: Path, value: unknown): string => {
  let now = text
  for (let round = 0; round < mostShared; round += 1) {
    const { document } = parse(now)
    const before: unknown = document.toJS()
    if (isDeepStrictEqual(valueAt(before, path), value)) return now
    const source: Source = { text: now, document, layout: layoutOf(text) }
    const shared = nextShared(document, path, before)
    // What is shared keeps its value where it is written out, so that only the last change changes any.
    const [at, to] = shared === undefined ? [path, value] : [shared, valueAt(before, shared)]
    const wanted = withField(before, at, to)
    const edited = [() => splice(source, at, to), () => rewrite(source, at, to)]
      .map((way) => attempt(way))
      .find((found) => found !== undefined && found !== now && isRight(found, wanted))
    if (edited === undefined) break
    if (shared === undefined) return edited
    now = edited
  }
  throw new Error(
    `${path.join('.')} cannot be changed: write out the aliases in the file that lead there, or edit it by hand`,
  )
}

const attempt = (way: () => string | undefined): string | undefined => {
  try {
    return way()
  } catch {
    return undefined // the library refuses to write it, such as an alias without its anchor
  }
}
