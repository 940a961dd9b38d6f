/** The summary of a running local runtime: where it is, and commands to paste. */
import type { PublicRecord } from '../../config/LocalRecord'
import type { Style } from '../program/Style'

const payload = `'{"prompt": "Hello"}'`

/** The call of the AWS command line; its payload is raw for both of its major versions. */
const awsLine = ({ endpoint, arn, auth }: PublicRecord, isWindows: boolean): string => {
  const region = arn.split(':')[3] ?? 'us-east-1'
  const call = [
    `aws bedrock-agentcore invoke-agent-runtime${auth === 'sigv4' ? '' : ' --no-sign-request'}`,
    `--endpoint-url ${endpoint} --region ${region} --agent-runtime-arn ${arn}`,
  ].join(' ')
  return isWindows
    ? `${call} --payload fileb://payload.json answer.json`
    : `echo ${payload} | ${call} --payload fileb:///dev/stdin answer.json && cat answer.json`
}

/** The commands, the likeliest first. */
export const commands = (record: PublicRecord, isDefault: boolean, isWindows: boolean): ReadonlyArray<string> => {
  const which = isDefault ? '' : ` --agent ${record.agent}`
  const token = record.auth === 'jwt' ? ' --bearer-token "$TOKEN"' : ''
  return [
    `agentcore invoke --local${which}${token} ${payload}`,
    `curl -N ${record.endpoint}/invocations -d ${payload}`,
    ...(record.auth === 'jwt' ? [] : [awsLine(record, isWindows)]), // clients of AWS send no bearer tokens
    `agentcore status${which}`,
    `agentcore stop${which}`,
  ]
}

const isolations: Readonly<Record<string, string>> = {
  process: 'one process per session',
  container: 'one container per session',
  none: 'one shared agent',
}

const callers: Readonly<Record<string, string>> = {
  none: 'anyone on this machine',
  sigv4: "requests signed with this machine's AWS credentials",
  jwt: "tokens accepted by the agent's authorizer",
}

/** All of it. */
export const shown =
  (record: PublicRecord, next: ReadonlyArray<string>) =>
  ({ bold, cyan, dim }: Style): string =>
    [
      '',
      `${bold(record.agent)} is running on this machine`,
      '',
      `  ARN       ${record.arn}`,
      `  Endpoint  ${record.endpoint}`,
      `  Sessions  ${isolations[record.isolation ?? 'process'] ?? ''}`,
      `  Callers   ${callers[record.auth ?? 'none'] ?? ''}`,
      ...(record.logFile === undefined ? [] : [`  Log       ${record.logFile}`]),
      '',
      dim('Next:'),
      ...next.map((line) => `  ${cyan(line)}`),
    ].join('\n')
