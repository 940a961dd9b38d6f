import { once } from 'node:events'
import { createServer } from 'node:net'
import { freePort, isTaken } from '../../../lib/node/network/Port'

describe('isTaken', () => {
  it.each(['127.0.0.1', '0.0.0.0', '::1', '::'])('sees a server at %s', async (host) => {
    const server = createServer().listen(0, host)
    await once(server, 'listening')
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    try {
      expect(await isTaken(port)).toBe(true)
    } finally {
      server.close()
      await once(server, 'close')
    }
    expect(await isTaken(port)).toBe(false)
  })

  it('sees none where nobody listens', async () => expect(await isTaken(await freePort())).toBe(false))
})
