/** The flags of `agentcore status`, `stop-session` and `stop`. */
import { text, toggle, type Values } from '../program/Flag'

/** Those of `status`. */
export const status = {
  agent: text('-a, --agent <name>', 'one agent (default: every agent of this folder)'),
}

/** What a command line of `status` says. */
export type StatusWishes = Values<typeof status>

/** Those of `stop-session`. */
export const stopSession = {
  agent: text('-a, --agent <name>', 'the agent (default: the default one)'),
  sessionId: text('--session-id <id>', 'the session (default: the last one of the agent)'),
  local: toggle('--local', 'of the local runtime, even if the agent is deployed'),
  bearerToken: text('--bearer-token <token>', 'the token of the caller (default: BEDROCK_AGENTCORE_BEARER_TOKEN)'),
}

/** What a command line of `stop-session` says. */
export type StopSessionWishes = Values<typeof stopSession>

/** Those of `stop`. */
export const stop = {
  agent: text('-a, --agent <name>', 'the agent (default: the default one)'),
}

/** What a command line of `stop` says. */
export type StopWishes = Values<typeof stop>
