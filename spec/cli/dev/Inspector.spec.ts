import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import * as E from 'fp-ts/Either'
import { openInspectorPort } from '../../../lib/cli/dev/server/InspectorPort'
import { isLocal, parseInspector } from '../../../lib/cli/dev/state/InspectorAddress'

describe('--inspect', () => {
  it.each([
    ['9230', { host: '127.0.0.1', port: 9230 }],
    ['0', { host: '127.0.0.1', port: 0 }],
    ['0.0.0.0', { host: '0.0.0.0', port: 9229 }],
    ['0.0.0.0:9300', { host: '0.0.0.0', port: 9300 }],
    ['[::1]:9300', { host: '::1', port: 9300 }],
    ['localhost:9300', { host: 'localhost', port: 9300 }],
  ])('takes %s', (text, address) => expect(parseInspector(text)).toEqual(E.right(address)))

  it.each(['', ':', '65536', 'host:', 'host:99999', '1.2.3.4:x', 'a b', '::1'])('rejects %j', (text) =>
    expect(E.isLeft(parseInspector(text))).toBe(true),
  )

  it('is of this machine only unless it says otherwise', () => {
    const hosts = ['127.0.0.1', '::1', 'localhost', '0.0.0.0', '::', '192.168.0.7']
    expect(hosts.map((host) => isLocal({ host, port: 1 }))).toEqual([true, true, true, false, false, false])
  })
})

/** A server that greets with its name. */
const greeting = async (name: string): Promise<{ readonly port: number; readonly close: () => void }> => {
  const open = new Set<Socket>()
  const server = createServer((socket) => {
    open.add(socket)
    socket.on('error', () => undefined)
    socket.write(name)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    close: () => {
      open.forEach((socket) => socket.destroy())
      server.close()
    },
  }
}

describe('the inspector port', () => {
  it('leads to the inspector of the server that serves, and closes connections to the one before', async () => {
    const [one, two] = await Promise.all([greeting('one'), greeting('two')])
    const inspector = await openInspectorPort({ host: '127.0.0.1', port: 0 })
    try {
      inspector.aim(one.port)
      const first = connect(inspector.port, '127.0.0.1')
      expect(String((await once(first, 'data'))[0])).toBe('one')
      inspector.aim(one.port) // the same server: nothing changes
      expect(first.destroyed).toBe(false)
      const closed = once(first, 'close')
      inspector.aim(two.port)
      await closed
      const second = connect(inspector.port, '127.0.0.1')
      expect(String((await once(second, 'data'))[0])).toBe('two')
      const over = once(second, 'close')
      await inspector.close()
      await over
    } finally {
      one.close()
      two.close()
    }
  })

  it('refuses connections while there is no inspector, and is the next free port', async () => {
    const taken = await greeting('taken')
    const inspector = await openInspectorPort({ host: '127.0.0.1', port: taken.port })
    try {
      expect(inspector.port).not.toBe(taken.port)
      const socket = connect(inspector.port, '127.0.0.1')
      socket.on('error', () => undefined)
      await once(socket, 'close')
    } finally {
      await inspector.close()
      taken.close()
    }
  })
})
