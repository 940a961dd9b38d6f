/**
 * A chat that can be interrupted. Each prompt is answered token by token; the next message, another prompt or a stop,
 * ends the answer under way. Messages are tagged unions, checked in both directions.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { type PlainContext, createApp, Handler, websocket } from 'agentcore-fp'
import { t } from 'agentcore-fp/fp'

const Inbound = t.union([t.type({ type: t.literal('prompt'), text: t.string }), t.type({ type: t.literal('stop') })])

const Outbound = t.union([
  t.type({ type: t.literal('token'), text: t.string }),
  t.type({ type: t.literal('done') }),
  t.type({ type: t.literal('stopped') }),
])

type Inbound = t.TypeOf<typeof Inbound>
type Outbound = t.TypeOf<typeof Outbound>

/** Stands for a model. It stops when the signal aborts, as the client of a real one would. */
async function* tokens(prompt: string, signal: AbortSignal): AsyncGenerator<string> {
  for (const word of `Let me think about ${prompt}`.split(' ')) {
    yield word
    await sleep(100, undefined, { signal })
  }
}

/** The answer to one message. `Handler.latest` ends it when the next message comes. */
export async function* answer(message: Inbound, { signal }: PlainContext): AsyncGenerator<Outbound> {
  switch (message.type) {
    case 'prompt':
      for await (const text of tokens(message.text, signal)) yield { type: 'token', text }
      yield { type: 'done' }
      return
    case 'stop':
      yield { type: 'stopped' }
  }
}

export const agent = websocket({ inbound: Inbound, outbound: Outbound }, Handler.latest(answer))

export const app = createApp(agent)

if (require.main === module) void app.run()
