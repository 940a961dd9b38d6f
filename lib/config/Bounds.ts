/**
 * What a file may cost to read: it may come with a cloned repository. The library's own check for keys that occur twice
 * compares each with each, so that the one here stands in for it; aliases are bounded by the library.
 */
import { isCollection, isMap, isPair, isScalar, type Node, type Pair, type YAMLMap } from 'yaml'

/** The largest file, in bytes: some hundreds of agents. */
export const maxBytes = 1_000_000

/** Why a file of so many bytes is not read; undefined where it is. */
export const sizeFault = (bytes: number): string | undefined =>
  bytes <= maxBytes
    ? undefined
    : `the file is ${(bytes / 1e6).toFixed(1)} MB, larger than the limit of ${maxBytes / 1e6} MB: remove what does not belong to an agent`

/** How a key is compared: scalars by type and value, others not at all. */
const toKey = ({ key }: Pair): string | undefined =>
  isScalar(key) ? `${typeof key.value} ${String(key.value)}` : undefined

const repeatedIn = (map: YAMLMap): Node | undefined => {
  const seen = new Set<string>()
  for (const pair of map.items) {
    const key = toKey(pair)
    if (key === undefined || key === 'string <<') continue // a map may merge several others
    if (seen.has(key)) return pair.key as Node // keyOf has found a scalar there
    seen.add(key)
  }
  return undefined
}

/** A key that its map has twice; undefined if there is none. */
export const repeatedKey = (root: unknown): Node | undefined => {
  const waiting: Array<unknown> = [root]
  while (waiting.length > 0) {
    const node = waiting.pop()
    if (isPair(node)) waiting.push(node.value, node.key)
    if (!isCollection(node)) continue
    const found = isMap(node) ? repeatedIn(node) : undefined
    if (found !== undefined) return found
    for (const item of node.items) waiting.push(item)
  }
  return undefined
}
