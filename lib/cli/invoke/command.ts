/** `agentcore invoke`: a payload goes to an agent, its answer is printed as it comes. */
import { command } from '../program/Command'
import { flags } from './input/flags'

/** The command. */
export const invoke = command({
  name: 'invoke',
  summary: 'send a payload to an agent and print its answer',
  about:
    'A payload that is JSON is sent as it is, other text as {"prompt": "…"}. Streams are printed as they come. The ' +
    'session is kept in .bedrock_agentcore.yaml, so that the next call finds it. The agent is the deployed one, else ' +
    'the one that runs here.',
  argument: { name: 'payload', about: 'JSON, text, @file, or - for standard input', isRequired: false },
  flags,
  examples: [
    { line: `agentcore invoke '{"prompt": "Hello, remember this conversation"}'`, about: 'JSON' },
    { line: `agentcore invoke 'What did I say earlier?'`, about: 'text, in the same session' },
    { line: 'agentcore invoke @payload.json --timeout 60', about: 'from a file, for a minute at most' },
    { line: 'echo hi | agentcore invoke - --json', about: 'from a pipe, the answer as one JSON document' },
    { line: `agentcore invoke hi --dev --port 3000 -H 'traceparent: 00-…'`, about: 'what agentcore dev serves' },
    { line: 'agentcore invoke --ws', about: 'a conversation over a WebSocket' },
  ],
  load: () => import('./run.js'),
})
