/** Endpoints of agent runtimes in the control plane of AgentCore. */
import { randomUUID } from 'node:crypto'
import type { AgentRuntimeEndpoint } from '@aws-sdk/client-bedrock-agentcore-control'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import type { DeployError } from '../failure/DeployError'
import { lift, orElseNamed } from '../failure/ServiceFailure'
import type { ExistingEndpoint } from '../plan/EndpointPlan'
import type { ControlClient } from '../sdk/ControlClient'

/** An endpoint in a list. */
export type ListedEndpoint = AgentRuntimeEndpoint

/** An endpoint, by its runtime and name. */
export interface EndpointName {
  readonly runtime: string
  readonly endpoint: string
}

/** What is done with endpoints. Undefined: there is none. */
export interface Endpoints {
  readonly find: (name: EndpointName) => TE.TaskEither<DeployError, ExistingEndpoint | undefined>
  /** All endpoints of a runtime, through every page; none of a runtime that does not exist. */
  readonly list: (runtime: string) => TE.TaskEither<DeployError, ReadonlyArray<ListedEndpoint>>
  readonly create: (name: EndpointName, version: string) => TE.TaskEither<DeployError, void>
  readonly update: (name: EndpointName, version: string) => TE.TaskEither<DeployError, void>
  readonly remove: (name: EndpointName) => TE.TaskEither<DeployError, void>
}

const missing = ['ResourceNotFoundException', 'NotFound']

/** Endpoints of an account. */
export const endpoints = ({ control, modules: { control: Control } }: ControlClient): Endpoints => {
  const at = ({ runtime, endpoint }: EndpointName): { agentRuntimeId: string; endpointName: string } => ({
    agentRuntimeId: runtime,
    endpointName: endpoint,
  })
  const nothing = TE.map((): void => undefined)

  return {
    find: (name) =>
      pipe(
        lift('bedrock-agentcore:GetAgentRuntimeEndpoint')(() =>
          control.send(new Control.GetAgentRuntimeEndpointCommand(at(name))),
        ),
        TE.map(({ $metadata: _, ...found }): ExistingEndpoint => found),
        orElseNamed(missing, () => TE.right(undefined)),
      ),

    list: (runtime) =>
      pipe(
        lift('bedrock-agentcore:ListAgentRuntimeEndpoints')(async () => {
          const found: Array<ListedEndpoint> = []
          const pages = Control.paginateListAgentRuntimeEndpoints({ client: control }, { agentRuntimeId: runtime })
          for await (const { runtimeEndpoints = [] } of pages) found.push(...runtimeEndpoints)
          return found
        }),
        orElseNamed(missing, () => TE.right([])),
      ),

    create: ({ runtime, endpoint }, version) =>
      pipe(
        lift('bedrock-agentcore:CreateAgentRuntimeEndpoint')(() =>
          control.send(
            new Control.CreateAgentRuntimeEndpointCommand({
              agentRuntimeId: runtime,
              name: endpoint,
              agentRuntimeVersion: version,
              clientToken: randomUUID(),
            }),
          ),
        ),
        nothing,
      ),

    update: (name, version) =>
      pipe(
        lift('bedrock-agentcore:UpdateAgentRuntimeEndpoint')(() =>
          control.send(
            new Control.UpdateAgentRuntimeEndpointCommand({
              ...at(name),
              agentRuntimeVersion: version,
              clientToken: randomUUID(),
            }),
          ),
        ),
        nothing,
      ),

    remove: (name) =>
      pipe(
        lift('bedrock-agentcore:DeleteAgentRuntimeEndpoint')(() =>
          control.send(new Control.DeleteAgentRuntimeEndpointCommand(at(name))),
        ),
        nothing,
        orElseNamed(missing, () => TE.right(undefined)),
      ),
  }
}
