/** `agentcore invoke`: a payload goes to an agent, its answer is printed as it comes. */
import * as Rules from '../../config/Rules'
import { command } from '../Command'
import { list, text, toggle, value, type Values } from '../Flag'

const flags = {
  agent: text('-a, --agent <name>', 'the agent (default: the default one)'),
  sessionId: text('--session-id <id>', 'the session, 33 to 256 characters (default: the last one of the agent)'),
  newSession: toggle('--new-session', 'begin a new session'),
  userId: text('--user-id <id>', 'on whose behalf, for callers with AWS credentials'),
  bearerToken: text(
    '--bearer-token <token>',
    'the token of the caller (default: BEDROCK_AGENTCORE_BEARER_TOKEN, which other users of the machine do not see)',
  ),
  headers: value(
    '--headers <pairs>',
    'headers as "Name:value,Name:value"; names that the agent does not list get the prefix of custom headers',
    Rules.headerPairs,
  ),
  header: list('-H, --header <line>', 'a header as "Name: value", sent as it is; may be given again', Rules.headerLine),
  local: toggle('--local', 'the local runtime of the agent, even if it is deployed'),
  dev: toggle('--dev', 'the agent that agentcore dev serves'),
  port: value('-p, --port <port>', 'the port of agentcore dev (default: 8080)', Rules.port),
  timeout: value(
    '--timeout <seconds>',
    'give up after so long (default: no limit but 15 minutes of silence)',
    Rules.waitSeconds,
  ),
  ws: toggle('--ws', 'over a WebSocket: one message, or without a payload every line that is typed'),
  raw: toggle('--raw', 'with --ws: text as it stands, not as {"prompt": …}'),
  wait: value(
    '--wait <seconds>',
    'with --ws: how long a silence ends it after an answer (default: 2)',
    Rules.waitSeconds,
  ),
}

/** What the command line says. */
export type Wishes = Values<typeof flags>

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
  load: () => import('../invoke/invoke.js'),
})
