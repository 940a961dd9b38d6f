/** What the lanes have to reach, and whether a run shows that they do. */
import type { Contestant } from './contestant'
import { smallJson } from './measures'
import type { Samples } from './run'
import { ratio, type Summary } from './statistics'

/** A share of another contestant's rate that a lane has to reach, within one run. */
export interface Goal {
  readonly measure: string
  readonly lane: Contestant
  readonly base: Contestant
  readonly least: number
}

export const goals: ReadonlyArray<Goal> = [
  { measure: smallJson, lane: 'plain', base: 'raw', least: 0.8 },
  { measure: smallJson, lane: 'mw', base: 'koa', least: 1.25 },
  { measure: smallJson, lane: 'provide', base: 'plain', least: 0.95 },
  { measure: smallJson, lane: 'log', base: 'plain', least: 0.9 },
  { measure: smallJson, lane: 'all', base: 'koa', least: 1.1 },
]

/** `unclear` if the goal lies within the spread of a ratio that is below it: run more rounds. */
export type Verdict = 'reached' | 'unclear' | 'MISSED'

export interface Judged extends Goal, Summary {
  readonly verdict: Verdict
}

export const verdictOf = (least: number, { median, spread }: Summary): Verdict =>
  median >= least ? 'reached' : median * (1 + spread) >= least ? 'unclear' : 'MISSED'

/** The goals whose two contestants a run has measured. */
export const judge = (samples: Samples): ReadonlyArray<Judged> =>
  goals.flatMap((goal) => {
    const byName = samples.get(goal.measure)
    const [of, base] = [byName?.get(goal.lane), byName?.get(goal.base)]
    if (of === undefined || base === undefined) return []
    const found = ratio(of, base)
    return [{ ...goal, ...found, verdict: verdictOf(goal.least, found) }]
  })

/** The goals as a table. */
export const goalTable = (judged: ReadonlyArray<Judged>): string =>
  [
    `goals, ${smallJson}`,
    ...judged.map(({ lane, base, least, median, spread, verdict }) => {
      const share = `${median.toFixed(2)} ±${Math.round(spread * 100)}%`
      return `${`${lane} / ${base}`.padEnd(16)}   ${share.padStart(10)}   ≥ ${least.toFixed(2)}   ${verdict}`
    }),
    '',
    '',
  ].join('\n')
