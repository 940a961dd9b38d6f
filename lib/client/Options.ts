/**
 * Validates the options of a client once and makes its environment, so that no call meets an invalid option.
 *
 * @since 0.2.0
 */
import { randomUUID } from 'node:crypto'
import type { Agent } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import { newIORef } from 'fp-ts/IORef'
import type { Task } from 'fp-ts/Task'
import * as TE from 'fp-ts/TaskEither'
import { anything, boolean, either, func, object, type Shape, string } from '../core/OptionCheck'
import type { ClientError } from './error/ClientError'
import { checked } from './error/InvalidOption'
import { fromChain, fromProvider, type Provider } from './auth/Credentials'
import type { Variables } from './target/Endpoint'
import type { Auth, Credentials, Environment, Target } from './transport/Environment'
import { httpTransport } from './transport/HttpTransport'
import { fromLimits } from './transport/CallLimits'
import type { SocketEnvironment } from './socket/AgentSocket'
import { deployed, plain } from './target/Target'
import { parse as parseToken } from './auth/Token'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** The agent: by the ARN of its runtime, or by the URL that it listens on itself. */
export type AgentOptions =
  | {
      readonly runtimeArn: string
      readonly url?: undefined
      /** The name of an endpoint of the runtime; AWS takes `DEFAULT` unless it is given. */
      readonly qualifier?: string | undefined
      /** A URL that stands in for AWS, before those that the variables name. */
      readonly endpoint?: string | undefined
    }
  | { readonly url: string; readonly runtimeArn?: undefined }

/** Who asks. An agent by its ARN is asked with the credentials of AWS's own chain, one by its URL with none. */
export interface AuthOptions {
  readonly credentials?: Credentials | Provider | undefined
  /** A profile of `~/.aws`, for AWS's own chain. */
  readonly profile?: string | undefined
  /** For an agent with an OAuth authorizer; a function is asked for each call. */
  readonly bearerToken?: string | (() => string | Promise<string>) | undefined
  /** Asks an agent by its ARN with nothing, where something stands in for AWS that checks nothing. */
  readonly anonymous?: boolean | undefined
}

/** Options of a client. Times are in milliseconds. */
export type ClientOptions = AgentOptions &
  AuthOptions & {
    /** Must be that of the ARN, which it is if it is absent. */
    readonly region?: string | undefined
    /** How long a connection may take to be made: 10 seconds unless it is given; 0 is without limit. */
    readonly connectTimeout?: number | undefined
    /**
     * How long the agent may be silent, before its answer and within it: 15 minutes unless it is given, as long as AgentCore
     * waits; 0 is without limit.
     */
    readonly idleTimeout?: number | undefined
    /** How often a call is tried at most: 3 times unless it is given. */
    readonly attempts?: number | undefined
    /** Makes the connections, for a proxy or certificates of your own. */
    readonly agent?: Agent | undefined
    /** The variables that name an endpoint, credentials and the like: those of the process unless they are given. */
    readonly variables?: Variables | undefined
    /** Other effects than those of Node, such as a transport that a test makes up. */
    readonly effects?: Partial<Pick<Environment, 'transport' | 'now' | 'random' | 'newId' | 'sleep'>> | undefined
  }

/** Times and attempts have checks of their own, as the ARN and the token have. */
const shape: Shape<ClientOptions> = {
  runtimeArn: string,
  url: string,
  qualifier: string,
  endpoint: string,
  credentials: either(object, func),
  profile: string,
  bearerToken: either(string, func),
  anonymous: boolean,
  region: string,
  connectTimeout: anything,
  idleTimeout: anything,
  attempts: anything,
  agent: object,
  variables: object,
  effects: object,
}

// ---------------------------------------------------------------------------------------------------------------------
// who asks
// ---------------------------------------------------------------------------------------------------------------------

const invalid = (name: string, reason: string): E.Either<ClientError, never> =>
  E.left({ _tag: 'InvalidParameter', name, reason })

const signing = (credentials: TE.TaskEither<ClientError, Credentials>): Auth => ({ _tag: 'SigV4', credentials })

