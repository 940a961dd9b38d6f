/**
 * Nodes that stand in several places: aliases, and maps merged into others by `<<`. A change of one place must leave the
 * others as they are, so that what is shared is first written out where it changes.
 */
import { type Document, isAlias, isCollection, isMap, isScalar, type Node, type Pair, visit, type YAMLMap } from 'yaml'

type Path = ReadonlyArray<string>

const pairIn = (map: YAMLMap, key: string): Pair<Node, Node | null> | undefined =>
  (map.items as ReadonlyArray<Pair<Node, Node | null>>).find(({ key: name }) => isScalar(name) && name.value === key)

/** The keys from the root to a place; undefined where a list is on the way. */
const keysOf = (ancestors: ReadonlyArray<unknown>): Path | undefined => {
  const keys: Array<string> = []
  for (const node of ancestors) {
    if (typeof node !== 'object' || node === null || !('key' in node)) continue
    const { key } = node as Pair
    if (!isScalar(key)) return undefined
    keys.push(typeof key.value === 'symbol' ? '<<' : String(key.value))
  }
  return keys
}

/** The anchors of a path's nodes that exist, the last one and what is within it included. */
const anchorsOn = (document: Document, path: Path): ReadonlySet<string> => {
  const anchors = new Set<string>()
  let node: unknown = document.contents
  for (const key of path) {
    node = isMap(node) ? pairIn(node, key)?.value : undefined
    if ((isScalar(node) || isCollection(node)) && node.anchor !== undefined) anchors.add(node.anchor)
  }
  if (isCollection(node)) {
    visit(node, {
      Node: (_, found) => {
        if ('anchor' in found && typeof found.anchor === 'string') anchors.add(found.anchor)
      },
    })
  }
  return anchors
}

const isWithin = (path: Path, above: Path): boolean => above.every((key, i) => path[i] === key)

/** Where others refer to what a change is within: each has to be written out. */
const users = (document: Document, path: Path): ReadonlyArray<Path> => {
  const anchors = anchorsOn(document, path)
  const found: Array<Path> = []
  visit(document, {
    Alias: (_, alias, ancestors) => {
      const keys = anchors.has(alias.source) ? keysOf(ancestors) : undefined
      if (keys === undefined || isWithin(keys, path)) return
      const merge = keys.indexOf('<<')
      found.push(merge < 0 ? keys : keys.slice(0, merge))
    },
  })
  return found
}

/** The first node on a path whose value comes from elsewhere: an alias, or a field that only a merge gives. */
const borrowed = (document: Document, path: Path, value: unknown): Path | undefined => {
  let [node, found]: [unknown, unknown] = [document.contents, value]
  for (let length = 1; length < path.length; length += 1) {
    const key = path[length - 1] ?? ''
    found = typeof found === 'object' && found !== null ? (found as Readonly<Record<string, unknown>>)[key] : undefined
    if (!isMap(node) || found === undefined) return undefined
    const pair = pairIn(node, key)
    if (pair === undefined || isAlias(pair.value)) return path.slice(0, length)
    node = pair.value
  }
  return undefined
}

/** The next place that has to be written out before a field changes, with its path; undefined where there is none. */
export const nextShared = (document: Document, path: Path, value: unknown): Path | undefined =>
  borrowed(document, path, value) ?? users(document, path)[0]
