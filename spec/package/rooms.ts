/**
 * The rooms of `lib/`: each folder is one. What breaks their order in a set of sources, which are a value, so that a
 * spec can judge those of the repository and made-up ones alike.
 */
import { posix } from 'node:path'
import { importGraph, type Sources } from './layers'

/** Floors whose files are divided into rooms by topic. */
export const divided = ['auth', 'cli', 'client', 'deploy', 'http', 'local', 'node'] as const

/** How many files a room of those floors may hold, its index aside. */
const least = 2
const most = 8

/** Names that play the same part in several rooms. */
const shared: ReadonlySet<string> = new Set(['index', 'Options', 'command', 'run', 'flags'])

const roomOf = (path: string): string => posix.dirname(path)

const nameOf = (path: string): string => posix.basename(path, '.ts')

const group = (
  paths: Iterable<string>,
  keyOf: (path: string) => string,
): ReadonlyMap<string, ReadonlyArray<string>> => {
  const groups = new Map<string, Array<string>>()
  for (const path of paths) {
    const key = keyOf(path)
    const members = groups.get(key)
    if (members === undefined) groups.set(key, [path])
    else members.push(path)
  }
  return groups
}

const sizeFaults = (sources: Sources): ReadonlyArray<string> => {
  const rooms = group(
    [...sources.keys()].filter(
      (path) => divided.some((floor) => path.startsWith(`lib/${floor}/`)) && nameOf(path) !== 'index',
    ),
    roomOf,
  )
  return [...rooms].flatMap(([room, files]) =>
    files.length < least || files.length > most ? [`${room} has ${files.length} files`] : [],
  )
}

const nameFaults = (sources: Sources): ReadonlyArray<string> =>
  [...group(sources.keys(), nameOf)].flatMap(([name, paths]) =>
    paths.length > 1 && !shared.has(name) ? [`${name} is the name of ${paths.join(' and ')}`] : [],
  )

/** For each pair of rooms, one import that leads from the one to the other. Imports that run late are no arrow. */
const arrowsOf = (sources: Sources): ReadonlyMap<string, ReadonlyMap<string, string>> => {
  const arrows = new Map<string, Map<string, string>>()
  for (const [path, targets] of importGraph(sources)) {
    for (const target of targets) {
      if (roomOf(path) === roomOf(target)) continue
      const from = arrows.get(roomOf(path)) ?? new Map<string, string>()
      from.set(roomOf(target), `${path} imports ${target}`)
      arrows.set(roomOf(path), from)
    }
  }
  return arrows
}

const cycleFaults = (sources: Sources): ReadonlyArray<string> => {
  const arrows = arrowsOf(sources)
  const done = new Set<string>()
  const visit = (room: string, trail: ReadonlyArray<string>): ReadonlyArray<string> => {
    if (trail.includes(room)) {
      const cycle = [...trail.slice(trail.indexOf(room)), room]
      const steps = cycle.slice(1).map((to, at) => arrows.get(cycle[at] ?? '')?.get(to) ?? '')
      return [`${cycle.join(' -> ')} (${steps.join(', ')})`]
    }
    if (done.has(room)) return []
    done.add(room)
    return [...(arrows.get(room)?.keys() ?? [])].flatMap((next) => visit(next, [...trail, room]))
  }
  return [...arrows.keys()].flatMap((room) => visit(room, []))
}

/** What breaks the order of the rooms, one line each. */
export const roomFaults = (sources: Sources): ReadonlyArray<string> => [
  ...sizeFaults(sources),
  ...nameFaults(sources),
  ...cycleFaults(sources),
]
