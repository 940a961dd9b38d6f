/** The ARN of a local agent: in the service's format, with the local machine in place of a region and an account. */
import { createHash } from 'node:crypto'
import * as O from 'fp-ts/Option'
import * as Arn from '../../core/Arn'
import { isRegion } from '../../core/Region'

/** The inputs of an ARN. */
export interface ArnParts {
  readonly name: string
  /** The agent's folder, so that agents with the same name in two folders have different ARNs. */
  readonly folder: string
  readonly region?: string
  readonly account?: string
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

/** A ten-character hash of the name and the folder. */
const tail = (text: string): string =>
  [...createHash('sha256').update(text).digest().subarray(0, 10)]
    .map((byte) => alphabet[byte % alphabet.length] ?? '')
    .join('')

/** The ARN of a local agent. */
export const localArn = ({ name, folder, region = 'us-east-1', account = '000000000000' }: ArnParts): string =>
  `arn:aws:bedrock-agentcore:${region}:${account}:runtime/${name}-${tail(`${name}\n${folder}`)}`

/** Whether a text has the form of an agent runtime ARN. */
export const isArn = (text: string): boolean => {
  const arn = O.toUndefined(Arn.parse(text))
  if (arn?.service !== 'bedrock-agentcore') return false
  const [kind, id = '', ...rest] = arn.resource.split('/')
  const isRuntime = kind === 'runtime' && rest.length === 0 && Arn.isRuntimeId(id)
  return /^aws[\w-]*$/.test(arn.partition) && isRegion(arn.region) && Arn.isAccount(arn.account) && isRuntime
}

/** The agent id in an ARN, which a path may contain together with `accountId`. */
export const toAgentId = (arn: string): string => arn.slice(arn.lastIndexOf('/') + 1)
