/** Endpoints of a runtime: `DEFAULT` serves the newest version, a named one the version that it is pointed at. */
import type { GetAgentRuntimeEndpointResponse } from '@aws-sdk/client-bedrock-agentcore-control'
import { defaultEndpoint } from '../resources/ResourceNames'

/** An endpoint of a runtime. */
export type ExistingEndpoint = GetAgentRuntimeEndpointResponse

/** A step of a plan that is about an endpoint. */
export type EndpointStep =
  /** Creates a named endpoint, or updates it. The version is the newest one unless it is given. */
  | {
      readonly _tag: 'PointEndpoint'
      readonly endpoint: string
      readonly isNew: boolean
      readonly version: string | undefined
    }
  | { readonly _tag: 'AwaitEndpoint'; readonly endpoint: string; readonly version: string | undefined }

/** A version that an endpoint is to serve; undefined for one that the plan makes. */
export interface EndpointTarget {
  readonly endpoint: string
  readonly version: string | undefined
}

/** The steps that make a named endpoint serve a version; none where it does already, and for `DEFAULT`. */
export const pointSteps = (
  { endpoint, version }: EndpointTarget,
  existing: ExistingEndpoint | undefined,
): ReadonlyArray<EndpointStep> => {
  if (endpoint === defaultEndpoint) return []
  const pointed = { _tag: 'PointEndpoint' as const, endpoint, version }
  const awaited = { _tag: 'AwaitEndpoint' as const, endpoint, version }
  if (existing === undefined) return [{ ...pointed, isNew: true }, awaited]
  // The service refuses to update an endpoint that it is still making.
  const isBusy = existing.status === 'CREATING' || existing.status === 'UPDATING'
  const aimed = existing.targetVersion ?? existing.liveVersion
  const hasFailed = existing.status?.endsWith('FAILED') === true
  if (version !== undefined && aimed === version && !hasFailed) return isBusy ? [awaited] : []
  const settled = isBusy ? [{ ...awaited, version: aimed }] : []
  return [...settled, { ...pointed, isNew: false }, awaited]
}

/** A step in words. */
export const endpointWords = (step: EndpointStep): string => {
  switch (step._tag) {
    case 'PointEndpoint': {
      const version = step.version === undefined ? 'the new version' : `version ${step.version}`
      return step.isNew
        ? `create the endpoint ${step.endpoint} for ${version}`
        : `point the endpoint ${step.endpoint} at ${version}`
    }
    case 'AwaitEndpoint':
      return `wait until the endpoint ${step.endpoint} is ready`
  }
}
