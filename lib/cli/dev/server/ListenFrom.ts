/** Listens on the first free port from a given one on. */
import { once } from 'node:events'
import type { Server } from 'node:net'
import { isTaken, tries } from '../../../node/network/Port'
import { errorCode } from '../../../node/SystemError'

const listen = async (server: Server, port: number, host: string): Promise<boolean> => {
  if (port !== 0 && (await isTaken(port))) return false
  server.listen(port, host)
  try {
    await once(server, 'listening')
    return true
  } catch (cause) {
    if (errorCode(cause) === 'EADDRINUSE') return false
    throw cause
  }
}

/** The port that it listens on. Rejects where none is free, or the system refuses. */
export const listenFrom = async (server: Server, from: number, host = '127.0.0.1'): Promise<number> => {
  for (let at = from; at < from + tries && at < 65_536; at += 1) {
    if (!(await listen(server, at, host))) continue
    const address = server.address()
    return typeof address === 'object' && address !== null ? address.port : at
  }
  throw new Error(`no port from ${from} on is free`)
}
