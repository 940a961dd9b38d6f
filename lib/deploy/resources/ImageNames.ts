/** The names of what a deployment of a container makes: those of the starter toolkit, where it makes the same thing. */
import type { Partition } from '../../core/Region'
import { type Place, shortHash } from './ResourceNames'

const suffixes: Readonly<Record<Partition, string>> = {
  aws: 'amazonaws.com',
  'aws-us-gov': 'amazonaws.com',
  'aws-cn': 'amazonaws.com.cn',
}

/** The registry of an account in a region. */
export const registryHost = ({ account, region, partition }: Place): string =>
  `${account}.dkr.ecr.${region}.${suffixes[partition]}`

/** The names of ECR and CodeBuild have no capitals, and no two separators in a row. */
const plainName = (agent: string): string =>
  agent
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')

/** The repository of the images of an agent. */
export const repositoryName = (agent: string): string => `bedrock-agentcore-${plainName(agent)}`

/** The project of CodeBuild that builds the images of an agent. */
export const projectName = (agent: string): string => `bedrock-agentcore-${plainName(agent)}-builder`

/** The log group of a project, as CodeBuild names it. */
export const buildLogGroup = (project: string): string => `/aws/codebuild/${project}`

/** The role that CodeBuild takes on. */
export const buildRoleName = (agent: string, region: string): string =>
  `AmazonBedrockAgentCoreSDKCodeBuild-${region}-${shortHash(agent)}`

/** The inline policy of that role. */
export const buildPolicyName = 'CodeBuildExecutionPolicy'

/**
 * The tag that tells of which source an image was built. It is what a second deployment looks for, whoever built the
 * image, so that nothing is recorded that could be lost.
 */
export const sourceTag = (digest: string): string => `source-${digest.slice(0, 32)}`

/** The tag of an image without one of its own: when it was built, in UTC. */
export const timeTag = (ms: number): string => {
  const [day = '', time = ''] = new Date(ms).toISOString().replace(/[-:]/g, '').replace(/Z$/, '').split('T')
  return `${day}-${time.replace('.', '-')}`
}
