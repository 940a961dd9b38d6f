/** Whether a port of this machine is somebody's, whichever of its addresses they listen on. */
import { connect } from 'node:net'

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
