/** What specs of deployments share: an agent, and runs of it against an account in memory. */
import * as E from 'fp-ts/Either'
import * as TE from 'fp-ts/TaskEither'
import type { Change } from '../../lib/config/Document'
import type { AgentConfig } from '../../lib/config/Project'
import { deployAgent, type Deployed, type DeployWith, type Runnable, type Stopped } from '../../lib/deploy/deployAgent'
import { toFileChanges } from '../../lib/deploy/DeployState'
import { findExisting } from '../../lib/deploy/findExisting'
import type { DeployError } from '../../lib/deploy/failure/DeployError'
import { type DeployPlan, toPlan } from '../../lib/deploy/plan/DeployPlan'
import { type DeployOverrides, type DeploySettings, toSettings } from '../../lib/deploy/plan/DeploySettings'
import type { Place } from '../../lib/deploy/resources/ResourceNames'
import { type FakeAccount, noPause } from './account'

export const place: Place = { account: '123456789012', region: 'eu-west-1', partition: 'aws' }

export const agentNamed = (name: string, more: Partial<AgentConfig> = {}): AgentConfig => ({
  name,
  entrypoint: 'src/index.ts',
  deployment_type: 'direct_code_deploy',
  ...more,
})

export const right = <L, A>(result: E.Either<L, A>): A => {
  if (E.isLeft(result)) throw new Error(`left: ${JSON.stringify(result.left)}`)
  return result.right
}

export const left = <L, A>(result: E.Either<L, A>): L => {
  if (E.isRight(result)) throw new Error(`right: ${JSON.stringify(result.right)}`)
  return result.left
}

export const settingsOf = (agent: AgentConfig, overrides: DeployOverrides = { env: [] }): DeploySettings =>
  right(toSettings(place, overrides)(agent))

type Fields = Readonly<Record<string, unknown>>

const withChange = (fields: Fields, { path: [key = '', ...rest], value }: Change): Fields => ({
  ...fields,
  [key]: rest.length === 0 ? value : withChange((fields[key] ?? {}) as Fields, { path: rest, value }),
})

/** An agent with changes of the file, which are below `agents` and its name. */
export const changed = (agent: AgentConfig, changes: ReadonlyArray<Change>): AgentConfig =>
  changes.reduce<AgentConfig>(
    (now, { path, value }) => withChange(now, { path: path.slice(2), value }) as AgentConfig, // what the file has then
    agent,
  )

export interface Run {
  readonly result: E.Either<Stopped, Deployed>
  readonly plan: DeployPlan
  /** The agent as the file has it afterwards. */
  readonly agent: AgentConfig
}

export interface RunOptions {
  readonly digest?: string
  readonly overrides?: DeployOverrides
  readonly updatesOnConflict?: boolean
  readonly adopts?: boolean
  readonly signal?: AbortSignal
  readonly onStep?: DeployWith['onStep']
  readonly engine?: DeployWith['engine']
}

/** The plan of a deployment. */
export const planOf = async (
  { account }: FakeAccount,
  agent: AgentConfig,
  { digest = 'a'.repeat(64), overrides = { env: [] }, updatesOnConflict = false, adopts = false }: RunOptions = {},
): Promise<E.Either<DeployError, DeployPlan>> => {
  const settings = settingsOf(agent, overrides)
  const code = { digest, bytes: 1000 }
  const existing = await findExisting(account, settings, code, agent)()
  return E.isLeft(existing) ? existing : toPlan({ updatesOnConflict, adopts })(settings, code, existing.right)
}

/** Plans and runs a deployment. */
export const deploy = async (fake: FakeAccount, agent: AgentConfig, options: RunOptions = {}): Promise<Run> => {
  const plan = right(await planOf(fake, agent, options))
  return { plan, ...(await runPlan(fake, agent, plan, options)) }
}

/** Runs a plan. */
export const runPlan = async (
  fake: FakeAccount,
  agent: AgentConfig,
  plan: Runnable,
  options: Pick<RunOptions, 'signal' | 'onStep' | 'engine'> = {},
): Promise<Omit<Run, 'plan'>> => {
  const before = await fake.account.runtimes.find(agent.bedrock_agentcore?.agent_id ?? '')()
  const known = E.isRight(before) ? before.right : undefined
  const named = [...fake.contents.runtimes.values()].find((found) => found.agentRuntimeName === agent.name)
  const found = known ?? named
  let now = agent
  const result = await deployAgent({
    account: fake.account,
    zip: new Uint8Array(1000),
    engine: options.engine,
    wait: { pause: noPause, signal: options.signal ?? new AbortController().signal },
    save: (fact) => {
      now = changed(now, toFileChanges(now, plan.settings, fact))
      return TE.right(undefined)
    },
    onStep: options.onStep ?? (() => undefined),
  })(
    plan,
    found === undefined
      ? undefined
      : {
          id: found.agentRuntimeId ?? '',
          arn: found.agentRuntimeArn ?? '',
          version: found.agentRuntimeVersion ?? '',
        },
  )()
  return { result, agent: now }
}
