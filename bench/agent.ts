/** The agent that every contestant serves, written with agentcore-fp. */
import { createApp, entrypoint, Handler, websocket } from 'agentcore-fp'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'

interface Payload {
  readonly prompt?: string
  readonly stream?: number
  readonly tick?: boolean
  readonly sleep?: number
  readonly block?: number
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

async function* events(count: number, tick: boolean): AsyncGenerator {
  for (let i = 0; i < count; i++) {
    if (tick) await turn()
    yield { i, text: 'token' }
  }
}

const answer = async ({ prompt, stream, tick = false, sleep, block }: Payload): Promise<unknown> => {
  if (stream !== undefined) return events(stream, tick)
  if (sleep !== undefined) {
    await new Promise((resolve) => setTimeout(resolve, sleep))
    return { result: 'slept' }
  }
  if (block !== undefined) {
    for (const end = Date.now() + block; Date.now() < end;);
    return { result: 'blocked' }
  }
  return { result: `You said: ${prompt ?? ''}` }
}

const agent = pipe(
  entrypoint(Handler.fromAsync((payload: unknown) => answer(payload as Payload))), // the clients send nothing else
  websocket((socket) => async () => {
    for (;;) {
      const received = await socket.receive()
      if (E.isLeft(received)) return received
      if (O.isNone(received.right)) return E.right(undefined)
      void socket.send(received.right.value)()
    }
  }),
)

const app = createApp(agent, { log: { level: 'warn' } })

if (require.main === module) void app.run()
