/** The flags of `agentcore logs`. */
import * as E from 'fp-ts/Either'
import * as Rules from '../../config/Rules'
import { type Parse, text, toggle, value, type Values } from '../program/Flag'
import { type Since, parseSince } from './Since'

const since: Parse<Since> = (given) =>
  E.fromNullable('expected a time such as 10m, 2h or 2026-11-27T09:00Z')(parseSince(given))

/** The flags. */
export const flags = {
  agent: text('-a, --agent <name>', 'agent to use (default: the default agent)'),
  session: text('--session <id>', 'only this session; the beginning of its id is enough'),
  since: value('--since <time>', 'only what was written since then: 30s, 10m, 2h, 1d, or a date and time', since),
  follow: toggle('-f, --follow', 'wait for more until Ctrl-C'),
  deployed: toggle('--deployed', 'the deployed agent (default if it is deployed)'),
  local: toggle('--local', 'what runs on this machine (default if it is not deployed)'),
  endpoint: value('--endpoint <name>', 'endpoint of the deployed agent (default: DEFAULT)', Rules.endpointName),
  arn: text('--arn <arn>', 'the agent runtime with this ARN; needs no configuration'),
  profile: text('--profile <name>', 'profile of the AWS configuration (default: AWS_PROFILE)'),
}

/** The flags of `agentcore logs`, parsed. */
export type LogsFlags = Values<typeof flags>
