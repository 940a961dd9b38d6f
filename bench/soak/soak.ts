/** A soak: warm-up, five fifths of the load with a sample after each, then the wait for all to be gone. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Child } from './child'
import { createClient } from './client'
import type { Sample } from './control'
import { drive, type Log } from './drive'
import { createPool } from './pool'
import { createProgress } from './progress'
import type { Findings } from './verdict'

/** How many sessions are in use at a time. */
const sessions = 300

/** How many invocations warm up: by then V8 has compiled what matters. */
const warmUp = 5000

const fifths = [1, 2, 3, 4, 5] as const

/** Samples until one is as wished, or the time is over; the last one. */
const sampleUntil = async (child: Child, isGood: (sample: Sample) => boolean, ms: number): Promise<Sample> => {
  const end = performance.now() + ms
  for (;;) {
    const sample = await child.sample()
    if (isGood(sample) || performance.now() > end) return sample
    await sleep(100)
  }
}

const isAtRest = ({ tasks, streams, sockets }: Sample): boolean => tasks + streams + sockets === 0

const isGone = (sample: Sample): boolean => isAtRest(sample) && sample.connections + sample.sessions === 0

/** The status that `/ping` tells, over a connection that does not stay. */
const pingOf = async (port: number): Promise<string> => {
  const client = createClient(port)
  const { text } = await client.ask({ method: 'GET', path: '/ping', body: '' })
  client.close()
  return (JSON.parse(text) as { readonly status: string }).status // `ping` among the answers has checked the shape
}

/** Runs a soak against a child that listens. */
export const soak = async (child: Child, invocations: number): Promise<Findings> => {
  const client = createClient(child.port)
  const pool = createPool(sessions)
  const log: Log = { done: new Map(), flaws: [] }
  const world = { client, pool }
  const samples: Array<Findings['samples'][number]> = []
  const take = async (at: string, isGood = isAtRest, ms = 3000): Promise<Sample> => {
    const sample = await sampleUntil(child, isGood, ms)
    samples.push({ at, sample })
    return sample
  }

  await drive(world, log, warmUp, () => undefined)
  await take('warm')
  const began = performance.now()
  const progress = createProgress(invocations)
  const heaps: Array<number> = []
  for (const fifth of fifths) {
    const before = Math.round((invocations * (fifth - 1)) / 5)
    await drive(world, log, Math.round((invocations * fifth) / 5) - before, (done) => progress.at(before + done))
    heaps.push((await take(`${fifth * 20} %`)).heap)
  }
  progress.end()
  const seconds = (performance.now() - began) / 1000
  client.close()
  const last = await take('all gone', isGone, 30_000)
  const ping = await pingOf(child.port)
  const stopMs = await child.stop()
  const exit = await child.exit(5000)
  return {
    invocations,
    sessions: pool.made(),
    seconds,
    done: Object.fromEntries(log.done),
    flaws: log.flaws,
    samples,
    heap: [heaps[0] ?? 0, heaps[4] ?? 0],
    last,
    ping,
    stopMs,
    exit,
  }
}
