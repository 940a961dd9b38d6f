/**
 * The agent that is talked to, from its ARN or its URL, and the URL of everything that it can be asked for.
 *
 * @since 0.2.0
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import { isEndpointName, parse as parseArn } from './AgentArn'
import type { ClientError } from '../error/ClientError'
import { parse as parseEndpoint, resolve, type Variables } from './Endpoint'
import type { Target } from '../transport/Environment'
import { parse as parseRegion } from './RegionName'
import { percentEncode, shown } from '../error/HeaderText'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** What a target can be asked for. */
export type Operation = 'invocations' | 'websocket' | 'shells' | 'stopSession' | 'commands' | 'agentCard'

/** Names and values of a query, in order; a name may come again. */
export type Query = ReadonlyArray<readonly [string, string]>

/** What a deployed agent is named by. */
export interface DeployedOptions {
  readonly runtimeArn: string
  /** Must be that of the ARN, which it is if it is absent. */
  readonly region?: string | undefined
  /** The name of an endpoint of the runtime. */
  readonly qualifier?: string | undefined
  /** A URL that stands in for AWS. */
  readonly endpoint?: string | undefined
  /** The variables of the process. */
  readonly variables?: Variables
}

/** What an agent without a data plane before it is named by. */
export interface PlainOptions {
  readonly url: string
  /** What requests are signed for, if they are signed: `us-east-1` unless it is given. */
  readonly region?: string | undefined
}

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

const parseQualifier = (text: string): E.Either<ClientError, string> =>
  isEndpointName(text) ? E.right(text) : E.left({ _tag: 'InvalidQualifier', qualifier: shown(text) })

const sameRegion =
  (arnRegion: string) =>
  (region: string): E.Either<ClientError, string> =>
    region === arnRegion ? E.right(region) : E.left({ _tag: 'RegionMismatch', region, arnRegion })

/** A value that may be absent, parsed if it is not. */
const parsed = <A>(
  text: string | undefined,
  parse: (text: string) => E.Either<ClientError, A>,
): E.Either<ClientError, O.Option<A>> => (text === undefined ? E.right(O.none) : pipe(parse(text), E.map(O.some)))

/**
 * The target for a deployed agent, or for a local stand-in for AWS. The qualifier is the given one, else the endpoint in the
 * ARN. Left: `InvalidArn`, `InvalidRegion`, `RegionMismatch`, `InvalidQualifier`, `InvalidEndpoint`.
 *
 * @example
 * ```ts
 * import { Target } from 'agentcore-fp/client'
 *
 * export const target = Target.deployed({ runtimeArn: 'arn:aws:bedrock-agentcore:us-west-2:123456789012:runtime/my_agent-a1b2c3d4e5', qualifier: 'prod' })
 * ```
 */
export const deployed = (options: DeployedOptions): E.Either<ClientError, Target> =>
  pipe(
    E.Do,
    E.apS('arn', parseArn(options.runtimeArn)),
    E.bind('region', ({ arn }) =>
      pipe(
        parsed(options.region, parseRegion),
        E.chain(O.match(() => E.right(arn.region), sameRegion(arn.region))),
        E.map(() => arn.region),
      ),
    ),
    E.apS('qualifier', parsed(options.qualifier, parseQualifier)),
    E.bind('origin', ({ region }) => resolve(region, options)),
    E.map(({ arn, region, qualifier, origin }) => ({
      _tag: 'Deployed',
      origin,
      arn: arn.arn,
      region,
      qualifier: O.isSome(qualifier) ? qualifier : arn.endpoint,
    })),
  )

/**
 * The target for an agent by the URL that it listens on. Left: `InvalidEndpoint`, `InvalidRegion`.
 *
 * @example
 * ```ts
 * import { Target } from 'agentcore-fp/client'
 *
 * export const target = Target.plain({ url: 'http://localhost:8080' })
 * ```
 */
export const plain = ({ url, region = 'us-east-1' }: PlainOptions): E.Either<ClientError, Target> =>
  pipe(
    E.Do,
    E.apS('origin', parseEndpoint(url)),
    E.apS('region', parseRegion(region)),
    E.map(({ origin, region: name }) => ({ _tag: 'Plain', origin, region: name })),
  )

