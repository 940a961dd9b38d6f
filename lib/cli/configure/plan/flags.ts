/** The flags of `agentcore configure`. */
import * as Rules from '../../../config/Rules'
import { text, toggle, value, type Values } from '../../program/Flag'

/** The flags. */
export const flags = {
  entrypoint: text('-e, --entrypoint <path>', 'TypeScript or JavaScript file of the agent, or its folder'),
  name: value('--name <name>', 'name of the agent (default: derived from the path)', Rules.agentName),
  deploymentType: value(
    '--deployment-type <type>',
    'container or direct_code_deploy (default: container if there is a Dockerfile, else direct_code_deploy)',
    Rules.deploymentType,
  ),
  region: value('--region <region>', 'AWS region (default: AWS_REGION, or the region of your profile)', Rules.region),
  protocol: value(
    '--protocol <protocol>',
    'HTTP, MCP, A2A or AGUI (default: HTTP); this machine runs every agent as HTTP',
    Rules.protocol,
  ),
  executionRole: value(
    '--execution-role <arn>',
    'execution role of the agent (default: created on deployment)',
    Rules.role,
  ),
  codeBuildExecutionRole: value(
    '--code-build-execution-role <arn>',
    'role that builds its image (default: created on deployment)',
    Rules.role,
  ),
  ecr: value('--ecr <repository>', 'ECR repository for its images, or auto (container)', Rules.ecr),
  s3: value('--s3 <bucket>', 'location of its code: s3://bucket/prefix, or auto (direct_code_deploy)', Rules.s3),
  containerRuntime: value(
    '--container-runtime <engine>',
    'docker, finch or podman (default: the first one that works)',
    Rules.containerRuntime,
  ),
  runtime: value('--runtime <runtime>', 'runtime for its code: NODE_22 (direct_code_deploy)', Rules.runtime),
  language: value('--language <language>', 'typescript or javascript', Rules.language),
  issuer: value(
    '--issuer <url>',
    'accept bearer tokens of this OpenID provider (default: callers with AWS credentials, IAM)',
    Rules.issuer,
  ),
  clients: value('--clients <ids>', 'with --issuer: accepted client ids, comma-separated', Rules.tokenValues),
  audience: value('--audience <values>', 'with --issuer: accepted audiences, comma-separated', Rules.tokenValues),
  scopes: value('--scopes <names>', 'with --issuer: scopes of which one is required, comma-separated', Rules.scopes),
  authorizerConfig: text(
    '--authorizer-config <json>',
    'all of that and custom claims as JSON: {"customJWTAuthorizer": {…}}',
  ),
  requestHeaderAllowlist: value(
    '--request-header-allowlist <names>',
    'request headers passed on to the agent, comma-separated',
    Rules.headerAllowlist,
  ),
  vpc: toggle('--vpc', 'run in a VPC; requires --subnets and --security-groups'),
  subnets: value('--subnets <ids>', 'subnet ids, comma-separated', Rules.subnets),
  securityGroups: value('--security-groups <ids>', 'security group ids, comma-separated', Rules.securityGroups),
  idleTimeout: value(
    '--idle-timeout <seconds>',
    'session idle timeout, 60 to 28800 (default: 900)',
    Rules.sessionSeconds,
  ),
  maxLifetime: value(
    '--max-lifetime <seconds>',
    'maximum session lifetime, 60 to 28800 (default: 28800)',
    Rules.sessionSeconds,
  ),
  disableOtel: toggle('--disable-otel', 'for AgentCore: disable observability; no effect on this machine'),
  disableMemory: toggle(
    '--disable-memory',
    'for the starter toolkit: create no memory resource; no effect on this machine',
  ),
  requirementsFile: text('--requirements-file <path>', 'for Python agents; accepted and ignored'),
  default: toggle('--default', 'make it the agent that commands use without --agent'),
  nonInteractive: toggle('--non-interactive', 'never prompt or ask for confirmation; use the defaults'),
}

/** The flags as given on the command line. */
export type ConfigureFlags = Values<typeof flags>

/** The settings to apply, with the authorizer validated: null for none, undefined for that which stands. */
export type ConfigureSettings = Omit<ConfigureFlags, 'authorizerConfig'> & { readonly authorizerConfig: unknown }
