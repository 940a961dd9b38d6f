import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { type ConnectionPool, connectionPool } from '../../../lib/node/exchange/ConnectionPool'

interface Place {
  readonly port: number
  readonly pool: ConnectionPool
  readonly server: Server
  /** The response to a request over the pool, read whole. */
  readonly ask: (path: string) => Promise<string>
}

/** A server that responds with the path and counts its connections, and a pool for it. */
const withPool = async (use: (place: Place) => Promise<void>): Promise<void> => {
  const server = createServer((req, res) => res.end(req.url))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // it listens on a port
  const pool = connectionPool({ host: '127.0.0.1', port, idleTimeout: 10_000 })
  const ask = async (path: string): Promise<string> => {
    const asked = request({ host: '127.0.0.1', port, path, agent: pool.agent }).end()
    const read = async (): Promise<string> => {
      const [response] = (await once(asked, 'response')) as [IncomingMessage]
      return text(response)
    }
    const [body] = await Promise.all([read(), once(asked, 'close')])
    return body
  }
  try {
    await use({ port, pool, server, ask })
  } finally {
    pool.close()
    server.closeAllConnections()
    server.close()
  }
}

/** Each connection that a server accepts. */
const accepted = (server: Server): ReadonlyArray<Socket> => {
  const sockets: Array<Socket> = []
  server.on('connection', (socket) => sockets.push(socket))
  return sockets
}

describe('a pool of connections', () => {
  it('sends requests that follow each other over one connection, and leaves no listener on it', () =>
    withPool(async ({ pool, server, ask, port }) => {
      const sockets = accepted(server)
      expect(await ask('/first')).toBe('/first')
      const listeners: Array<number> = []
      for (let i = 0; i < 20; i++) {
        const asked = request({ host: '127.0.0.1', port, path: '/', agent: pool.agent }).end()
        const over = once(asked, 'close')
        const [socket] = (await once(asked, 'socket')) as [Socket]
        const [response] = (await once(asked, 'response')) as [IncomingMessage]
        await text(response)
        await over
        expect(asked.reusedSocket).toBe(true)
        listeners.push(socket.eventNames().reduce((sum, name) => sum + socket.listenerCount(name), 0))
      }
      expect(new Set(listeners).size).toBe(1)
      expect(sockets).toHaveLength(1)
    }))

  it('gives each request at a time its own', () =>
    withPool(async ({ server, ask }) => {
      const sockets = accepted(server)
      const paths = ['/a', '/b', '/c']
      expect(await Promise.all(paths.map(ask))).toEqual(paths)
      expect(sockets).toHaveLength(3)
      expect(await Promise.all(paths.map(ask))).toEqual(paths)
      expect(sockets).toHaveLength(3)
    }))

  it('does not reuse one that the server has closed, or soon will', () =>
    withPool(async ({ server, ask }) => {
      const sockets = accepted(server)
      server.keepAliveTimeout = 1000 // announced as 1 s
      await ask('/')
      await ask('/')
      expect(sockets).toHaveLength(2)
      server.keepAliveTimeout = 5000
      await ask('/')
      const [last] = sockets.slice(-1)
      if (last === undefined) throw new Error('no connection')
      last.end()
      await once(last, 'close')
      expect(await ask('/again')).toBe('/again')
      expect(sockets).toHaveLength(4)
    }))

  it('does not keep one whose request was given up', () =>
    withPool(async ({ pool, port, server, ask }) => {
      const sockets = accepted(server)
      await ask('/')
      const asked = request({ host: '127.0.0.1', port, path: '/', agent: pool.agent })
      const failed = once(asked, 'error')
      asked.destroy()
      await failed
      expect(await ask('/next')).toBe('/next')
      expect(sockets).toHaveLength(2)
    }))

  it('fails every request once it is closed', () =>
    withPool(async ({ pool, ask }) => {
      await ask('/')
      pool.close()
      await expect(ask('/late')).rejects.toThrow('socket hang up')
    }))
})
