/** The result of a run: ratios to the first contestant, for people and for programs. */
import type { Contestant } from './contestant'
import { slices, starts } from './measures'
import type { Samples } from './run'
import { median, ratio, type Summary, summary } from './statistics'

/** One measure of all contestants. */
export interface Row {
  readonly name: string
  readonly unit: string
  readonly better: 'more' | 'less'
  readonly base: Summary
  readonly ratios: ReadonlyArray<{ readonly contestant: Contestant } & Summary>
}

/** The rows of a run, in the order of its measures. */
export const rowsOf = ([base, ...others]: ReadonlyArray<Contestant>, samples: Samples): ReadonlyArray<Row> =>
  [...slices, ...starts].map(({ name, unit, better }) => {
    const of = (contestant?: Contestant): ReadonlyArray<number> =>
      contestant === undefined ? [] : (samples.get(name)?.get(contestant) ?? [])
    const ratios = others.map((contestant) => ({ contestant, ...ratio(of(contestant), of(base)) }))
    return { name, unit, better, base: summary(of(base)), ratios }
  })

const number = (value: number): string =>
  Number.isNaN(value) ? '-' : value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3)

const percent = (share: number): string => (Number.isNaN(share) ? '' : ` ±${Math.round(share * 100)}%`)

/** The rows as a table. */
export const table = ([base = 'raw', ...others]: ReadonlyArray<Contestant>, rows: ReadonlyArray<Row>): string => {
  const lines = [
    ['', base, ...others.map((name) => `${name} / ${base}`)],
    ...rows.map(({ name, unit, better, base: { median, spread }, ratios }) => [
      `${better === 'more' ? '↑' : '↓'} ${name}, ${unit}`,
      `${number(median)}${percent(spread)}`,
      ...ratios.map((summed) => `${summed.median.toFixed(2)}${percent(summed.spread)}`),
    ]),
  ]
  const widths = (lines[0] ?? []).map((_, i) => Math.max(...lines.map((line) => (line[i] ?? '').length)))
  const text = lines.map((line) =>
    line.map((cell, i) => (i === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[i] ?? 0))).join('   '),
  )
  return [
    ...text,
    '',
    '↑ more is better, ↓ less is better; medians of all cycles, ± half of the distance of the quartiles',
    '',
  ].join('\n')
}

/** From which share on the others spoil the result. */
const tooMuch = 0.1

/** What to think of a result that was had while others used this share of the machine. */
export const caveat = (others: ReadonlyArray<number>): string => {
  const share = median(others)
  const used = `others used ${Math.round(share * 100)}% of the machine meanwhile`
  return share > tooMuch ? `${used}: do not trust this result, run it again on an idle machine\n` : `${used}\n`
}
