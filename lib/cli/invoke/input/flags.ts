/** The flags of `agentcore invoke`. */
import * as Rules from '../../../config/Rules'
import { list, text, toggle, value, type Values } from '../../program/Flag'

/** The flags. */
export const flags = {
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
