/** `.bedrock_agentcore.yaml` as a value: the agents of a folder, as the AgentCore starter toolkit writes them. */
import * as E from 'fp-ts/Either'
import * as t from 'io-ts'
import { type ConfigError, noDefault, unknownAgent } from './ConfigError'
import * as Lifecycle from '../core/Lifecycle'
import * as Rules from './Rules'

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

/** A text that a rule takes: what becomes a path, a part of a command, a URL or a header is checked when it is read. */
const withRule = (name: string, rule: Rules.Rule): t.Type<string, unknown> =>
  new t.Type<string, string, unknown>(
    name,
    (value): value is string => typeof value === 'string' && E.isRight(rule(value)),
    (value, context) => {
      if (typeof value !== 'string') return t.failure(value, context)
      const found = rule(value)
      return E.isLeft(found) ? t.failure(value, context, found.left) : t.success(value)
    },
    t.identity,
  )

/** As `ruled`; an empty text says nothing, as null does. */
const maybeWithRule = (name: string, rule: Rules.Rule): t.Type<string | null | undefined, unknown> =>
  maybe(withRule(name, (value) => (value === '' ? E.right(value) : rule(value))))

const plain = withRule('string', Rules.plainText)
const text = maybe(plain)
const flag = maybe(t.boolean)
const count = maybe(t.number)
const texts = maybe(t.array(plain, 'a list of strings'))
const oneOf = <K extends Record<string, null>>(names: K): t.Type<keyof K | null | undefined, unknown> =>
  maybe(t.keyof(names, Object.keys(names).join(' or ')))

type Protocol = 'HTTP' | 'MCP' | 'A2A' | 'AGUI'

/** A protocol in any case, as the toolkit reads it. */
const Protocol: t.Type<Protocol, unknown> = new t.Type<Protocol, Protocol, unknown>(
  'HTTP or MCP or A2A or AGUI',
  (value): value is Protocol => value === 'HTTP' || value === 'MCP' || value === 'A2A' || value === 'AGUI',
  (value, context) => {
    const found = typeof value === 'string' ? Rules.protocol(value) : E.left('')
    return E.isLeft(found) ? t.failure(value, context) : t.success(found.right)
  },
  t.identity,
)

/** A number, as YAML reads `20`, or a text. */
const nodeVersion: t.Type<string | number, unknown> = new t.Type<string | number, string | number, unknown>(
  'string',
  (value): value is string | number =>
    (typeof value === 'string' || typeof value === 'number') && E.isRight(Rules.nodeVersion(String(value))),
  (value, context) => {
    if (typeof value !== 'string' && typeof value !== 'number') return t.failure(value, context)
    const found = Rules.nodeVersion(String(value))
    return E.isLeft(found) ? t.failure(value, context, found.left) : t.success(value)
  },
  t.identity,
)

const Aws = t.partial(
  {
    execution_role: text,
    execution_role_auto_create: flag,
    account: text,
    region: maybeWithRule('string', Rules.region),
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
    protocol_configuration: maybe(t.partial({ server_protocol: maybe(Protocol) }, 'a map')),
    observability: maybe(t.partial({ enabled: flag }, 'a map')),
    lifecycle_configuration: maybe(t.partial({ idle_runtime_session_timeout: count, max_lifetime: count }, 'a map')),
  },
  'a map',
)

/** One agent. Fields that are not listed here are kept as they are. */
export const AgentConfig = t.intersection(
  [
    t.type({ name: withRule('string', Rules.agentName), entrypoint: plain }, 'a map'),
    t.partial(
      {
        language: oneOf({ python: null, typescript: null }),
        node_version: maybe(nodeVersion),
        deployment_type: oneOf({ container: null, direct_code_deploy: null }),
        runtime_type: text,
        platform: maybeWithRule('string', Rules.platform),
        container_runtime: text,
        source_path: text,
        aws: maybe(Aws),
        bedrock_agentcore: maybe(
          t.partial(
            {
              agent_id: text,
              agent_arn: text,
              agent_session_id: maybeWithRule('string', Rules.sessionId),
              managed_fields: texts,
            },
            'a map',
          ),
        ),
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

const Agents = t.record(t.string, AgentConfig, 'a map')

/**
 * Agents by name. A record of io-ts drops keys that do not fit; here they are told. The name of an agent is its key, as
 * for the toolkit, whatever its `name` says: that is what `default_agent` and `--agent` refer to.
 */
const NamedAgents: t.Type<t.TypeOf<typeof Agents>, unknown> = new t.Type(
  'a map',
  Agents.is,
  (value, context) => {
    const decoded = Agents.validate(value, context)
    if (E.isLeft(decoded)) return decoded
    const faults = Object.keys(decoded.right).flatMap((key) => {
      const found = Rules.agentName(key)
      return E.isLeft(found)
        ? [{ value: key, context: t.appendContext(context, key, t.string, key), message: found.left }]
        : []
    })
    if (faults.length > 0) return t.failures(faults)
    return t.success(
      Object.fromEntries(Object.entries(decoded.right).map(([name, agent]) => [name, { ...agent, name }])),
    )
  },
  Agents.encode,
)

/** The whole file. */
export const Project = t.intersection(
  [t.type({ agents: NamedAgents }, 'a map'), t.partial({ default_agent: text }, 'a map')],
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
export const toNames = (project: Project): ReadonlyArray<string> => Object.keys(project.agents)

/** The agent of that name; the default one without a name, or the only one. Left: `UnknownAgent`, `NoDefault`. */
export const toAgent =
  (name?: string) =>
  (project: Project): E.Either<ConfigError, AgentConfig> => {
    const known = toNames(project)
    const wanted = name ?? project.default_agent ?? (known.length === 1 ? known[0] : undefined)
    if (wanted === undefined) return E.left(noDefault(known))
    const agent = Object.hasOwn(project.agents, wanted) ? project.agents[wanted] : undefined
    return agent === undefined ? E.left(unknownAgent(wanted, known)) : E.right(agent)
  }

/** How an agent is deployed; `container` where the file does not say, as the toolkit has it. */
export const toDeploymentType = (agent: AgentConfig): 'container' | 'direct_code_deploy' =>
  agent.deployment_type ?? 'container'

/** How long a session may be idle, and live at all, in seconds; the service's defaults where the file does not say. */
export const toLifecycle = (agent: AgentConfig): Lifecycle.Lifecycle => {
  const { idle_runtime_session_timeout: idle, max_lifetime: life } = agent.aws?.lifecycle_configuration ?? {}
  return Lifecycle.toLifecycle({ idleRuntimeSessionTimeout: idle, maxLifetime: life })
}

/** The names of headers that reach the agent besides the service's own. */
export const toHeaderAllowlist = (agent: AgentConfig): ReadonlyArray<string> => {
  const names: unknown = agent.request_header_configuration?.['requestHeaderAllowlist']
  return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : []
}