// ---------------------------------------------------------------------------------------------------------------------
// combinators
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Changes the endpoint of a deployed agent; a target by URL has none and stays the same. Left: `InvalidQualifier`.
 *
 * @example
 * ```ts
 * import { Target } from 'agentcore-fp/client'
 * import { E, pipe } from 'agentcore-fp/fp'
 *
 * export const target = pipe(
 *   Target.deployed({ runtimeArn: 'arn:aws:bedrock-agentcore:us-west-2:123456789012:runtime/my_agent-a1b2c3d4e5' }),
 *   E.chain(Target.withQualifier('prod')),
 * )
 * ```
 */
export const withQualifier =
  (qualifier: string | undefined) =>
  (target: Target): E.Either<ClientError, Target> =>
    qualifier === undefined || target._tag === 'Plain'
      ? E.right(target)
      : pipe(
          parseQualifier(qualifier),
          E.map((name) => ({ ...target, qualifier: O.some(name) })),
        )

// ---------------------------------------------------------------------------------------------------------------------
// destructors
// ---------------------------------------------------------------------------------------------------------------------

const deployedPaths: Readonly<Record<Operation, string>> = {
  invocations: '/invocations',
  websocket: '/ws',
  shells: '/ws/shells',
  stopSession: '/stopruntimesession',
  commands: '/commands',
  agentCard: '/invocations/.well-known/agent-card.json',
}

/** An agent itself serves these alone; the rest is the data plane's. */
const plainPaths: Readonly<Partial<Record<Operation, string>>> = {
  invocations: '/invocations',
  websocket: '/ws',
  agentCard: '/.well-known/agent-card.json',
}

const toPath = (target: Target, operation: Operation): O.Option<string> =>
  target._tag === 'Plain'
    ? O.fromNullable(plainPaths[operation])
    : O.some(`/runtimes/${percentEncode(target.arn)}${deployedPaths[operation]}`)

/**
 * Formats query parameters as the text after `?`, percent-encoded as signatures require. Names and values are well-formed.
 *
 * @example
 * ```ts
 * import { Target } from 'agentcore-fp/client'
 *
 * export const text = Target.queryText([['user', 'ann b']]) // 'user=ann%20b'
 * ```
 */
export const queryText = (query: Query): string =>
  query.map(([name, value]) => `${percentEncode(name)}=${percentEncode(value)}`).join('&')

const toQualifier = (target: Target): Query =>
  target._tag === 'Deployed' && O.isSome(target.qualifier) ? [['qualifier', target.qualifier.value]] : []

/**
 * The URL (`http` or `https`) of an operation, with more query parameters after the qualifier. Left: `InvalidEndpoint` for an
 * agent without a data plane, which alone has shells, commands and sessions that can be stopped.
 *
 * @example
 * ```ts
 * import { Target } from 'agentcore-fp/client'
 * import { E, pipe } from 'agentcore-fp/fp'
 *
 * export const url = pipe(Target.plain({ url: 'http://localhost:8080' }), E.chain(Target.toUrl('invocations')))
 * ```
 */
export const toUrl =
  (operation: Operation, query: Query = []) =>
  (target: Target): E.Either<ClientError, string> =>
    pipe(
      toPath(target, operation),
      E.fromOption((): ClientError => ({
        _tag: 'InvalidEndpoint',
        endpoint: target.origin,
        reason: `an agent addressed by URL has no ${operation} operation: use its ARN`,
      })),
      E.map((path) => {
        const text = queryText([...toQualifier(target), ...query])
        return `${target.origin}${path}${text === '' ? '' : `?${text}`}`
      }),
    )

/**
 * Converts a URL to that of a WebSocket: `http` to `ws`, `https` to `wss`.
 *
 * @example
 * ```ts
 * import { Target } from 'agentcore-fp/client'
 *
 * export const url = Target.websocketUrl('https://example.org/ws') // 'wss://example.org/ws'
 * ```
 */
export const websocketUrl = (url: string): string => url.replace(/^http/, 'ws')
