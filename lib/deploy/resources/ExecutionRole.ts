/** The policies of an execution role: who may take it on, and what an agent may do with it. No more than agents use. */
import type { Policy } from './Policy'
import type { Place } from './ResourceNames'

/** Lets the service take the role on, for runtimes of this account and region alone. */
export const trustPolicy = ({ partition, region, account }: Place): Policy => ({
  Version: '2012-10-17',
  Statement: [
    {
      Sid: 'AssumeRole',
      Effect: 'Allow',
      Principal: { Service: 'bedrock-agentcore.amazonaws.com' },
      Action: 'sts:AssumeRole',
      Condition: {
        StringEquals: { 'aws:SourceAccount': account },
        ArnLike: { 'aws:SourceArn': `arn:${partition}:bedrock-agentcore:${region}:${account}:*` },
      },
    },
  ],
})

/** What the policy of an agent depends on. */
export interface ExecutionNeeds {
  readonly agent: string
  readonly protocol: string
  /** The ARN of the repository that its image is pulled from. */
  readonly repository?: string | undefined
}

/** What an agent may do: write logs, traces and metrics, call models, and get the tokens of its own identity. */
export const executionPolicy = (
  { partition, region, account }: Place,
  { agent, protocol, repository }: ExecutionNeeds,
): Policy => {
  const arn = (service: string, resource: string): string =>
    `arn:${partition}:${service}:${region}:${account}:${resource}`
  const group = arn('logs', 'log-group:/aws/bedrock-agentcore/runtimes/*')
  const directory = arn('bedrock-agentcore', 'workload-identity-directory/default')
  const identities = [directory, `${directory}/workload-identity/${agent}-*`]
  const vault = arn('bedrock-agentcore', 'token-vault/default')
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'LogGroups',
        Effect: 'Allow',
        Action: ['logs:CreateLogGroup', 'logs:DescribeLogStreams'],
        Resource: group,
      },
      { Sid: 'FindLogGroups', Effect: 'Allow', Action: 'logs:DescribeLogGroups', Resource: arn('logs', 'log-group:*') },
      {
        Sid: 'WriteLogs',
        Effect: 'Allow',
        Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        Resource: `${group}:log-stream:*`,
      },
      {
        Sid: 'Traces',
        Effect: 'Allow',
        Action: [
          'xray:PutTraceSegments',
          'xray:PutTelemetryRecords',
          'xray:GetSamplingRules',
          'xray:GetSamplingTargets',
        ],
        Resource: '*',
      },
      {
        Sid: 'Metrics',
        Effect: 'Allow',
        Action: 'cloudwatch:PutMetricData',
        Resource: '*',
        Condition: { StringEquals: { 'cloudwatch:namespace': 'bedrock-agentcore' } },
      },
      {
        Sid: 'Models',
        Effect: 'Allow',
        Action: ['bedrock:InvokeModel', 'bedrock:InvokeModelWithResponseStream', 'bedrock:ApplyGuardrail'],
        Resource: [
          `arn:${partition}:bedrock:*::foundation-model/*`,
          `arn:${partition}:bedrock:*:*:inference-profile/*`,
          arn('bedrock', '*'),
        ],
      },
      {
        Sid: 'ModelSubscriptions',
        Effect: 'Allow',
        Action: ['aws-marketplace:ViewSubscriptions', 'aws-marketplace:Subscribe'],
        Resource: '*',
        Condition: { StringEquals: { 'aws:CalledViaLast': 'bedrock.amazonaws.com' } },
      },
      {
        Sid: 'OwnIdentity',
        Effect: 'Allow',
        Action: [
          'bedrock-agentcore:GetWorkloadAccessToken',
          'bedrock-agentcore:GetWorkloadAccessTokenForJWT',
          'bedrock-agentcore:GetWorkloadAccessTokenForUserId',
        ],
        Resource: identities,
      },
      {
        Sid: 'StoredCredentials',
        Effect: 'Allow',
        Action: ['bedrock-agentcore:GetResourceApiKey', 'bedrock-agentcore:GetResourceOauth2Token'],
        Resource: [vault, `${vault}/*`, ...identities],
      },
      {
        Sid: 'StoredSecrets',
        Effect: 'Allow',
        Action: 'secretsmanager:GetSecretValue',
        Resource: [
          arn('secretsmanager', 'secret:bedrock-agentcore-identity!default/oauth2/*'),
          arn('secretsmanager', 'secret:bedrock-agentcore-identity!default/apikey/*'),
        ],
      },
      {
        Sid: 'CodeInterpreter',
        Effect: 'Allow',
        Action: [
          'bedrock-agentcore:StartCodeInterpreterSession',
          'bedrock-agentcore:InvokeCodeInterpreter',
          'bedrock-agentcore:StopCodeInterpreterSession',
          'bedrock-agentcore:GetCodeInterpreterSession',
          'bedrock-agentcore:ListCodeInterpreterSessions',
        ],
        Resource: `arn:${partition}:bedrock-agentcore:${region}:aws:code-interpreter/aws.codeinterpreter.v1`,
      },
      ...(repository === undefined ? [] : pulling(repository)),
      ...(protocol === 'A2A'
        ? [
            {
              Sid: 'OtherAgents',
              Effect: 'Allow' as const, // `'Allow'` alone would become a string in the spread
              Action: ['bedrock-agentcore:InvokeAgentRuntime', 'bedrock-agentcore:InvokeAgentRuntimeForUser'],
              Resource: arn('bedrock-agentcore', 'runtime/*'),
            },
          ]
        : []),
    ],
  }
}

/** Pulling an image. A token is not of one repository. */
const pulling = (repository: string): Policy['Statement'] => [
  {
    Sid: 'PullImage',
    Effect: 'Allow',
    Action: ['ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'],
    Resource: repository,
  },
  { Sid: 'RegistryToken', Effect: 'Allow', Action: 'ecr:GetAuthorizationToken', Resource: '*' },
]
