/** The name of an agent on the data plane: an ARN as the service makes them, of a place that is this machine. */
import { createHash } from 'node:crypto'

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
export const isArn = (text: string): boolean =>
  /^arn:aws[\w-]*:bedrock-agentcore:[a-z0-9-]+:\d{12}:runtime\/[a-zA-Z][a-zA-Z0-9_]{0,99}-[a-zA-Z0-9]{10}$/.test(text)

/** The id in an ARN: what may stand in a path together with `accountId`. */
export const toAgentId = (arn: string): string => arn.slice(arn.lastIndexOf('/') + 1)

/** The account in an ARN. */
export const toAccountId = (arn: string): string => arn.split(':')[4] ?? ''
