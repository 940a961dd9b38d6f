/**
 * The agent of `npm start`: the assistant with a model, a tool and memory. Once it listens, it prints what to type next.
 * `PORT` moves it, `MODEL` gives it another model.
 */
import type { App } from 'agentcore-fp'
import { app } from './assistant'

type Running = Awaited<ReturnType<App['run']>>

const session = 'my-first-session-with-this-agent-1'

/** What to do with a running agent, ready to paste. */
export const guide = ({ url }: Pick<Running, 'url'>): string => {
  const ask = `curl -sN ${url}/invocations -H 'X-Amzn-Bedrock-AgentCore-Runtime-Session-Id: ${session}'`
  return `
Paste these into another terminal, one after the other.

  A prompt. The response is a stream of tokens:
    ${ask} -d '{"prompt":"My name is Ada"}'

  A second turn in the same session. The agent remembers the first:
    ${ask} -d '{"prompt":"Who am I?"}'

  A turn for which the model needs a tool:
    ${ask} -d '{"prompt":"What time is it in Tokyo?"}'

  A payload that does not fit, and what is wrong with it:
    curl -s -w '\\n' ${url}/invocations -d '{"question":"?"}'

  The health, as AgentCore asks for it:
    curl -s -w '\\n' ${url}/ping

The model is a script that needs no key. For a real one, stop this with Ctrl-C and start it with one of these:
  MODEL=openai:<model> OPENAI_API_KEY=<key> npm start
  MODEL=openai:<model> OPENAI_BASE_URL=http://localhost:11434/v1 npm start
  MODEL=bedrock:<model id> AWS_REGION=us-west-2 npm start

The agent is examples/assistant.ts: change it, stop this with Ctrl-C and run npm start again.
More agents are in examples/ (try: node dist/examples/browser.js), the manual is README.md and docs/, npm test checks it all.
`
}

if (require.main === module) void app.run().then((running) => process.stdout.write(guide(running)))
