/** The client of the control plane of AgentCore alone, for commands that only look. */
import type * as Control from '@aws-sdk/client-bedrock-agentcore-control'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import type { DeployError } from '../failure/DeployError'
import { type ClientOptions, toShared } from './ClientOptions'
import { loadModule } from './SdkModule'

/** The client and its module. */
export interface ControlClient {
  readonly control: Control.BedrockAgentCoreControlClient
  readonly modules: { readonly control: typeof Control }
}

/** Opens the client. Left: `NoSdk`. */
export const openControl = (options: ClientOptions): TE.TaskEither<DeployError, ControlClient> =>
  pipe(
    loadModule('@aws-sdk/client-bedrock-agentcore-control', () => import('@aws-sdk/client-bedrock-agentcore-control')),
    TE.map((module) => ({
      control: new module.BedrockAgentCoreControlClient({ ...toShared(options), maxAttempts: 3 }),
      modules: { control: module },
    })),
  )
