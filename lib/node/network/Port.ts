/** Ports of this machine: whether one is in use, on any address, and finding a free one. */
import { once } from 'node:events'
import { connect, createServer } from 'node:net'

/**
 * Whether someone accepts connections on a port, at either address of `localhost`: what is served at one of them alone
 * is hidden from clients that try the other first.
 */
export const isTaken = async (port: number): Promise<boolean> =>
  (await Promise.all(['127.0.0.1', '::1'].map((host) => accepts(host, port)))).includes(true)

const accepts = async (host: string, port: number): Promise<boolean> => {
  const socket = connect({ port, host })
  const taken = await new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true))
    socket.once('error', () => resolve(false))
  })
  socket.destroy()
  return taken
}

/** How many ports are tried, starting with the first one. */
export const tries = 100

/** A port that is free now, chosen by the system. */
export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}
