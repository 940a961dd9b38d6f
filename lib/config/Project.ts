/** `.bedrock_agentcore.yaml` as a value: the agents of a folder, as the AgentCore starter toolkit writes them. */
import * as E from 'fp-ts/Either'
import * as t from 'io-ts'
import { type ConfigError, noDefault, unknownAgent } from './ConfigError'

// ---------------------------------------------------------------------------------------------------------------------
// codecs
// ---------------------------------------------------------------------------------------------------------------------

/** The file's name, in the folder that a command runs in. */
export const fileName = '.bedrock_agentcore.yaml'

/** Every field may be absent or null, as the toolkit writes what is not set. No union: what is wrong inside is told. */
const maybe = <A>(codec: t.Type<A, unknown>): t.Type<A | null | undefined, unknown> =>
  new t.Type(
    codec.name,
    (value): value is A | null | undefined => value === null || value === undefined || codec.is(value),
    (value, context) => (value === null || value === undefined ? t.success(value) : codec.validate(value, context)),
    (value) => (value === null || value === undefined ? value : codec.encode(value)),
  )

const text = maybe(t.string)
const flag = maybe(t.boolean)
const count = maybe(t.number)
const texts = maybe(t.array(t.string, 'a list of strings'))
const oneOf = <K extends Record<string, null>>(names: K): t.Type<keyof K | null | undefined, unknown> =>
  maybe(t.keyof(names, Object.keys(names).join(' or ')))

const Aws = t.partial(
  {
    execution_role: text,
    execution_role_auto_create: flag,
    account: text,
    region: text,
    ecr_repository: text,
    ecr_auto_create: flag,
    s3_path: text,
    s3_auto_create: flag,
    network_configuration: maybe(
      t.partial(
        {
          network_mode: oneOf({ PUBLIC: null, VPC: null }),
          network_mode_config: maybe(t.partial({ security_groups: texts, subnets: texts }, 'a map')),
        },
        'a map',
      ),
    ),
    protocol_configuration: maybe(
      t.partial({ server_protocol: oneOf({ HTTP: null, MCP: null, A2A: null, AGUI: null }) }, 'a map'),
    ),
    observability: maybe(t.partial({ enabled: flag }, 'a map')),
    lifecycle_configuration: maybe(t.partial({ idle_runtime_session_timeout: count, max_lifetime: count }, 'a map')),
  },
  'a map',
)

/** One agent. Fields that are not listed here are kept as they are. */
export const AgentConfig = t.intersection(
  [
    t.type({ name: t.string, entrypoint: t.string }, 'a map'),
    t.partial(
      {
        language: oneOf({ python: null, typescript: null }),
        node_version: maybe(t.union([t.string, t.number], 'string')),
        deployment_type: oneOf({ container: null, direct_code_deploy: null }),
        runtime_type: text,
        platform: text,
        container_runtime: text,
        source_path: text,
        aws: maybe(Aws),
        bedrock_agentcore: maybe(t.partial({ agent_id: text, agent_arn: text, agent_session_id: text }, 'a map')),
        codebuild: maybe(t.partial({ project_name: text, execution_role: text, source_bucket: text }, 'a map')),
        memory: maybe(t.partial({ mode: text, memory_id: text, memory_name: text }, 'a map')),
        authorizer_configuration: maybe(t.UnknownRecord),
        request_header_configuration: maybe(t.UnknownRecord),
      },
      'a map',
    ),
  ],
  'a map',
)

/** One agent. */
export type AgentConfig = t.TypeOf<typeof AgentConfig>

/** The whole file. */
export const Project = t.intersection(
  [t.type({ agents: t.record(t.string, AgentConfig, 'a map') }, 'a map'), t.partial({ default_agent: text }, 'a map')],
  'a map',
)

/** The whole file. */
export type Project = t.TypeOf<typeof Project>

// ---------------------------------------------------------------------------------------------------------------------
// destructors
// ---------------------------------------------------------------------------------------------------------------------

/** Whether a field says anything. */
export const isSet = <A>(field: A): field is NonNullable<A> => field !== undefined && field !== null

/** The names of the agents, in the order of the file. */
export const namesOf = (project: Project): ReadonlyArray<string> => Object.keys(project.agents)

/** The agent of that name; the default one without a name, or the only one. Left: `UnknownAgent`, `NoDefault`. */
export const agentOf =
  (name?: string) =>
  (project: Project): E.Either<ConfigError, AgentConfig> => {
    const known = namesOf(project)
    const wanted = name ?? project.default_agent ?? (known.length === 1 ? known[0] : undefined)
    if (wanted === undefined) return E.left(noDefault(known))
    const agent = Object.hasOwn(project.agents, wanted) ? project.agents[wanted] : undefined
    return agent === undefined ? E.left(unknownAgent(wanted, known)) : E.right(agent)
  }

/** How an agent is deployed; `container` where the file does not say, as the toolkit has it. */
export const deploymentTypeOf = (agent: AgentConfig): 'container' | 'direct_code_deploy' =>
  agent.deployment_type ?? 'container'

/** How long a session may be idle, and live at all, in seconds; the service's defaults where the file does not say. */
export const lifecycleOf = (
  agent: AgentConfig,
): { readonly idleRuntimeSessionTimeout: number; readonly maxLifetime: number } => {
  const { idle_runtime_session_timeout: idle, max_lifetime: life } = agent.aws?.lifecycle_configuration ?? {}
  const maxLifetime = life ?? 28_800
  return { idleRuntimeSessionTimeout: idle ?? Math.min(900, maxLifetime), maxLifetime }
}

/** The names of headers that reach the agent besides the service's own. */
export const headerAllowlistOf = (agent: AgentConfig): ReadonlyArray<string> => {
  const names: unknown = agent.request_header_configuration?.['requestHeaderAllowlist']
  return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : []
}