const bearer = (token: string | (() => string | Promise<string>)): E.Either<ClientError, Auth> => {
  if (typeof token === 'string') {
    return pipe(
      parseToken(token),
      E.map((parsed) => ({ _tag: 'Bearer', token: TE.right(parsed) })),
    )
  }
  const asked = TE.tryCatch(
    async () => token(),
    (): ClientError => ({ _tag: 'InvalidToken', reason: 'the function that provides it failed' }),
  )
  return E.right({ _tag: 'Bearer', token: asked })
}

const toAuth = (
  { credentials, profile, bearerToken, anonymous = false }: AuthOptions,
  isDeployed: boolean,
  variables: Variables,
): E.Either<ClientError, Auth> => {
  const isSigning = credentials !== undefined || profile !== undefined
  if (credentials !== undefined && profile !== undefined)
    return invalid('profile', 'cannot be combined with credentials')
  if (bearerToken !== undefined && isSigning)
    return invalid('bearerToken', 'cannot be combined with credentials or profile')
  if (anonymous && (bearerToken !== undefined || isSigning))
    return invalid('anonymous', 'cannot be combined with credentials, profile or bearerToken')
  if (bearerToken !== undefined) return bearer(bearerToken)
  if (typeof credentials === 'function') return E.right(signing(fromProvider(credentials)))
  if (credentials !== undefined) return E.right(signing(TE.right(credentials)))
  if (anonymous || (!isDeployed && profile === undefined)) return E.right({ _tag: 'Anonymous' })
  return E.right(signing(fromChain({ variables, ...(profile === undefined ? {} : { profile }) })))
}

// ---------------------------------------------------------------------------------------------------------------------
// the environment
// ---------------------------------------------------------------------------------------------------------------------

const toTarget = (options: ClientOptions, variables: Variables): E.Either<ClientError, Target> => {
  const { region } = options
  if (typeof options.runtimeArn !== 'string') {
    return typeof options.url === 'string'
      ? plain({ url: options.url, region })
      : invalid('runtimeArn', 'pass runtimeArn or url')
  }
  if (options.url !== undefined) return invalid('url', 'cannot be combined with runtimeArn')
  const { runtimeArn, qualifier, endpoint } = options
  return deployed({ runtimeArn, region, qualifier, endpoint, variables })
}

/** Waits; that the signal has ended it is seen by who has given the signal. */
const sleep =
  (ms: number, signal?: AbortSignal): Task<void> =>
  async () => {
    await wait(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined)
  }

/**
 * Creates the environment of a client from its options, with the effects of Node. Nothing is opened or loaded before the first
 * call. Left: `InvalidArn`, `InvalidRegion`, `RegionMismatch`, `InvalidQualifier`, `InvalidEndpoint`, `InvalidToken`,
 * `InvalidParameter`.
 *
 * @example
 * ```ts
 * import { environment, invoke } from 'agentcore-fp/client'
 * import { pipe, TE } from 'agentcore-fp/fp'
 *
 * export const answer = pipe(
 *   TE.fromEither(environment({ url: 'http://localhost:8080' })),
 *   TE.chain(invoke({ prompt: 'Hello' })),
 * )
 * ```
 */
export const environment = (options: ClientOptions): E.Either<ClientError, Environment & SocketEnvironment> => {
  const valid = checked('createClient', shape)(options)
  if (E.isLeft(valid)) return valid
  const { variables = process.env, effects = {}, agent } = options
  return pipe(
    E.Do,
    E.apS('target', toTarget(options, variables)),
    E.bind('auth', ({ target }) => toAuth(options, target._tag === 'Deployed', variables)),
    E.apS('limits', fromLimits(options)),
    E.map(({ target, auth, limits }) => {
      const { transport, close } = httpTransport(agent === undefined ? {} : { agent })
      return {
        ...{ target, auth, transport, close, sleep },
        ...(agent === undefined ? {} : { agent }),
        connectTimeout: limits.connectTimeout ?? 10_000,
        idleTimeout: limits.idleTimeout ?? 900_000,
        attempts: limits.attempts ?? 3,
        now: () => Date.now(),
        skew: newIORef(0)(),
        random: () => Math.random(),
        newId: () => randomUUID(),
        ...effects,
      }
    }),
  )
}
