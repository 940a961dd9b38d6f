/** Runs the steps of a plan that are about endpoints. */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import type { EndpointName, Endpoints } from './aws/Endpoints'
import { type Look, until, type WaitOptions } from './aws/Waiting'
import { type DeployError, runtimeFailed } from './failure/DeployError'
import type { EndpointStep } from './plan/EndpointPlan'
import { logGroup } from './resources/ResourceNames'

/** What a step is run with. */
export interface EndpointWith {
  readonly endpoints: Endpoints
  readonly wait: WaitOptions
  readonly onStatus: (status: string) => void
  /** The id of the runtime. */
  readonly runtime: string
  /** The newest version of the runtime. */
  readonly newest: string | undefined
}

/** Runs a step. */
export const runEndpointStep =
  ({ endpoints, wait, onStatus, runtime, newest }: EndpointWith) =>
  (step: EndpointStep): TE.TaskEither<DeployError, void> => {
    const name = { runtime, endpoint: step.endpoint }
    const version = step.version ?? newest
    switch (step._tag) {
      case 'PointEndpoint':
        return step.isNew ? endpoints.create(name, version ?? '') : endpoints.update(name, version ?? '')
      case 'AwaitEndpoint':
        return pipe(look(endpoints, name, version), until(wait, `The endpoint ${step.endpoint}`, 300, onStatus))
    }
  }

/** An endpoint takes on a version with some delay: ready with another one is not ready yet. */
const look = (
  endpoints: Endpoints,
  name: EndpointName,
  version: string | undefined,
): TE.TaskEither<DeployError, Look<void>> =>
  pipe(
    endpoints.find(name),
    TE.chainEitherK((found) => {
      const { status = 'not there yet', liveVersion, failureReason = '' } = found ?? {}
      if (status.endsWith('FAILED')) {
        const group = logGroup(name.runtime, name.endpoint)
        return E.left(runtimeFailed(`The endpoint ${name.endpoint}`, status, failureReason, group))
      }
      const isLive = version === undefined || liveVersion === undefined || liveVersion === version
      return E.right(status === 'READY' && isLive ? { _tag: 'Ready', value: undefined } : { _tag: 'Waiting', status })
    }),
  )
