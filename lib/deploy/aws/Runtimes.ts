/** Agent runtimes in the control plane of AgentCore. */
import { randomUUID } from 'node:crypto'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { type DeployError, nameTaken } from '../failure/DeployError'
import { lift, orElseNamed } from '../failure/ServiceFailure'
import type { ExistingRuntime, RuntimeReplacement, WantedRuntime } from '../plan/RuntimeRequest'
import type { ControlClient } from '../sdk/ControlClient'

/** A runtime that was made or replaced. */
export interface RuntimeVersion {
  readonly id: string
  readonly arn: string
  readonly version: string
}

/** What is done with runtimes. Undefined: there is none. */
export interface Runtimes {
  /** The newest version of a runtime, or a given one. */
  readonly find: (id: string, version?: string) => TE.TaskEither<DeployError, ExistingRuntime | undefined>
  /** The id of the runtime of a name, sought through every page. */
  readonly findByName: (name: string) => TE.TaskEither<DeployError, string | undefined>
  readonly create: (wanted: WantedRuntime) => TE.TaskEither<DeployError, RuntimeVersion>
  readonly update: (replacement: RuntimeReplacement) => TE.TaskEither<DeployError, RuntimeVersion>
  readonly remove: (id: string) => TE.TaskEither<DeployError, void>
  /** The versions of a runtime, the newest first, through every page. */
  readonly versions: (id: string) => TE.TaskEither<DeployError, ReadonlyArray<string>>
}

const missing = ['ResourceNotFoundException', 'NotFound']

/** Runtimes of an account. */
export const runtimes = ({ control, modules: { control: Control } }: ControlClient): Runtimes => {
  const find = (id: string, version?: string): TE.TaskEither<DeployError, ExistingRuntime | undefined> =>
    pipe(
      lift('bedrock-agentcore:GetAgentRuntime')(() =>
        control.send(
          new Control.GetAgentRuntimeCommand({
            agentRuntimeId: id,
            ...(version === undefined ? {} : { agentRuntimeVersion: version }),
          }),
        ),
      ),
      TE.map(({ $metadata: _, ...runtime }): ExistingRuntime => runtime),
      orElseNamed(missing, () => TE.right(undefined)),
    )

  const findByName = (name: string): TE.TaskEither<DeployError, string | undefined> =>
    lift('bedrock-agentcore:ListAgentRuntimes')(async () => {
      for await (const { agentRuntimes = [] } of Control.paginateListAgentRuntimes({ client: control }, {})) {
        const found = agentRuntimes.find(({ agentRuntimeName }) => agentRuntimeName === name)
        if (found !== undefined) return found.agentRuntimeId
      }
      return undefined
    })

  const create = (wanted: WantedRuntime): TE.TaskEither<DeployError, RuntimeVersion> =>
    pipe(
      lift('bedrock-agentcore:CreateAgentRuntime')(() =>
        // One token for all attempts of the SDK: an answer that was lost makes no second runtime.
        control.send(new Control.CreateAgentRuntimeCommand({ ...wanted, clientToken: randomUUID() })),
      ),
      TE.map(toVersion),
      orElseNamed(['ConflictException'], () => TE.left(nameTaken(wanted.agentRuntimeName ?? ''))),
    )

  const update = (replacement: RuntimeReplacement): TE.TaskEither<DeployError, RuntimeVersion> =>
    pipe(
      lift('bedrock-agentcore:UpdateAgentRuntime')(() =>
        control.send(new Control.UpdateAgentRuntimeCommand({ ...replacement, clientToken: randomUUID() })),
      ),
      TE.map(toVersion),
    )

  const remove = (id: string): TE.TaskEither<DeployError, void> =>
    pipe(
      lift('bedrock-agentcore:DeleteAgentRuntime')(() =>
        control.send(new Control.DeleteAgentRuntimeCommand({ agentRuntimeId: id })),
      ),
      TE.map(() => undefined),
      orElseNamed(missing, () => TE.right(undefined)),
    )

  const versions = (id: string): TE.TaskEither<DeployError, ReadonlyArray<string>> =>
    pipe(
      lift('bedrock-agentcore:ListAgentRuntimeVersions')(async () => {
        const found: Array<string> = []
        const pages = Control.paginateListAgentRuntimeVersions({ client: control }, { agentRuntimeId: id })
        for await (const { agentRuntimes = [] } of pages)
          found.push(...agentRuntimes.flatMap(({ agentRuntimeVersion }) => agentRuntimeVersion ?? []))
        return found.sort((a, b) => Number(b) - Number(a))
      }),
      orElseNamed(missing, () => TE.right([])),
    )

  return { find, findByName, versions, create, update, remove }
}

const toVersion = (made: {
  readonly agentRuntimeId: string | undefined
  readonly agentRuntimeArn: string | undefined
  readonly agentRuntimeVersion: string | undefined
}): RuntimeVersion => ({
  id: made.agentRuntimeId ?? '',
  arn: made.agentRuntimeArn ?? '',
  version: made.agentRuntimeVersion ?? '',
})
