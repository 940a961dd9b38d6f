/** The agent that every contestant serves, written with agentcore-fp. */
import { createApp, entrypoint, Handler, websocket } from 'agentcore-fp'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import { answer, type Payload } from './answer'

const agent = pipe(
  entrypoint(Handler.fromAsync((payload: unknown) => answer(payload as Payload))), // the clients send nothing else
  websocket(Handler.onMessage(E.right)),
)

const app = createApp(agent, { log: { level: 'warn' } })

if (require.main === module) void app.run()
