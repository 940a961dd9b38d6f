/** The flags of `agentcore status`, `stop-session` and `stop`. */
import { text, toggle, type Values } from '../program/Flag'

/** Those of `status`. */
export const status = {
  agent: text('-a, --agent <name>', 'agent to show (default: all agents in this folder)'),
}

/** What a command line of `status` says. */
export type StatusFlags = Values<typeof status>

/** Those of `stop-session`. */
export const stopSession = {
  agent: text('-a, --agent <name>', 'agent to use (default: the default agent)'),
  sessionId: text('--session-id <id>', 'session to stop (default: the last session of the agent)'),
  local: toggle('--local', 'use the local runtime even if the agent is deployed'),
  bearerToken: text('--bearer-token <token>', 'bearer token (default: BEDROCK_AGENTCORE_BEARER_TOKEN)'),
}

/** What a command line of `stop-session` says. */
export type StopSessionFlags = Values<typeof stopSession>

/** Those of `stop`. */
export const stop = {
  agent: text('-a, --agent <name>', 'agent to use (default: the default agent)'),
}

/** What a command line of `stop` says. */
export type StopFlags = Values<typeof stop>
