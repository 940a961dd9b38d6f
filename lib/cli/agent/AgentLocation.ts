/** How an agent is reached from here: served by `dev`, by a local runtime, or deployed in the cloud. */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import type { DevRecord } from '../../config/DevRecord'
import type * as Record from '../../config/LocalRecord'
import type { AgentConfig } from '../../config/Project'
import { type CliError, failed } from '../program/CliError'
import { fetchOverview } from './RuntimeOverview'
import { findAllDev } from './RunningDev'
import { find } from './RunningRuntime'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** Where an agent is. */
export type AgentLocation =
  | { readonly _tag: 'Dev'; readonly url: string }
  | { readonly _tag: 'Local'; readonly record: Record.LocalRecord }
  /** Without an endpoint, AgentCore takes `DEFAULT`. */
  | { readonly _tag: 'Deployed'; readonly arn: string; readonly endpoint: string | undefined }

/** Where to look for an agent. */
export interface LocateOptions {
  /** Whether to use the local runtime even if the agent is deployed. */
  readonly isLocal: boolean
  /** The endpoint of the deployed agent. */
  readonly endpoint?: string | undefined
}

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/** Whatever serves at a port of this machine. */
export const devAt = (port: number): AgentLocation => ({ _tag: 'Dev', url: `http://127.0.0.1:${port}` })

/** An agent that `agentcore dev` serves, and the name it serves it by. */
export interface DevLocation {
  readonly name: string
  readonly reach: AgentLocation
}

const notServed = (name: string | undefined): CliError =>
  failed(
    'NOT_RUNNING',
    `agentcore dev is not running in this folder${name === undefined ? '' : ` for ${name}`}`,
    'start it with agentcore dev, or call any other server with --port',
  )

const severalServed = (names: ReadonlyArray<string>): CliError =>
  failed('AMBIGUOUS', `agentcore dev serves several agents: ${names.join(', ')}`, 'choose one with --agent')

/**
 * Locates what `agentcore dev` serves from a folder: the requested agent, else the default one, else the only one. Left:
 * `Failed`.
 */
export const locateDev = (
  cwd: string,
  requested: string | undefined,
  fallback: string | undefined,
): TE.TaskEither<CliError, DevLocation> =>
  pipe(
    TE.fromTask<ReadonlyArray<DevRecord>, CliError>(findAllDev(cwd)),
    TE.chainEitherK((records) => {
      const named = records.find(({ agent }) => agent === (requested ?? fallback))
      const names = requested === undefined ? [...new Set(records.map(({ agent }) => agent))] : []
      if (named === undefined && names.length > 1) return E.left(severalServed(names))
      const found = named ?? (names.length === 1 ? records[0] : undefined)
      return found === undefined
        ? E.left(notServed(requested ?? fallback))
        : E.right({ name: found.agent, reach: { _tag: 'Dev', url: found.endpoint } })
    }),
  )

const notRunning = (name: string): CliError =>
  failed('NOT_RUNNING', `No local runtime is running for ${name}`, 'start it with agentcore deploy --local --detach')

const nowhere = (name: string): CliError =>
  failed(
    'NOT_DEPLOYED',
    `${name} is neither deployed nor running locally`,
    'run agentcore deploy, or agentcore deploy --local --detach, or agentcore dev and invoke with --dev',
  )

const deployedAt = (
  { bedrock_agentcore: ids }: AgentConfig,
  endpoint: string | undefined,
): AgentLocation | undefined => {
  const arn = ids?.agent_arn ?? undefined
  return arn === undefined || arn === '' ? undefined : { _tag: 'Deployed', arn, endpoint }
}

const notDeployed = (name: string): CliError =>
  failed('NOT_DEPLOYED', `${name} is not deployed, and --endpoint is for deployed agents`, 'run agentcore deploy first')

/** Locates an agent: the local runtime if requested, else the cloud, else the local runtime. Left: `Failed`, `Config`. */
export const locateAgent = (
  cwd: string,
  agent: AgentConfig,
  { isLocal, endpoint }: LocateOptions,
): TE.TaskEither<CliError, AgentLocation> => {
  const deployed = isLocal ? undefined : deployedAt(agent, endpoint)
  if (deployed !== undefined) return TE.right(deployed)
  if (endpoint !== undefined) return TE.left(notDeployed(agent.name))
  return pipe(
    find(cwd, agent.name),
    TE.chain((runtime): TE.TaskEither<CliError, AgentLocation> => {
      if (runtime._tag !== 'Running') return TE.left(isLocal ? notRunning(agent.name) : nowhere(agent.name))
      const { record } = runtime
      return pipe(
        fetchOverview(record), // it says who it is before it is sent a token or a payload
        TE.map(() => ({ _tag: 'Local', record })),
      )
    }),
  )
}

// ---------------------------------------------------------------------------------------------------------------------
// destructors
// ---------------------------------------------------------------------------------------------------------------------

/** The `target` of JSON output. */
export const toName = (reach: AgentLocation): 'dev' | 'local' | 'deployed' => {
  switch (reach._tag) {
    case 'Dev':
      return 'dev'
    case 'Local':
      return 'local'
    case 'Deployed':
      return 'deployed'
  }
}

/** What to do when the agent does not respond. */
export const unreachableHint = (reach: AgentLocation): string => {
  switch (reach._tag) {
    case 'Dev':
      return 'start it with agentcore dev, or set its port with --port'
    case 'Local':
      return 'check agentcore status, or restart it with agentcore deploy --local --detach'
    case 'Deployed':
      return 'check that this machine can reach AWS'
  }
}

/** What becomes of a turn whose caller has pressed Ctrl-C. */
export const turnAfterCancel = (reach: AgentLocation): string => {
  switch (reach._tag) {
    case 'Dev':
    case 'Local':
      return 'the turn of the agent has been aborted'
    case 'Deployed':
      return 'AgentCore lets the agent finish its turn; agentcore stop-session ends it, and its session'
  }
}
