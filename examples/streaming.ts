/**
 * Streaming: an async generator whose values become server-sent events. It shows events with a name and an id, a
 * failure in the midst of the stream, and work that ends at once when the client leaves.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { AgentError, type PlainContext, createApp, entrypoint, Handler, Sse } from 'agentcore-fp'
import { t } from 'agentcore-fp/fp'

const Payload = t.intersection([t.type({ prompt: t.string }), t.partial({ failAfter: t.number, pause: t.number })])

type Payload = t.TypeOf<typeof Payload>

async function* answer({ prompt, failAfter = Infinity, pause = 50 }: Payload, { signal, log }: PlainContext) {
  let count = 0
  try {
    for (const word of prompt.split(' ')) {
      if (count === failAfter) throw AgentError.rejected(503, 'The model is overloaded', { words: count })
      // A plain value: `data: "word"`.
      yield word
      count += 1
      // Anything that takes the signal stops at once when the client leaves, the deadline passes or the server stops.
      await sleep(pause, undefined, { signal })
    }
    // An event with a name and an id, for clients that tell events apart.
    yield Sse.event({ event: 'usage', id: String(count), data: { words: count } })
  } finally {
    log.info('The model is released', { words: count, clientLeft: signal.aborted })
  }
}

export const handler = Handler.fromGenerator(answer)

export const agent = entrypoint(Payload, handler)

export const app = createApp(agent)

if (require.main === module) void app.run()
