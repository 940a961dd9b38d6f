import type { GuardPolicy } from '../../../node/origin/LoopbackGuard'
import type { InspectorAddress } from './InspectorAddress'

/** What `agentcore dev` develops, and how. Paths are absolute. */
export interface DevPlan {
  readonly agent: string
  /** The folder of the command: the source is watched here, messages name files from here. */
  readonly folder: string
  /** The folder of the agent's package, where it runs. */
  readonly package: string
  /** The entry point. */
  readonly file: string
  /** Where what is built is kept. */
  readonly state: string
  /** The port to try first. */
  readonly port: number
  /** Where the inspector is to listen; undefined without one. */
  readonly inspect: InspectorAddress | undefined
  /** Which hosts and web pages may call beyond the defaults. */
  readonly guard: GuardPolicy
  /** Packages that stay in `node_modules`, besides those that `package.json` names. */
  readonly external: ReadonlyArray<string>
  readonly env: ReadonlyArray<readonly [name: string, value: string]>
}
