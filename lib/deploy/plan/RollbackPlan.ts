/**
 * A roll-back to an earlier version. A named endpoint is pointed at it. `DEFAULT` always serves the newest version, so there
 * the earlier version is made again as the newest one, with its code and its settings.
 */
import * as E from 'fp-ts/Either'
import { type DeployError, unknownVersion } from '../failure/DeployError'
import { defaultEndpoint } from '../resources/ResourceNames'
import type { Step } from './DeployPlan'
import type { DeploySettings } from './DeploySettings'
import { type ExistingEndpoint, pointSteps } from './EndpointPlan'
import { fieldsOf } from './ManagedFields'
import { type ExistingRuntime, toChanges, toSecured } from './RuntimeRequest'

/** What there is of a deployed agent. */
export interface Versions {
  /** The runtime, as its newest version has it. */
  readonly current: ExistingRuntime
  /** The version to roll back to; undefined if there is none. */
  readonly earlier: ExistingRuntime | undefined
  /** All versions, the newest first. */
  readonly known: ReadonlyArray<string>
  /** The named endpoint. */
  readonly endpoint: ExistingEndpoint | undefined
}

/** The plan. */
export interface RollbackPlan {
  readonly settings: DeploySettings
  readonly version: string
  readonly steps: ReadonlyArray<Step>
}

/** The plan of a roll-back to a version. Left: `UnknownVersion`. */
export const toRollback = (
  settings: DeploySettings,
  version: string,
  { current, earlier, known, endpoint }: Versions,
): E.Either<DeployError, RollbackPlan> => {
  if (earlier === undefined) return E.left(unknownVersion(version, known))
  if (settings.endpoint !== defaultEndpoint) {
    return E.right({ settings, version, steps: pointSteps({ endpoint: settings.endpoint, version }, endpoint) })
  }
  const runtime = toSecured(earlier)
  const changes = toChanges(current, runtime)
  const steps: ReadonlyArray<Step> =
    changes.length === 0
      ? []
      : [
          ...(current.status === 'CREATING' || current.status === 'UPDATING'
            ? [{ _tag: 'AwaitRuntime' as const }]
            : []),
          { _tag: 'RestoreVersion', runtime, version, changes },
          { _tag: 'AwaitRuntime' },
          { _tag: 'AwaitEndpoint', endpoint: defaultEndpoint, version: undefined },
        ]
  return E.right({ settings: withRestored(settings, current, earlier), version, steps })
}

/** Fields that come back with the earlier version are those of this project again: the next deployment may drop them. */
const withRestored = (settings: DeploySettings, current: ExistingRuntime, earlier: ExistingRuntime): DeploySettings => {
  const before = fieldsOf(current)
  const restored = fieldsOf(earlier).filter((field) => !before.includes(field))
  const { recorded } = settings
  const managed = [...new Set([...recorded.managed, ...recorded.dropped, ...restored])].sort()
  return { ...settings, recorded: { managed, dropped: [] } }
}
