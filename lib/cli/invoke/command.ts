/** `agentcore invoke`: a payload goes to an agent, its answer is printed as it comes. */
import { command } from '../program/Command'
import { flags } from './input/flags'

/** The command. */
export const invoke = command({
  name: 'invoke',
  summary: 'send a payload to an agent and print the response',
  about:
    'JSON is sent as is, numbers such as 42 too; other text as {"prompt": "…"}. Streams are printed as they arrive. ' +
    'The session id is saved and reused by the next call. Calls the deployed agent if there is one, else the one ' +
    'running locally.',
  argument: { name: 'payload', about: 'JSON, text, @file, or - for standard input', isRequired: false, isText: true },
  flags,
  examples: [
    { line: `agentcore invoke '{"prompt": "Hello, remember this conversation"}'`, about: 'JSON' },
    { line: `agentcore invoke 'What did I say earlier?'`, about: 'text, in the same session' },
    { line: 'agentcore invoke @payload.json --timeout 60', about: 'from a file, for at most a minute' },
    { line: 'echo hi | agentcore invoke - --json', about: 'from a pipe, with the response as one JSON document' },
    { line: `agentcore invoke hi --dev --port 3000 -H 'traceparent: 00-…'`, about: 'what agentcore dev serves' },
    { line: `agentcore invoke hi --endpoint prod`, about: 'an endpoint of the deployed agent' },
    { line: 'agentcore invoke --ws', about: 'a conversation over a WebSocket' },
  ],
  load: () => import('./run.js'),
})
