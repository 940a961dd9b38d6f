import { once } from 'node:events'
import { createApp, websocket } from 'agentcore-fp/plain'
import { openSocket } from 'agentcore-fp/testing'
import { app, type Emitter, onEmitter } from '../../examples/websocketEmitter'

const serve = (handle: (socket: Emitter) => unknown) =>
  createApp(websocket({ format: 'text' }, onEmitter(handle)), { log: { level: 'silent' } })

describe('examples/websocketEmitter', () => {
  it('greets, and answers messages', async () => {
    const client = await openSocket(app, { headers: { 'x-amzn-bedrock-agentcore-runtime-session-id': 'session-1' } })
    expect(String((await once(client, 'message'))[0])).toBe('Hello, session-1')
    client.send('shout')
    expect(String((await once(client, 'message'))[0])).toBe('SHOUT')
    client.close()
  })

  it('closes as it is told', async () => {
    const client = await openSocket(serve((socket) => socket.close(4000, 'enough')))
    const [code, reason] = await once(client, 'close')
    expect([code, String(reason)]).toEqual([4000, 'enough'])
  })

  it('tells that the peer has left, and whether a message was sent', async () => {
    const socket = await new Promise<Emitter>((resolve) => void openSocket(serve(resolve)).then((peer) => peer.close()))
    if (socket.readyState === socket.OPEN) await once(socket, 'close')
    expect(socket.readyState).toBe(3)
    const failure = await new Promise((resolve) => socket.send('late', resolve))
    expect(failure).toMatchObject({ _tag: 'SocketClosed' })
  })

  it('closes with 1011 if a listener throws', async () => {
    const client = await openSocket(
      serve((socket) =>
        socket.on('message', () => {
          throw new Error('No')
        }),
      ),
    )
    client.send('hi')
    expect((await once(client, 'close'))[0]).toBe(1011)
  })
})
