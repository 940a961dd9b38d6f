/** What sockets cost that say nothing. */
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { openWebSocket } from './exchanges'
import type { Server } from './servers'

/** How many sockets are opened, and how many of them at once. */
const [many, atOnce] = [2000, 100]

const openMany = async (port: number, count: number): Promise<ReadonlyArray<Socket>> => {
  const sockets: Array<Socket> = []
  while (sockets.length < count) {
    sockets.push(...(await Promise.all(Array.from({ length: Math.min(atOnce, count) }, () => openWebSocket(port)))))
  }
  return sockets
}

const reset = (sockets: ReadonlyArray<Socket>): void =>
  sockets.forEach((socket) => {
    socket.on('error', () => undefined) // the server may have said goodbye
    socket.resetAndDestroy()
  })

/** By how many megabytes of resident memory a server grows for 1,000 idle sockets; a few have come and gone before. */
export const memoryOfIdle = async ({ port, rss }: Server): Promise<number> => {
  reset(await openMany(port, 50))
  await sleep(200)
  const before = rss()
  const sockets = await openMany(port, many)
  await sleep(400)
  const after = rss()
  reset(sockets)
  return ((after - before) * 1000) / many
}
