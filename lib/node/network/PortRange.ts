/**
 * Ports for agents: free ports that no other agent of this runtime has. Not `get-port`, whose ports an outgoing
 * connection may have taken by the time the agent listens.
 */
import { createServer } from 'node:net'

/** Allocates and releases ports. */
export interface Ports {
  /** A free port. Rejects if none is found. */
  readonly take: () => Promise<number>
  readonly giveBack: (port: number) => void
}

/** Below the ephemeral ports, which outgoing connections take and release while an agent starts. */
const first = 20_000
const last = 32_000

const tries = 100

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)))
  })

/** No port is allocated yet. */
export const createPorts = (random: () => number = Math.random): Ports => {
  const taken = new Set<number>()
  const candidate = (): number => first + Math.floor(random() * (last - first))
  return {
    take: async () => {
      for (let i = 0; i < tries; i++) {
        const port = candidate()
        if (taken.has(port)) continue
        taken.add(port)
        if (await isFree(port)) return port
        taken.delete(port)
      }
      throw new Error(`no free port was found between ${first} and ${last}`)
    },
    giveBack: (port) => void taken.delete(port),
  }
}
