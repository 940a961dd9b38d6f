/**
 * The agent of `npm start`: a JSON answer, a stream when the payload asks for one, and a WebSocket that greets and
 * echoes. Once it listens, it prints what to type next. `PORT` moves it.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { type App, createApp, entrypoint, Handler, websocket } from 'agentcore-fp'
import { pipe } from 'fp-ts/function'
import * as t from 'io-ts'

const Payload = t.intersection([t.type({ prompt: t.string }), t.partial({ stream: t.boolean })])

async function* words(text: string, signal: AbortSignal): AsyncGenerator<string> {
  for (const word of text.split(' ')) {
    yield word
    await sleep(200, undefined, { signal })
  }
}

export const agent = pipe(
  entrypoint(
    Payload,
    Handler.fromSync(({ prompt, stream = false }, { signal }) => {
      const answer = `You said: ${prompt}`
      return stream ? words(answer, signal) : { result: answer }
    }),
  ),
  websocket(
    Handler.fromMessages(async function* (messages: AsyncIterable<unknown>) {
      yield { hello: 'Say something in JSON' }
      for await (const message of messages) yield { echo: message }
    }),
  ),
)

export const app = createApp(agent)

type Running = Awaited<ReturnType<App['run']>>

const handshake = "-H 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='"

/** What to do with a running agent, ready to paste. */
export const guide = ({ url, host, port, reason }: Pick<Running, 'url' | 'host' | 'port' | 'reason'>): string => `
The agent listens on ${url}
Its address is ${host}, port ${port}: ${reason}

Paste one of these into another terminal.

  A JSON answer:
    curl -s -w '\\n' ${url}/invocations -d '{"prompt":"Hello"}'

  A stream, word by word:
    curl -sN ${url}/invocations -d '{"prompt":"Words come one by one","stream":true}'

  The health, as AgentCore asks for it:
    curl -s -w '\\n' ${url}/ping

  A WebSocket, cut off by curl after two seconds. The last line is the greeting, in its frame:
    curl -isN --max-time 2 --output - -H 'Connection: Upgrade' -H 'Upgrade: websocket' ${handshake} ${url}/ws

Then change examples/start.ts, stop this with Ctrl-C and run npm start again.
More agents are in examples/ (try: node dist/examples/browser.js), the manual is README.md and docs/, npm test checks it all.
`

if (require.main === module) void app.run().then((running) => process.stdout.write(guide(running)))
