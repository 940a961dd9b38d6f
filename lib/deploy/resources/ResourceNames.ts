/** The names of what a deployment makes in an account: the same for the same agent, so that a second run finds it. */
import { createHash } from 'node:crypto'
import type { Partition } from '../../core/Region'

/** Where an agent is deployed to. */
export interface Place {
  readonly account: string
  readonly region: string
  readonly partition: Partition
}

/** An archive in S3. */
export interface CodeLocation {
  readonly bucket: string
  readonly key: string
}

/** The keys of a bucket that begin with a prefix. */
export interface CodePlace {
  readonly bucket: string
  readonly prefix: string
}

/** The tag on what this tool has made, which `destroy` looks for: what others made is never removed. */
export const ownerTag = { key: 'CreatedBy', value: 'agentcore-fp' } as const

/** The bucket of the code of all agents of an account in a region. */
export const bucketName = ({ account, region }: Pick<Place, 'account' | 'region'>): string =>
  `bedrock-agentcore-code-${account}-${region}`

/** What an archive is: the code that the service runs, or the source that an image is built of. */
export type ArchiveKind = 'Code' | 'Source'

const files: Readonly<Record<ArchiveKind, string>> = { Code: 'deployment_package.zip', Source: 'source.zip' }

/**
 * The key of an archive. It names the content: what a runtime runs is read in its configuration, and no deployment
 * replaces the code below a version that an endpoint is pinned to.
 */
export const codeKey = (agent: string, prefix: string, digest: string, kind: ArchiveKind = 'Code'): string =>
  `${codePrefix(agent, prefix)}${digest.slice(0, 16)}/${files[kind]}`

/** What the keys of all archives of an agent begin with. */
export const codePrefix = (agent: string, prefix: string): string => `${prefix === '' ? '' : `${prefix}/`}${agent}/`

/** Whether a key below `codePrefix` is one of `codeKey`: files that people put there stay. */
export const isCodeKey = (agent: string, prefix: string, key: string): boolean => {
  const start = codePrefix(agent, prefix)
  return key.startsWith(start) && /^[0-9a-f]{16}\/(?:deployment_package|source)[.]zip$/.test(key.slice(start.length))
}

/** Ten digits that stand for a text in a name. */
export const shortHash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 10)

/** The execution role of an agent, as the starter toolkit names it. */
export const roleName = (agent: string, region: string): string =>
  `AmazonBedrockAgentCoreSDKRuntime-${region}-${shortHash(agent)}`

/** The inline policy of that role. */
export const policyName = (agent: string): string => `BedrockAgentCoreRuntimeExecutionPolicy-${agent}`

/** The ARN of a role. */
export const roleArn = ({ partition, account }: Place, name: string): string =>
  `arn:${partition}:iam::${account}:role/${name}`

/** The role by which AgentCore reaches into VPCs, one for the whole account. AWS owns it, and it is never removed. */
export const networkRole = {
  name: 'AWSServiceRoleForBedrockAgentCoreNetwork',
  service: 'network.bedrock-agentcore.amazonaws.com',
} as const

/** The endpoint that every runtime has; it serves the newest version. */
export const defaultEndpoint = 'DEFAULT'

/** The log group of an endpoint of a runtime. */
export const logGroup = (runtimeId: string, endpoint = defaultEndpoint): string =>
  `/aws/bedrock-agentcore/runtimes/${runtimeId}-${endpoint}`

const consoleHosts: Readonly<Record<Partition, string>> = {
  aws: 'console.aws.amazon.com',
  'aws-us-gov': 'console.amazonaws-us-gov.com',
  'aws-cn': 'console.amazonaws.cn',
}

/** The page of the AWS console that lists agent runtimes. */
export const consoleUrl = ({ partition, region }: Pick<Place, 'partition' | 'region'>): string =>
  `https://${region}.${consoleHosts[partition]}/bedrock-agentcore/agents?region=${region}`
