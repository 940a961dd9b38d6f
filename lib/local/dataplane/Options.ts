/** What a local runtime is started with. */
import type { Log } from '../../core/Log'
import type { Allowed } from '../../node/http/LoopbackGuard'
import { isArn, localArn } from '../service/RuntimeArn'
import type { Authorize } from './CallerAuthorizer'
import { type Clock, systemClock } from '../../node/Clock'
import type { LauncherOf } from '../launch/Launcher'
import { type Lifecycle, toLifecycle } from '../../core/Lifecycle'
import { type Limits, serviceLimits } from '../service/ServiceLimits'
import { toAllowList } from '../service/RequestHeaders'

/** What a JWT agent tells of itself to callers that have no token: the document of RFC 9728. */
export interface ProtectedResource {
  readonly authorizationServers: ReadonlyArray<string>
  readonly scopes?: ReadonlyArray<string>
}

/** What is not given is as the service has it. */
export interface LocalOptions {
  readonly name: string
  /** The folder for what the runtime keeps: output of agents, their working folders, what it has started. */
  readonly folder: string
  readonly launcher: LauncherOf
  /** An ARN to answer to; one of this machine is made of name and folder unless it is given. */
  readonly arn?: string
  readonly region?: string
  readonly account?: string
  /** 127.0.0.1 unless given. */
  readonly host?: string
  /** Any free port unless given. */
  readonly port?: number
  /** As the option of `createApp`: host names that `Host` may have on a loopback address. None unless given. */
  readonly allowedHosts?: Allowed
  /** As the option of `createApp`: origins of web pages that may send requests. None unless given. */
  readonly allowedOrigins?: Allowed
  readonly lifecycle?: Partial<Lifecycle>
  readonly limits?: Partial<Limits>
  /** Names of headers of the caller that reach the agent. */
  readonly requestHeaderAllowlist?: ReadonlyArray<string>
  /** Who may call the data plane; everyone unless given. */
  readonly authorize?: Authorize
  readonly protectedResource?: ProtectedResource
  /** A secret shared with commands, who prove it to be told of sessions where `authorize` is given. None unless given. */
  readonly control?: string
  /** Headers that the service would add: a `WorkloadAccessToken` for a local try, for instance. None unless given. */
  readonly identityHeaders?: Readonly<Record<string, string>>
  /** Whether an invocation goes on when its caller has left, as it does in the cloud. True unless given. */
  readonly finishesAlone?: boolean
  /** How often agents are pinged, in milliseconds. */
  readonly pingEvery?: number
  readonly log?: Log
  readonly clock?: Clock
  /** Makes the ids of requests and sessions that have none. */
  readonly newId?: () => string
}

/** Options with nothing left open. */
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
  /** Undefined where everyone may call. */
  readonly authorize: Authorize | undefined
  readonly protectedResource: ProtectedResource | undefined
  readonly control: string | undefined
  readonly identityHeaders: ReadonlyArray<readonly [string, string]>
  readonly finishesAlone: boolean
  readonly pingEvery: number
  readonly log: Log
  readonly clock: Clock
  readonly newId: () => string
}

const silent = () => () => undefined

const noLog: Log = { debug: silent, info: silent, warn: silent, error: silent }

const pingEvery = 2000

/** The settings that options mean. `newId` is for those that do not say how ids are made. */
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
  identityHeaders: Object.entries(options.identityHeaders ?? {}),
  finishesAlone: options.finishesAlone ?? true,
  pingEvery: options.pingEvery ?? pingEvery,
  log: options.log ?? noLog,
  clock: options.clock ?? systemClock,
  newId: options.newId ?? newId,
})
