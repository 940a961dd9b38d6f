import * as fc from 'fast-check'
import { contestants } from '../../bench/contestant'
import { goals, goalTable, judge, verdictOf } from '../../bench/goals'
import { slices } from '../../bench/measures'

/** Samples of one measure, by contestant. */
const samplesOf = (rates: Readonly<Record<string, ReadonlyArray<number>>>) =>
  new Map([
    [
      goals[0]?.measure ?? '',
      new Map(contestants.flatMap((name) => (rates[name] === undefined ? [] : [[name, rates[name]] as const]))),
    ],
  ])

describe('the goals of the bench', () => {
  it('are set for every lane, on measures that are taken', () => {
    expect(goals.map(({ lane }) => lane).sort()).toEqual(contestants.filter((name) => !/raw|koa/.test(name)).sort())
    const measures = slices.map(({ name }) => name)
    expect(goals.filter(({ measure }) => !measures.includes(measure))).toEqual([])
  })

  it('are reached from the goal on, missed below its spread, and unclear between', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.1, max: 2, noNaN: true }),
        fc.double({ min: 0.1, max: 2, noNaN: true }),
        fc.double({ min: 0, max: 0.5, noNaN: true }),
        (least, median, spread) => {
          const verdict = verdictOf(least, { median, spread })
          expect(verdict === 'reached').toBe(median >= least)
          expect(verdict === 'MISSED').toBe(median < least && median + median * spread < least)
        },
      ),
    )
  })

  it('are judged by the ratios within each cycle, for contestants that ran', () => {
    // The machine was half as fast in the second cycle: the ratios are the same.
    const judged = judge(samplesOf({ raw: [100, 50], plain: [80, 40], log: [60, 30] }))
    expect(judged.map(({ lane, base, median, verdict }) => [lane, base, median, verdict])).toEqual([
      ['plain', 'raw', 0.8, 'reached'],
      ['log', 'plain', 0.75, 'MISSED'],
    ])
  })

  it('show in a table which lane missed its goal', () => {
    const lines = goalTable(judge(samplesOf({ koa: [100, 100], all: [50, 60] }))).split('\n')
    expect(lines[1]).toMatch(/^all \/ koa .*0[.]55 ±5% +≥ 1[.]10 +MISSED$/)
  })
})
