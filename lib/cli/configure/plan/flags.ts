/** The flags of `agentcore configure`. */
import * as Rules from '../../../config/Rules'
import { text, toggle, value, type Values } from '../../program/Flag'

/** The flags. */
export const flags = {
  entrypoint: text('-e, --entrypoint <path>', 'the TypeScript or JavaScript file of the agent, or its folder'),
  name: value('--name <name>', 'the name of the agent (default: made of the path)', Rules.agentName),
  deploymentType: value(
    '--deployment-type <type>',
    'container or direct_code_deploy (default: direct_code_deploy, or container where there is a Dockerfile)',
    Rules.deploymentType,
  ),
  region: value('--region <region>', 'the AWS region (default: AWS_REGION, or that of your profile)', Rules.region),
  protocol: value('--protocol <protocol>', 'HTTP, MCP, A2A or AGUI (default: HTTP)', Rules.protocol),
  executionRole: value(
    '--execution-role <arn>',
    'the role that the agent has in the cloud (default: made when it is deployed)',
    Rules.role,
  ),
  codeBuildExecutionRole: value(
    '--code-build-execution-role <arn>',
    'the role that builds its image (default: made when it is deployed)',
    Rules.role,
  ),
  ecr: value('--ecr <repository>', 'where its images are kept: an ECR repository, or auto (container)', Rules.ecr),
  s3: value('--s3 <bucket>', 'where its code is kept: s3://bucket/prefix, or auto (direct_code_deploy)', Rules.s3),
  containerRuntime: value(
    '--container-runtime <engine>',
    'docker, finch or podman (default: the one that is here)',
    Rules.containerRuntime,
  ),
  runtime: value('--runtime <runtime>', 'what runs its code: NODE_22 (direct_code_deploy)', Rules.runtime),
  language: value('--language <language>', 'typescript or javascript', Rules.language),
  authorizerConfig: text('--authorizer-config <json>', 'who may call: {"customJWTAuthorizer": {…}} (default: IAM)'),
  requestHeaderAllowlist: value(
    '--request-header-allowlist <names>',
    'headers of callers that reach the agent, separated by commas',
    Rules.headerAllowlist,
  ),
  vpc: toggle('--vpc', 'run in a VPC; takes --subnets and --security-groups'),
  subnets: value('--subnets <ids>', 'subnets, separated by commas', Rules.subnets),
  securityGroups: value('--security-groups <ids>', 'security groups, separated by commas', Rules.securityGroups),
  idleTimeout: value(
    '--idle-timeout <seconds>',
    'how long a session may be idle, 60 to 28800 (default: 900)',
    Rules.sessionSeconds,
  ),
  maxLifetime: value(
    '--max-lifetime <seconds>',
    'how long a session may live, 60 to 28800 (default: 28800)',
    Rules.sessionSeconds,
  ),
  disableOtel: toggle('--disable-otel', 'without observability'),
  disableMemory: toggle('--disable-memory', 'without a memory resource'),
  requirementsFile: text('--requirements-file <path>', 'for Python agents; taken, and ignored with a note'),
  nonInteractive: toggle('--non-interactive', 'never ask; take the defaults'),
}

/** What the command line says, as it was written. */
export type Given = Values<typeof flags>

/** What is wished for: the authorizer is one that was checked. */
export type Wishes = Omit<Given, 'authorizerConfig'> & { readonly authorizerConfig: unknown }
