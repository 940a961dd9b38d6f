/** Drives invocations, many at a time, and notes which were answered wrongly. */
import { answers } from './answers'
import { weighted } from './chance'
import { counts } from './counts'
import { streams } from './events'
import type { Flaw } from './flaw'
import type { Kind, World } from './kind'
import { talks } from './talks'

const kinds: ReadonlyArray<Kind> = [...answers, ...streams, ...counts, ...talks]

/** How many are under way at a time. */
const width = 96

/** After how many milliseconds an answer counts as missing. */
const patience = 20_000

/** What has been done so far, by kind; and what of it was wrong. */
export interface Log {
  readonly done: Map<string, number>
  readonly flaws: Array<string>
}

const withPatience = (work: Promise<Flaw>): Promise<Flaw> =>
  new Promise((resolve) => {
    const timer = setTimeout(() => resolve(`no answer in ${patience / 1000} s`), patience)
    const settle = (flaw: Flaw): void => {
      clearTimeout(timer)
      resolve(flaw)
    }
    work.then(settle, (error: unknown) => settle(String(error)))
  })

/** Drives `count` invocations; resolves when the last is over. `onDone` is told how many are. */
export const drive = async (world: World, log: Log, count: number, onDone: (done: number) => void): Promise<void> => {
  let started = 0
  let done = 0
  const lane = async (): Promise<void> => {
    while (started < count) {
      const kind = weighted(kinds)
      if (kind === undefined) continue
      started += kind.requests
      const flaw = await withPatience(kind.run(world))
      done += kind.requests
      log.done.set(kind.name, (log.done.get(kind.name) ?? 0) + kind.requests)
      if (flaw !== undefined) log.flaws.push(`${kind.name}: ${flaw}`)
      onDone(done)
    }
  }
  await Promise.all(Array.from({ length: width }, lane))
}
