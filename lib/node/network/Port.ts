/** Ports of this machine: whether one is somebody's, whichever of its addresses they listen on, and one that is free. */
import { once } from 'node:events'
import { connect, createServer } from 'node:net'

/** Whether someone accepts connections there. */
export const isTaken = async (port: number): Promise<boolean> => {
  const socket = connect({ port, host: '127.0.0.1' })
  const taken = await new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true))
    socket.once('error', () => resolve(false))
  })
  socket.destroy()
  return taken
}

/** How many ports are tried from the first one on. */
export const tries = 100

/** A port that the system has free now. */
export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}
