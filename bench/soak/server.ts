/** The agent's process: serves the agent and tells the driver, over the process's own channel, how it is. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { createApp, type Session } from 'agentcore-fp'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import { createAgent } from './agent'
import type { Ask, Sample, Tell } from './control'
import { createGauge } from './gauge'

/** After how many milliseconds the state of an unused session goes: long for a busy soak, short for its end. */
const idleTimeout = 10_000

/** A store in memory whose size can be told. */
const countedStore = (): { readonly store: Session.Store; readonly size: () => number } => {
  const kept = new Map<Session.SessionId, Session.Stored>()
  return {
    store: {
      load: (id) => TE.fromIO(() => O.fromNullable(kept.get(id))),
      save: (id, stored) => TE.fromIO(() => void kept.set(id, stored)),
      remove: (id) => TE.fromIO(() => void kept.delete(id)),
    },
    size: () => kept.size,
  }
}

const tally = (items: ReadonlyArray<string>): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {}
  for (const item of items) counts[item] = (counts[item] ?? 0) + 1
  return counts
}

/** Errors that the driver provokes. Any other line of level ERROR is a surprise. */
const provoked = new Set(['Invocation failed', 'Background task failed', 'Socket failed'])

const tell = (message: Tell): void => void process.send?.(message)

const main = async (): Promise<void> => {
  const [streams, sockets, sessions] = [createGauge(), createGauge(), countedStore()]
  const surprises: Array<string> = []
  let rejections = 0
  process.on('unhandledRejection', (reason) => {
    rejections += 1
    process.stderr.write(`unhandled rejection: ${reason instanceof Error ? String(reason.stack) : String(reason)}\n`)
  })
  process.on('warning', ({ name, message }) => surprises.push(`${name}: ${message}`))

  const onLine = (line: string): void => {
    const { level, message } = JSON.parse(line) as { readonly level: string; readonly message: string } // as the log writes it
    if (level === 'ERROR' && !provoked.has(message)) surprises.push(message)
  }
  const app = createApp(createAgent(streams, sockets), {
    busyWhileOpen: true, // so that /ping tells at the end whether the library too thinks that nothing is open
    session: { store: sessions.store, idleTimeout },
    log: { format: 'json', destination: onLine },
  })
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')

  const sample = async (): Promise<Sample> => {
    for (let i = 0; i < 3; i++) {
      await turn()
      globalThis.gc?.()
    }
    const { heapUsed, rss } = process.memoryUsage()
    return {
      heap: heapUsed,
      rss,
      connections: await new Promise((resolve) => server.getConnections((_, count) => resolve(count))),
      tasks: app.tasks.list().filter(({ outcome }) => outcome._tag === 'Running').length,
      streams: streams.count(),
      sockets: sockets.count(),
      sessions: sessions.size(),
      rejections,
      surprises: tally(surprises),
      handles: tally(process.getActiveResourcesInfo()),
    }
  }

  const stop = async (): Promise<void> => {
    const began = performance.now()
    await app.stop()
    tell({ _tag: 'Stopped', ms: Math.round(performance.now() - began) })
    process.off('disconnect', leave)
    process.disconnect() // from here on nothing may keep the process
  }

  const leave = (): void => process.exit(1) // the driver is gone
  process.on('disconnect', leave)
  process.on('message', (ask: Ask) => {
    if (ask === 'stop') void stop()
    else void sample().then((taken) => tell({ _tag: 'Sampled', sample: taken }))
  })
  tell({ _tag: 'Listening', port: (server.address() as AddressInfo).port })
}

if (require.main === module) void main()
