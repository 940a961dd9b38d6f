/** Thousands of sockets: open at once, cut off at every stage, one after the other; afterwards nothing is left of them. */
import { connect, type Socket } from 'node:net'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { entrypoint, Handler, use, websocket } from '../../lib'
import { eventually } from '../http/support'
import { dial, frameOf, handshakeText } from '../http/socketSupport'
import { closing, connectionsOf, exchange, request, standing } from './held'

jest.setTimeout(60_000)

const echo = pipe(
  entrypoint((payload: unknown) => TE.right(payload)),
  websocket(Handler.fromMessages((messages) => messages)),
)

const lanes = {
  'an agent alone': echo,
  'an agent behind a middleware': pipe(
    use((_, next) => next()),
    echo,
  ),
}

/** A connection that has said something, and whether the server has answered with an upgrade. */
const saying = (port: number, text: string | Uint8Array): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' }, () => void socket.write(text))
    socket.once('data', () => resolve(socket))
    socket.once('error', reject)
  })

/** Runs in so many lanes, so that the backlog of the system is not what is tried. */
const inLanes = async <A>(count: number, run: (n: number) => Promise<A>, width = 100): Promise<ReadonlyArray<A>> => {
  const all: Array<A> = []
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < count) all.push(await run(next++))
  }
  await Promise.all(Array.from({ length: width }, lane))
  return all
}

describe.each(Object.entries(lanes))('%s', (_, agent) => {
  const at = standing(agent, { log: { level: 'error' }, websocket: { pingInterval: 0 } })

  const isServing = async (): Promise<void> => {
    expect(await exchange(at().port, request(['GET /ping HTTP/1.1', ...closing]))).toMatchObject([{ status: 200 }])
    const peer = await dial(`ws://127.0.0.1:${at().port}/ws`)
    peer.say('still here')
    expect(await peer.next()).toBe('still here')
    peer.ws.close()
    await peer.closed
  }

  it('holds 4000 open sockets, answers on each, and forgets all that are cut off', async () => {
    const sockets = await inLanes(4000, () => saying(at().port, handshakeText()))
    await connectionsOf(at().server, 4000)
    const answered = sockets.map((socket) => new Promise<void>((resolve) => socket.once('data', () => resolve())))
    sockets.forEach((socket) => socket.write(frameOf('"hi"')))
    await Promise.all(answered)
    await isServing()
    sockets.forEach((socket, n) => (n % 2 === 0 ? socket.resetAndDestroy() : socket.destroy()))
    await eventually(() => sockets.every(({ closed }) => closed), 'all are closed', 10_000)
    await connectionsOf(at().server, 0)
    await isServing()
  })

  it('takes 5000 handshakes one after the other and 3000 that are refused', async () => {
    await inLanes(5000, async () => (await saying(at().port, handshakeText())).destroy())
    await inLanes(3000, async () => (await saying(at().port, handshakeText({}, '/other'))).destroy())
    await connectionsOf(at().server, 0)
    await isServing()
  })

  it('forgets 3000 clients that leave in the midst of a handshake', async () => {
    const text = handshakeText()
    await inLanes(
      3000,
      (n) =>
        new Promise<void>((resolve) => {
          const socket = connect({ port: at().port, host: '127.0.0.1' }, () => {
            socket.write(text.slice(0, n % text.length), () => socket.resetAndDestroy())
          })
          socket.on('error', () => undefined) // a reset is a way to leave
          socket.once('close', () => resolve())
        }),
    )
    await connectionsOf(at().server, 0)
    await isServing()
  })

  it('reads a million empty parts and 100,000 messages without keeping them', async () => {
    const socket = await saying(at().port, handshakeText())
    const messages = Buffer.concat(Array.from({ length: 1000 }, () => frameOf('1')))
    let heard = 0
    socket.on('data', (part: Buffer) => (heard += part.length))
    for (let n = 0; n < 100; n += 1) {
      socket.write(messages)
      await eventually(() => heard >= (n + 1) * 3000, 'they are answered', 10_000)
    }
    const parts = Buffer.concat(Array.from({ length: 10_000 }, () => frameOf('', 0, false)))
    socket.write(frameOf('', 1, false))
    for (let n = 0; n < 100 && socket.writable; n += 1) {
      if (!socket.write(parts)) {
        await Promise.race([
          new Promise((resolve) => socket.once('drain', resolve)),
          new Promise((resolve) => socket.once('close', resolve)),
        ])
      }
    }
    socket.destroy()
    await isServing()
  })
})
