/** A WebSocket as a generator: messages in, values out. This one speaks plain text and says goodbye on `bye`. */
import { createApp, Handler, websocket } from 'agentcore-fp'

export const handler = Handler.fromMessages(async function* (messages: AsyncIterable<unknown>) {
  yield 'Say something, or bye'
  for await (const message of messages) {
    if (message === 'bye') break
    yield message
  }
  yield 'Goodbye'
})

export const agent = websocket({ format: 'text' }, handler)

export const app = createApp(agent)

if (require.main === module) void app.run()
