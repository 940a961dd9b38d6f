/** Options of a local runtime. */
import type { Log } from '../../core/Log'
import type { Allowed } from '../../node/origin/LoopbackGuard'
import { isArn, localArn } from '../service/RuntimeArn'
import type { Authorize } from './CallerAuthorizer'
import { type Clock, systemClock } from '../../node/Clock'
import type { LauncherOf } from '../launch/Launcher'
import { type Lifecycle, toLifecycle } from '../../core/Lifecycle'
import { type Limits, serviceLimits } from '../service/ServiceLimits'
import { toAllowList } from '../service/RequestHeaders'

/** Protected resource metadata (RFC 9728) that a JWT agent serves to callers without a token. */
export interface ProtectedResource {
  readonly authorizationServers: ReadonlyArray<string>
  readonly scopes?: ReadonlyArray<string>
}

/** Options of a local runtime. Defaults are the service's. */
export interface LocalOptions {
  readonly name: string
  /** The folder of the runtime's files: agent output, working folders, and a registry of what it has started. */
  readonly folder: string
  readonly launcher: LauncherOf
  /** The agent's ARN. By default a local one, made of its name and folder. */
  readonly arn?: string
  readonly region?: string
  readonly account?: string
  /** Default 127.0.0.1. */
  readonly host?: string
  /** Default: any free port. */
  readonly port?: number
  /** As for `createApp`: host names that `Host` may contain on a loopback address. Default none. */
  readonly allowedHosts?: Allowed
  /** As for `createApp`: origins of web pages that may send requests. Default none. */
  readonly allowedOrigins?: Allowed
  readonly lifecycle?: Partial<Lifecycle>
  readonly limits?: Partial<Limits>
  /** Names of request headers that are forwarded to the agent. */
  readonly requestHeaderAllowlist?: ReadonlyArray<string>
  /** Who may call the data plane. By default everyone. */
  readonly authorize?: Authorize
  readonly protectedResource?: ProtectedResource
  /** A secret shared with commands: with `authorize`, only who proves to know it may list sessions. Default none. */
  readonly control?: string
  /** Headers that the service would add, such as `WorkloadAccessToken` for a local trial. Default none. */
  readonly identityHeaders?: Readonly<Record<string, string>>
  /** Whether an invocation continues after its client disconnects, as in the cloud. Default true. */
  readonly finishesAlone?: boolean
  /** The interval between pings of an agent, in milliseconds. */
  readonly pingEvery?: number
  readonly log?: Log
  readonly clock?: Clock
  /** Generates ids for requests and sessions without one. */
  readonly newId?: () => string
}

/** Options with all defaults applied. */
export interface Settings {
  readonly name: string
  readonly folder: string
  readonly arn: string
  readonly host: string
  readonly port: number
  readonly allowedHosts: Allowed
  readonly allowedOrigins: Allowed
  readonly lifecycle: Lifecycle
  readonly limits: Limits
  readonly allowList: ReadonlySet<string>
  /** Undefined if every caller is authorized. */
  readonly authorize: Authorize | undefined
  readonly protectedResource: ProtectedResource | undefined
  readonly control: string | undefined
  readonly identityHeaders: Readonly<Record<string, string>>
  readonly finishesAlone: boolean
  readonly pingEvery: number
  readonly log: Log
  readonly clock: Clock
  readonly newId: () => string
}

const silent = () => () => undefined

const noLog: Log = { debug: silent, info: silent, warn: silent, error: silent }

const pingEvery = 2000

/** Applies the defaults to options. `newId` is the default id generator. */
export const toSettings = (options: LocalOptions, newId: () => string): Settings => ({
  name: options.name,
  folder: options.folder,
  arn: options.arn !== undefined && isArn(options.arn) ? options.arn : localArn(options),
  host: options.host ?? '127.0.0.1',
  port: options.port ?? 0,
  allowedHosts: options.allowedHosts ?? [],
  allowedOrigins: options.allowedOrigins ?? [],
  lifecycle: toLifecycle(options.lifecycle ?? {}),
  limits: { ...serviceLimits, ...options.limits },
  allowList: toAllowList(options.requestHeaderAllowlist ?? []),
  authorize: options.authorize,
  protectedResource: options.protectedResource,
  control: options.control,
  identityHeaders: options.identityHeaders ?? {},
  finishesAlone: options.finishesAlone ?? true,
  pingEvery: options.pingEvery ?? pingEvery,
  log: options.log ?? noLog,
  clock: options.clock ?? systemClock,
  newId: options.newId ?? newId,
})
