/** The name of an agent on the data plane: an ARN as the service makes them, of a place that is this machine. */
import { createHash } from 'node:crypto'
import * as O from 'fp-ts/Option'
import * as Arn from '../../core/Arn'
import { isRegion } from '../../core/Region'

/** What an ARN is made of. */
export interface ArnParts {
  readonly name: string
  /** Where the agent lives: two agents of one name in two folders are told apart. */
  readonly folder: string
  readonly region?: string
  readonly account?: string
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

/** Ten characters that stand for the name and the folder. */
const tail = (text: string): string =>
  [...createHash('sha256').update(text).digest().subarray(0, 10)]
    .map((byte) => alphabet[byte % alphabet.length] ?? '')
    .join('')

/** The ARN of a local agent. */
export const localArn = ({ name, folder, region = 'us-east-1', account = '000000000000' }: ArnParts): string =>
  `arn:aws:bedrock-agentcore:${region}:${account}:runtime/${name}-${tail(`${name}\n${folder}`)}`

/** Whether a text has the form of an agent's ARN. */
export const isArn = (text: string): boolean => {
  const arn = O.toUndefined(Arn.parse(text))
  if (arn?.service !== 'bedrock-agentcore') return false
  const [kind, id = '', ...rest] = arn.resource.split('/')
  const isRuntime = kind === 'runtime' && rest.length === 0 && Arn.isRuntimeId(id)
  return /^aws[\w-]*$/.test(arn.partition) && isRegion(arn.region) && Arn.isAccount(arn.account) && isRuntime
}

/** The id in an ARN: what may stand in a path together with `accountId`. */
export const toAgentId = (arn: string): string => arn.slice(arn.lastIndexOf('/') + 1)
