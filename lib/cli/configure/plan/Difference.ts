/** What a change of an agent changes, field by field, as a person compares it: what is, and what will be. */
import { isDeepStrictEqual } from 'node:util'
import type { Change } from '../../../config/Document'
import type { AgentConfig } from '../../../config/Project'
import type { Style } from '../../program/Style'

/** One field that changes. `null` is what is not set. */
export interface Difference {
  /** Its keys in the file, below the agent: `aws.region`. */
  readonly field: string
  readonly before: unknown
  readonly after: unknown
}

type Fields = Readonly<Record<string, unknown>>

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const fieldsOf = (value: unknown): Fields => (isFields(value) ? value : {})

/** The differences of two values; those of maps are those of their fields. */
const between = (field: string, before: unknown, after: unknown): ReadonlyArray<Difference> => {
  if (isDeepStrictEqual(before ?? null, after ?? null)) return []
  if (!isFields(before) && !isFields(after)) return [{ field, before: before ?? null, after: after ?? null }]
  const [old, now] = [fieldsOf(before), fieldsOf(after)]
  const names = new Set([...Object.keys(old), ...Object.keys(now)])
  return [...names].flatMap((name) => between(`${field}.${name}`, old[name], now[name]))
}

const valueAt = (value: unknown, path: ReadonlyArray<string>): unknown =>
  path.reduce<unknown>((found, key) => fieldsOf(found)[key], value)

/** What changes of an agent that is there. */
export const differences = (agent: AgentConfig, changes: ReadonlyArray<Change>): ReadonlyArray<Difference> =>
  changes.flatMap(({ path: [above, , ...path], value }) =>
    above === 'agents' ? between(path.join('.'), valueAt(agent, path), value) : [],
  )

const shown = (value: unknown): string => {
  if (value === null) return 'not set'
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map(String).join(', ')
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** A field that is too long for a line, broken behind a dot. */
const broken = (field: string, width: number): string =>
  field.length <= width ? field : field.replace(/[.](?=[^.]*$)/, '.\n    ')

/** Differences as lines of at most so many columns where that can be: `aws.region  us-east-1 → eu-west-1`. */
export const formatDifferences =
  (found: ReadonlyArray<Difference>, width: number) =>
  ({ dim, red, green }: Style): string => {
    const longest = Math.max(0, ...found.map(({ field }) => field.length))
    const isShort = found.every(
      ({ before, after }) => longest + shown(before).length + shown(after).length + 7 <= width,
    )
    return found
      .map(({ field, before, after }) =>
        isShort
          ? `  ${dim(field.padEnd(longest))}  ${shown(before)} → ${green(shown(after))}`
          : `  ${dim(broken(field, width - 2))}\n  ${red('-')} ${shown(before)}\n  ${green('+')} ${shown(after)}`,
      )
      .join('\n')
  }
