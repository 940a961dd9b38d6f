/** The flags of `agentcore invoke`. */
import * as Rules from '../../../config/Rules'
import { list, text, toggle, value, type Values } from '../../program/Flag'

/** The flags. */
export const flags = {
  agent: text('-a, --agent <name>', 'agent to use (default: the default agent)'),
  sessionId: text('--session-id <id>', 'session id, 33 to 256 characters (default: the last session of the agent)'),
  newSession: toggle('--new-session', 'start a new session'),
  userId: text('--user-id <id>', 'user to act on behalf of, for callers with AWS credentials'),
  bearerToken: text(
    '--bearer-token <token>',
    'bearer token (default: BEDROCK_AGENTCORE_BEARER_TOKEN, which other users of this machine cannot see)',
  ),
  headers: value(
    '--headers <pairs>',
    'headers as "Name:value,Name:value"; names not in the allowlist of the agent get the custom header prefix',
    Rules.headerPairs,
  ),
  header: list('-H, --header <line>', 'header as "Name: value", sent as is; repeatable', Rules.headerLine),
  endpoint: value(
    '--endpoint <name>',
    'endpoint of the deployed agent (default: DEFAULT, which serves the newest version)',
    Rules.endpointName,
  ),
  arn: text('--arn <arn>', 'call the agent runtime with this ARN; needs no configuration'),
  profile: text('--profile <name>', 'profile of the AWS configuration (default: AWS_PROFILE)'),
  local: toggle('--local', 'call the local runtime even if the agent is deployed'),
  dev: toggle('--dev', 'call the agent served by agentcore dev'),
  port: value(
    '-p, --port <port>',
    'with --dev: call the server on this port (default: that of agentcore dev in this folder)',
    Rules.port,
  ),
  timeout: value(
    '--timeout <seconds>',
    'give up after this long (default: after 15 minutes of silence)',
    Rules.waitSeconds,
  ),
  ws: toggle('--ws', 'use a WebSocket: send one message or, without a payload, every line typed'),
  raw: toggle('--raw', 'with --ws: send text as is, not as {"prompt": …}'),
  wait: value('--wait <seconds>', 'with --ws: close after this long without a message (default: 2)', Rules.waitSeconds),
}

/** The flags of `agentcore invoke`, parsed. */
export type InvokeFlags = Values<typeof flags>
