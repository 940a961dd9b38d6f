/** A socket with the events and methods of the package `ws`, for code that expects one: `socket.on('message', …)`. */
import { EventEmitter } from 'node:events'
import { type Context, createApp, type Log, onSocket, type Socket, type Talk, websocket } from 'agentcore-fp/plain'

export type Emitter = ReturnType<typeof toEmitter>

/** Text messages only. The socket stays open until one side closes it, or the handler throws. */
export const onEmitter = (handle: (socket: Emitter, context: Context) => unknown): Talk<unknown, unknown> =>
  onSocket(async (socket: Socket, context) => {
    const emitter = toEmitter(socket, context.log)
    const listen = async (): Promise<void> => {
      for await (const message of socket.messages) emitter.emit('message', Buffer.from(String(message)), false)
      Object.assign(emitter, { readyState: 3 }).emit('close')
    }
    await Promise.all([handle(emitter, context), listen()])
  })

const toEmitter = (socket: Socket, log: Log) => {
  const warn = (error?: unknown): void => {
    if (error !== undefined) log.warn('A message was not sent', { error })
  }
  const send = (data: string | Uint8Array, done: (error?: unknown) => void = warn): void =>
    void socket.send(Buffer.from(data).toString()).then(() => done(), done)
  return Object.assign(new EventEmitter(), { OPEN: 1, readyState: 1, close: socket.close, send })
}

export const agent = websocket(
  { format: 'text' },
  onEmitter((socket, { sessionId }) => {
    socket.send(`Hello, ${sessionId}`)
    socket.on('message', (data: Buffer) => socket.send(data.toString().toUpperCase()))
  }),
)

export const app = createApp(agent)

if (require.main === module) void app.run()
