/** A run: contestants in turn, cycle after cycle, so that what the machine does meanwhile befalls all alike. */
import type { Contestant } from './contestant'
import { type Measure, slices, starts, warmUp } from './measures'
import { busyShare } from './others'
import type { Server, Servers } from './servers'
import { verify } from './verify'

/** What to run, and whom to tell how far it is. */
export interface Plan {
  readonly contestants: ReadonlyArray<Contestant>
  readonly rounds: number
  readonly note: (text: string) => void
}

/** What a run has found. */
export interface Outcome {
  readonly samples: Samples
  /** Which share of the machine others used, cycle by cycle. */
  readonly others: ReadonlyArray<number>
}

/** Samples by the name of the measure and the contestant; those with the same index were taken in the same cycle. */
export type Samples = ReadonlyMap<string, ReadonlyMap<Contestant, ReadonlyArray<number>>>

/** How often each contestant is started cold. */
const coldStarts = 9

/** How many cycles a round has. A round has fresh processes, for two of the same program are not equally fast. */
const cycles = 4

const rotated = <A>(items: ReadonlyArray<A>, by: number): ReadonlyArray<A> =>
  items.map((_, i) => items[(i + by) % items.length]).filter((item) => item !== undefined)

const blaming = async <A>(name: Contestant, work: () => A | Promise<A>): Promise<A> => {
  try {
    return await work()
  } catch (error) {
    throw new Error(`${name} ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}

/** Carries out a plan. Rejects as soon as a contestant answers wrongly. */
export const run = async ({ start }: Servers, { contestants, rounds, note }: Plan): Promise<Outcome> => {
  const samples = new Map<string, Map<Contestant, Array<number>>>()
  const others: Array<number> = []

  const take = async (measure: Measure, server: Server): Promise<void> => {
    const value = await blaming(server.name, () => measure.take(server))
    const byName = samples.get(measure.name) ?? new Map<Contestant, Array<number>>()
    samples.set(measure.name, byName.set(server.name, [...(byName.get(server.name) ?? []), value]))
  }

  for (const name of contestants) {
    const server = await start(name)
    await blaming(name, () => verify(server))
    await server.stop()
  }
  for (let i = 0; i < coldStarts; i++) {
    note(`cold start ${i + 1} of ${coldStarts}`)
    for (const name of rotated(contestants, i)) {
      const server = await start(name)
      for (const measure of starts) await take(measure, server)
      await server.stop()
    }
  }
  for (let round = 0; round < rounds; round++) {
    const servers: Array<Server> = []
    for (const name of rotated(contestants, round)) {
      note(`round ${round + 1} of ${rounds}: ${name} warms up`)
      const server = await start(name)
      await blaming(name, () => warmUp(server))
      servers.push(server)
    }
    for (let cycle = 0; cycle < cycles; cycle++) {
      note(`round ${round + 1} of ${rounds}, cycle ${cycle + 1} of ${cycles}`)
      others.push(await busyShare())
      for (const measure of slices) for (const server of rotated(servers, cycle)) await take(measure, server)
    }
    for (const server of servers) await server.stop()
  }
  return { samples, others }
}
