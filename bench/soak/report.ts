/** The report of a soak, for people. */
import type { Sample } from './control'
import type { Check, Findings } from './verdict'

const mb = (bytes: number): string => (bytes / 1e6).toFixed(1)

const columns: ReadonlyArray<readonly [name: string, cell: (sample: Sample) => string]> = [
  ['heap MB', ({ heap }) => mb(heap)],
  ['RSS MB', ({ rss }) => mb(rss)],
  ['connections', ({ connections }) => String(connections)],
  ['tasks', ({ tasks }) => String(tasks)],
  ['streams', ({ streams }) => String(streams)],
  ['sockets', ({ sockets }) => String(sockets)],
  ['sessions', ({ sessions }) => String(sessions)],
  ['rejections', ({ rejections }) => String(rejections)],
  ['handles', ({ handles }) => String(Object.values(handles).reduce((sum, count) => sum + count, 0))],
]

const row = (first: string, cells: ReadonlyArray<string>): string =>
  [first.padEnd(12), ...cells.map((cell, i) => cell.padStart((columns[i]?.[0].length ?? 0) + 2))].join('')

/** How many wrong answers are shown. */
const shown = 10

export const report = (findings: Findings, checks: ReadonlyArray<Check>): string => {
  const { invocations, sessions, seconds, done, flaws, samples } = findings
  const rate = Math.round(invocations / seconds)
  const kinds = Object.entries(done)
    .sort(([, a], [, b]) => b - a)
    .map(([name, count]) => `${name} ${count}`)
  return [
    `${invocations} invocations in ${Math.round(seconds)} s (${rate} a second), ${sessions} sessions`,
    kinds.join(', '),
    '',
    row(
      '',
      columns.map(([name]) => name),
    ),
    ...samples.map(({ at, sample }) =>
      row(
        at,
        columns.map(([, cell]) => cell(sample)),
      ),
    ),
    '',
    ...flaws.slice(0, shown).map((flaw) => `wrong: ${flaw}`),
    ...(flaws.length > shown ? [`and ${flaws.length - shown} more`] : []),
    ...checks.map(({ name, isGood, found }) => `${isGood ? 'ok  ' : 'FAIL'}  ${name}: ${found}`),
    '',
  ].join('\n')
}
