/** What is measured: short slices of one kind of load each. */
import { setTimeout as sleep } from 'node:timers/promises'
import { invocationsPerSecond, pingsPerSecond, tripsPerSecond } from './exchanges'
import { memoryOfIdle } from './idle'
import type { Server } from './servers'
import { median } from './statistics'
import { eventsPerSecond, readStream } from './streams'

/** One number about a server. */
export interface Measure {
  readonly name: string
  readonly unit: string
  readonly better: 'more' | 'less'
  readonly take: (server: Server) => number | Promise<number>
}

/** The measure that goals are set for: the smallest requests show best what a lane costs. */
export const smallJson = 'JSON 100 B, 50 connections'

/** How often a first event is asked for in one slice. */
const firsts = 15

const firstEvent = async ({ port }: Server): Promise<number> => {
  const all: Array<number> = []
  while (all.length < firsts) all.push((await readStream(port, 1, false)).first)
  return median(all)
}

/** Measures of warm servers; all of them are taken in each cycle. */
export const slices: ReadonlyArray<Measure> = [
  {
    name: smallJson,
    unit: 'requests/s',
    better: 'more',
    take: ({ port }) => invocationsPerSecond(port, 100, 50, 250),
  },
  {
    name: 'JSON 1 MB, 4 connections',
    unit: 'requests/s',
    better: 'more',
    take: ({ port }) => invocationsPerSecond(port, 1_000_000, 4, 350),
  },
  {
    name: '/ping, 50 connections',
    unit: 'requests/s',
    better: 'more',
    take: ({ port }) => pingsPerSecond(port, 50, 200),
  },
  {
    name: 'SSE, 1 stream',
    unit: 'events/s',
    better: 'more',
    take: ({ port }) => eventsPerSecond(port, 1, 1_000_000, false, 300),
  },
  {
    name: 'SSE, 50 streams',
    unit: 'events/s',
    better: 'more',
    take: ({ port }) => eventsPerSecond(port, 50, 2000, false, 500),
  },
  {
    name: 'SSE, 50 streams, an event a turn',
    unit: 'events/s',
    better: 'more',
    take: ({ port }) => eventsPerSecond(port, 50, 400, true, 400),
  },
  { name: 'SSE, first event', unit: 'ms', better: 'less', take: firstEvent },
  {
    name: 'WebSocket, 1 × 1 message',
    unit: 'trips/s',
    better: 'more',
    take: ({ port }) => tripsPerSecond(port, 1, 1, 150),
  },
  {
    name: 'WebSocket, 50 × 16 messages',
    unit: 'trips/s',
    better: 'more',
    take: ({ port }) => tripsPerSecond(port, 50, 16, 200),
  },
]

/** Measures of a server that has just been started. */
export const starts: ReadonlyArray<Measure> = [
  { name: 'spawn to first /ping', unit: 'ms', better: 'less', take: ({ ready }) => ready },
  {
    name: 'RSS at start',
    unit: 'MB',
    better: 'less',
    take: async ({ rss }) => {
      await sleep(300)
      return rss()
    },
  },
  { name: 'RSS of 1,000 idle WebSockets', unit: 'MB', better: 'less', take: memoryOfIdle },
]

/** All kinds of load in turn, more than once: what V8 optimises depends on what it has seen. */
export const warmUp = async ({ port }: Server): Promise<void> => {
  for (let i = 0; i < 3; i++) {
    await invocationsPerSecond(port, 100, 50, 500)
    await pingsPerSecond(port, 50, 300)
    await invocationsPerSecond(port, 1_000_000, 4, 150)
    await eventsPerSecond(port, 50, 2000, false, 250)
    await eventsPerSecond(port, 50, 400, true, 250)
    await tripsPerSecond(port, 50, 16, 250)
  }
}
