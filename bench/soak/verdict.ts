/** What must hold at the end of a soak. */
import type { Sample } from './control'

/** All that a soak has found out. */
export interface Findings {
  readonly invocations: number
  readonly sessions: number
  readonly seconds: number
  readonly done: Readonly<Record<string, number>>
  readonly flaws: ReadonlyArray<string>
  readonly samples: ReadonlyArray<{ readonly at: string; readonly sample: Sample }>
  /** The heap at 20 % and at 100 % of the invocations. */
  readonly heap: readonly [early: number, late: number]
  readonly last: Sample
  readonly ping: string
  readonly stopMs: number
  readonly exit: string | undefined
}

/** One thing that must hold, and what was found. */
export interface Check {
  readonly name: string
  readonly isGood: boolean
  readonly found: string
}

/**
 * How many bytes the heap may grow from 20 % to 100 % of the invocations, both times at rest and after a garbage
 * collection. What grows rightly is what V8 compiles late and the ids of the newest sessions: some hundred KB at most.
 * The default soak makes 160,000 invocations in between, so that a leak of 10 bytes each, less than the smallest
 * object, is over the bound.
 */
const heapBound = 1_500_000

/** How many milliseconds a stop of an idle server may take: it waits for no call, so that none has been forgotten. */
const stopBound = 1000

const kb = (bytes: number): string => `${bytes < 0 ? '' : '+'}${Math.round(bytes / 1000)} KB`

const listed = (record: Readonly<Record<string, number>>): string =>
  Object.entries(record)
    .map(([name, count]) => `${count} × ${name}`)
    .join(', ')

/** The checks of a soak. */
export const checksOf = ({ flaws, heap: [early, late], last, ping, stopMs, exit }: Findings): ReadonlyArray<Check> => {
  const { connections, tasks, streams, sockets, sessions } = last
  const left = { connections, tasks, streams, sockets, sessions }
  const none = Object.values(left).every((count) => count === 0)
  const surprises = listed(last.surprises)
  return [
    { name: 'no wrong answer', isGood: flaws.length === 0, found: `${flaws.length} wrong` },
    { name: 'no unhandled rejection', isGood: last.rejections === 0, found: `${last.rejections}` },
    {
      name: 'no error in the log but those provoked',
      isGood: surprises === '',
      found: surprises === '' ? 'none' : surprises,
    },
    {
      name: `heap flat from 20 % to 100 % (${kb(heapBound)} at most)`,
      isGood: late - early <= heapBound,
      found: kb(late - early),
    },
    { name: 'nothing left when all clients are gone', isGood: none, found: listed(left) },
    { name: '/ping is Healthy again', isGood: ping === 'Healthy', found: ping },
    { name: `stops at once (${stopBound} ms at most)`, isGood: stopMs <= stopBound, found: `${stopMs} ms` },
    { name: 'its process then ends by itself', isGood: exit === 'code 0', found: exit ?? 'it does not' },
  ]
}
