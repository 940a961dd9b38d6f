/**
 * Ports for agents: free ones of this machine that no other agent of this runtime was given. Not `get-port`: what it gives
 * is a port that outgoing connections may have too by the time the agent listens.
 */
import { createServer } from 'node:net'

/** Gives ports out and takes them back. */
export interface Ports {
  /** A port on which nobody listens. Rejects when none can be found. */
  readonly take: () => Promise<number>
  readonly giveBack: (port: number) => void
}

/** Below those that systems take for outgoing connections, which come and go while an agent starts. */
const first = 20_000
const last = 32_000

const tries = 100

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)))
  })

/** No port is given out yet. */
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
