/** Folders for specs of the file of the agents. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Runs with a folder of its own, which is removed afterwards. */
export const inFolder = async <A>(use: (folder: string) => Promise<A>): Promise<A> => {
  const folder = await mkdtemp(join(tmpdir(), 'agentcore-config-'))
  try {
    return await use(folder)
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 10 })
  }
}

/** A file as the starter toolkit writes it: PyYAML's style, with what this package does not know, and comments. */
export const toolkitYaml = `# written by the starter toolkit
default_agent: support
agents:
  support:
    name: support
    language: typescript
    node_version: '20'
    entrypoint: src/index.ts
    deployment_type: container
    runtime_type: null
    platform: linux/arm64
    container_runtime: docker
    source_path: .
    aws:
      execution_role: arn:aws:iam::012345678901:role/Support
      execution_role_auto_create: false
      account: 012345678901
      region: us-east-1
      ecr_repository: null
      ecr_auto_create: true
      s3_path: null
      s3_auto_create: false
      network_configuration:
        network_mode: VPC
        network_mode_config:
          security_groups:
          - sg-0abc1234
          subnets:
          - subnet-0abc12345  # the first
          - subnet-0abc12346
      protocol_configuration:
        server_protocol: HTTP
      observability:
        enabled: true
      lifecycle_configuration:
        idle_runtime_session_timeout: 600
        max_lifetime: null
    bedrock_agentcore:
      agent_id: support-AbCdEf1234
      agent_arn: arn:aws:bedrock-agentcore:us-east-1:012345678901:runtime/support-AbCdEf1234
      agent_session_id: null
    codebuild:
      project_name: null
      execution_role: null
      source_bucket: null
    memory:
      mode: STM_ONLY
      memory_id: support_mem-1234567890
      memory_arn: null
      memory_name: support_mem
      event_expiry_days: 30
      first_invoke_memory_check_done: false
      was_created_by_toolkit: true
    identity:
      credential_providers: []
      workload: null
    aws_jwt:
      enabled: false
      audiences: []
      signing_algorithm: ES384
      issuer_url: null
      duration_seconds: 300
    authorizer_configuration:
      customJWTAuthorizer:
        discoveryUrl: https://idp.example/.well-known/openid-configuration
        allowedClients:
        - app
    request_header_configuration:
      requestHeaderAllowlist:
      - Authorization
    oauth_configuration: null
    a_field_of_tomorrow:
      kept: yes  # a yes of YAML 1.1
    is_generated_by_agentcore_create: false
`

/** One agent without a name above it, as the first toolkits wrote it. */
export const legacyYaml = `name: old  # the name
entrypoint: agent.py
platform: linux/arm64
aws:
  region: us-west-2
  account: '123456789012'
bedrock_agentcore:
  agent_id: old-AbCdEf1234
`
