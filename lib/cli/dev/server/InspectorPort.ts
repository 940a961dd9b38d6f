/**
 * The inspector port that a developer knows. Connections go on, byte by byte, to the inspector of the server that serves
 * now, which has a port of its own: during a restart the old and the new server both have one.
 */
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import type { InspectorAddress } from '../state/InspectorAddress'
import { listenFrom } from './ListenFrom'

/** The port, and whose inspector is behind it. */
export interface InspectorPort {
  readonly port: number
  /**
   * Sends new connections to this port; undefined refuses them. Those to another one are closed: a debugger connects
   * anew, and a server that has one attached would wait for it before it exits.
   */
  readonly aim: (port: number | undefined) => void
  readonly close: () => Promise<void>
}

/** Takes the first free port from the given one on. Rejects where there is none. */
export const openInspectorPort = async ({ host, port: from }: InspectorAddress): Promise<InspectorPort> => {
  const open = new Set<Socket>()
  let behind: number | undefined
  const server = createServer((client) => {
    client.on('error', () => undefined) // a reset is a way to leave; `close` tells
    open.add(client)
    client.once('close', () => open.delete(client))
    if (behind === undefined) return void client.destroy()
    const inspector = connect(behind, '127.0.0.1')
    inspector.on('error', () => client.destroy())
    inspector.once('close', () => client.destroy())
    client.once('close', () => inspector.destroy())
    client.pipe(inspector).pipe(client)
  })
  const port = await listenFrom(server, from, host)
  const cut = (): void => open.forEach((client) => client.destroy())
  return {
    port,
    aim: (to) => {
      if (to === behind) return
      behind = to
      cut()
    },
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      cut()
      await closed
    },
  }
}
