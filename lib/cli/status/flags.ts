/** The flags of `agentcore status`, `stop-session` and `stop`. */
import * as Rules from '../../config/Rules'
import { text, toggle, value, type Values } from '../program/Flag'

/** Those of `status`. */
export const status = {
  agent: text('-a, --agent <name>', 'agent to show (default: all agents in this folder)'),
  arn: text('--arn <arn>', 'show the agent runtime with this ARN; needs no configuration'),
  local: toggle('--local', 'show only what runs on this machine; makes no AWS requests'),
  region: value('--region <name>', 'AWS region (default: that of the deployed agent)', Rules.region),
  profile: text('--profile <name>', 'profile of the AWS configuration (default: AWS_PROFILE)'),
}

/** What a command line of `status` says. */
export type StatusFlags = Values<typeof status>

/** Those of `stop-session`. */
export const stopSession = {
  agent: text('-a, --agent <name>', 'agent to use (default: the default agent)'),
  sessionId: text('--session-id <id>', 'session to stop (default: the last session of the agent)'),
  endpoint: value('--endpoint <name>', 'endpoint of the deployed agent (default: DEFAULT)', Rules.endpointName),
  arn: text('--arn <arn>', 'session of the agent runtime with this ARN; needs no configuration'),
  profile: text('--profile <name>', 'profile of the AWS configuration (default: AWS_PROFILE)'),
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
