/** Asks for what the flags leave open, each with the most likely answer as default, and whether changes are meant. */
import * as TE from 'fp-ts/TaskEither'
import { type AgentConfig, isSet } from '../../config/Project'
import * as Rules from '../../config/Rules'
import { cancelled, type CliError, unexpected } from '../program/CliError'
import { askCallers } from './askCallers'
import { type Entry, suggestedName } from '../entry/EntryFile'
import type { ConfigureSettings } from './plan/flags'
import { loadPrompts, orEmpty, type Prompts } from './prompts'

/** The defaults of the prompts. */
export interface Defaults {
  /** The existing agent, if any. */
  readonly existing: AgentConfig | undefined
  /** The entry point of a new agent. */
  readonly entry: Entry | undefined
  readonly region: string | undefined
  /** The agent that is the default now, if any. */
  readonly defaultAgent: string | undefined
}

const deployments = {
  direct_code_deploy: 'code: a bundle that AWS runs on Node',
  container: 'container: an image, built with docker, finch or podman',
} as const

/** Whether flags say anything of who may call. */
const namesCallers = ({ authorizerConfig, issuer, clients, audience, scopes }: ConfigureSettings): boolean =>
  [authorizerConfig, issuer, clients, audience, scopes].some((setting) => setting !== undefined)

const askRegion = (prompts: Prompts, settings: ConfigureSettings, initial: string): Promise<string> =>
  settings.region === undefined ? prompts.text('AWS region', initial, Rules.region) : Promise.resolve(settings.region)

const askRole = async (prompts: Prompts, standing: string): Promise<string | undefined> => {
  const message = standing === '' ? 'ARN of its execution role (empty: created on deployment)' : 'Execution role'
  const role = await prompts.text(message, standing, standing === '' ? orEmpty(Rules.role) : Rules.role)
  return role === '' ? undefined : role
}

/** Of a new agent: all that the flags leave open. */
const forNew = async (
  prompts: Prompts,
  settings: ConfigureSettings,
  entry: Entry,
  { region, defaultAgent }: Defaults,
): Promise<ConfigureSettings> => {
  prompts.intro(`New agent from ${entry.file}`)
  const name =
    settings.name ?? (await prompts.text('Agent name', suggestedName(entry, settings.entrypoint), Rules.agentName))
  const isOpen = [settings.deploymentType, settings.ecr, settings.s3].every((setting) => !isSet(setting))
  const deploymentType = isOpen
    ? await prompts.choice('Deployment type', entry.hasDockerfile ? 'container' : 'direct_code_deploy', deployments)
    : settings.deploymentType
  const found = {
    ...settings,
    name,
    deploymentType,
    region: await askRegion(prompts, settings, region ?? 'us-west-2'),
    executionRole: settings.executionRole ?? (await askRole(prompts, '')),
  }
  const settled = namesCallers(found) ? found : await askCallers(prompts, found, undefined)
  if (settled.default || defaultAgent === undefined) return settled
  const isDefault = await prompts.confirm(`Make it the default agent? (now: ${defaultAgent})`, false)
  return { ...settled, default: isDefault }
}

/** Of an existing agent: what is likely to change, with what stands as default. */
const forExisting = async (
  prompts: Prompts,
  settings: ConfigureSettings,
  existing: AgentConfig,
  { region }: Defaults,
): Promise<ConfigureSettings> => {
  prompts.intro(`Agent ${existing.name}`)
  const standing = existing.aws?.execution_role ?? ''
  const found = {
    ...settings,
    region: await askRegion(prompts, settings, existing.aws?.region ?? region ?? 'us-west-2'),
    executionRole: await askRole(prompts, standing),
  }
  return askCallers(prompts, found, existing.authorizer_configuration)
}

const asking = <A>(use: (prompts: Prompts) => Promise<A>): TE.TaskEither<CliError, A> =>
  TE.tryCatch(
    async () => use(await loadPrompts()),
    (thrown) => (thrown === cancelled ? cancelled : unexpected(thrown)),
  )

/** Asks for settings. Left: `Cancelled`. */
export const ask = (settings: ConfigureSettings, around: Defaults): TE.TaskEither<CliError, ConfigureSettings> =>
  asking(async (prompts) => {
    const { existing, entry } = around
    if (existing !== undefined) return forExisting(prompts, settings, existing, around)
    if (entry === undefined) return settings
    const found = await forNew(prompts, settings, entry, around)
    prompts.outro('Done')
    return found
  })

/** Shows changes, and asks whether they are meant. Left: `Cancelled`. */
export const confirmed = (name: string, changes: string): TE.TaskEither<CliError, boolean> =>
  asking(async (prompts) => {
    prompts.show(`Changes of ${name}:\n${changes}`)
    const isMeant = await prompts.confirm('Write them?', true)
    prompts.outro(isMeant ? 'Done' : 'Nothing is written')
    return isMeant
  })
