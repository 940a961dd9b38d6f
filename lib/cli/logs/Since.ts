/** A moment in the past, as `--since` takes it: relative to now, or absolute. */

/** Milliseconds before now, or since the epoch. */
export type Since = { readonly _tag: 'Ago'; readonly ms: number } | { readonly _tag: 'At'; readonly ms: number }

const units: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `10m` or an ISO 8601 date; undefined for anything else. */
export const parseSince = (text: string): Since | undefined => {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? []
  if (count !== undefined && unit !== undefined) return { _tag: 'Ago', ms: Number(count) * (units[unit] ?? 0) }
  const ms = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(ms) ? undefined : { _tag: 'At', ms }
}

/** The moment in milliseconds since the epoch. */
export const toMoment = (since: Since | undefined, now: number): number => {
  if (since === undefined) return Number.NEGATIVE_INFINITY
  return since._tag === 'Ago' ? now - since.ms : since.ms
}
