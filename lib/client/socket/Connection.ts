/**
 * How to open a WebSocket to an agent, as data for any client: a URL, headers, subprotocols. Nothing is opened here.
 *
 * @since 0.2.0
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import type * as RTE from 'fp-ts/ReaderTaskEither'
import * as TE from 'fp-ts/TaskEither'
import { anything, object, type Shape, string } from '../../core/OptionCheck'
import type { SessionId } from '../../core/Session'
import { authorize } from '../auth/Authorization'
import type { ClientError } from '../error/ClientError'
import { checked } from '../error/InvalidOption'
import type { Auth, Environment } from '../transport/Environment'
import { type HeaderFields, fromHandWritten, type Params, sessionName } from '../target/Query'
import { parseExpires, presign } from '../auth/SigV4Signer'
import { type Operation, type Query, toUrl, websocketUrl, withQualifier } from '../target/Target'
import { parse as parseToken, toProtocols } from '../auth/Token'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** What a client of WebSockets needs: `new WebSocket(url, protocols, { headers })`, in a browser without the headers. */
export interface Connection {
  /** `ws` or `wss`. */
  readonly url: string
  /** Empty for what a browser can open. */
  readonly headers: HeaderFields
  readonly protocols: ReadonlyArray<string>
  readonly sessionId: SessionId
}

/** What of an environment a connection is made from. */
export type ConnectionEnvironment = Pick<Environment, 'target' | 'auth' | 'now' | 'skew' | 'newId'>

/** A connection, to be made of an environment. */
export type Connecting = RTE.ReaderTaskEither<ConnectionEnvironment, ClientError, Connection>

/** What a URL can carry. */
export interface UrlOptions {
  /** 33 to 256 visible ASCII characters; a new one unless it is given. */
  readonly sessionId?: string
  /** The name of an endpoint of the agent, instead of the environment's. */
  readonly qualifier?: string
  /**
   * Parameters of the agent's own. Those that start with `X-Amzn-Bedrock-AgentCore-Runtime-Custom-` reach it as headers.
   */
  readonly params?: Params
}

/** And for how long. */
export interface PresignOptions extends UrlOptions {
  /** 1 to 300 whole seconds, 300 unless it is given. */
  readonly expires?: number
}

/** What a request can carry besides. */
export interface ConnectionOptions extends UrlOptions {
  readonly headers?: HeaderFields
}

const urlOptions: Shape<UrlOptions> = { sessionId: string, qualifier: string, params: anything }

/** The shape of what a request can carry. */
export const connectionOptions: Shape<ConnectionOptions> = { ...urlOptions, headers: object }

const withToken = { bearerToken: string }

/** Which WebSocket of the agent is meant, and parameters that it asks for. */
export interface Place {
  readonly operation: Operation
  readonly query?: Query
}

const ws: Place = { operation: 'websocket' }

// ---------------------------------------------------------------------------------------------------------------------
// parts
// ---------------------------------------------------------------------------------------------------------------------

interface Parts {
  /** `http` or `https`, with all parameters but the session's. */
  readonly url: (more: Query) => E.Either<ClientError, string>
  readonly headers: HeaderFields
  readonly sessionId: SessionId
}

/** The options checked against the environment. */
const toParts = (
  { target, newId }: ConnectionEnvironment,
  { operation, query: ofPlace = [] }: Place,
  options: ConnectionOptions,
): E.Either<ClientError, Parts> =>
  pipe(
    E.Do,
    E.apS('target', withQualifier(options.qualifier)(target)),
    E.apS('own', fromHandWritten(newId)(options)),
    E.map(({ target: at, own: { query, headers, sessionId } }) => ({
      url: (more: Query) => toUrl(operation, [...ofPlace, ...query, ...more])(at),
      headers,
      sessionId,
    })),
  )

const none = new Uint8Array()

/** With headers, to some WebSocket of the agent. */
export const connectionTo =
  (place: Place, options: ConnectionOptions): Connecting =>
  (env) =>
    pipe(
      TE.Do,
      TE.apS('parts', TE.fromEither(toParts(env, place, options))),
      TE.bind('url', ({ parts }) => TE.fromEither(parts.url([]))),
      TE.bind('headers', ({ parts: { headers, sessionId }, url }) =>
        pipe(
          authorize({ method: 'GET', url, headers: { ...headers, [sessionName]: sessionId }, body: none })(env),
          TE.map((request) => request.headers),
        ),
      ),
      TE.map(({ parts: { sessionId }, url, headers }) => ({
        url: websocketUrl(url),
        headers,
        protocols: [],
        sessionId,
      })),
    )

/** Where the token is: given with the call, or the environment's. */
const toToken = (token: string | undefined, auth: Auth): TE.TaskEither<ClientError, string> => {
  if (token !== undefined) return TE.fromEither(parseToken(token))
  return auth._tag === 'Bearer'
    ? pipe(auth.token, TE.chainEitherK(parseToken))
    : TE.left({ _tag: 'InvalidToken', reason: 'missing: pass bearerToken' })
}

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Makes a connection for a WebSocket client that can set headers: signed with SigV4 (including the session header), with a
 * bearer token, or with neither, as the environment says. Left: `InvalidSessionId`, `InvalidQualifier`, `InvalidParameter`,
 * `NoCredentials`, `InvalidToken`.
 *
 * @example
 * ```ts
 * import { createClient, generateWsConnection } from 'agentcore-fp/client'
 *
 * const client = createClient({ runtimeArn: 'arn:aws:bedrock-agentcore:us-west-2:123456789012:runtime/my_agent-a1b2c3d4e5' })
 *
 * export const connection = generateWsConnection()(client.environment)
 * ```
 */
export const generateWsConnection =
  (options: ConnectionOptions = {}): Connecting =>
  (env) =>
    pipe(
      TE.fromEither(checked('generateWsConnection', connectionOptions)(options)),
      TE.chain((valid) => socketConnection(valid)(env)),
    )

/** The same with checked options, which may include options of the function that calls this. */
export const socketConnection = (options: ConnectionOptions): Connecting => connectionTo(ws, options)

/**
 * Makes a connection with a bearer token in its headers: `bearerToken`, else the token of the environment. Left:
 * `InvalidToken`, `InvalidSessionId`, `InvalidQualifier`, `InvalidParameter`.
 *
 * @example
 * ```ts
 * import { createClient, generateWsConnectionOAuth } from 'agentcore-fp/client'
 *
 * const client = createClient({ runtimeArn: 'arn:aws:bedrock-agentcore:us-west-2:123456789012:runtime/my_agent-a1b2c3d4e5' })
 *
 * export const connection = generateWsConnectionOAuth({ bearerToken: 'a.b.c' })(client.environment)
 * ```
 */
export const generateWsConnectionOAuth =
  (options: ConnectionOptions & { readonly bearerToken?: string } = {}): Connecting =>
  (env) =>
    pipe(
      TE.fromEither(checked('generateWsConnectionOAuth', { ...connectionOptions, ...withToken })(options)),
      TE.chain(({ bearerToken, ...rest }) =>
        socketConnection(rest)({ ...env, auth: { _tag: 'Bearer', token: toToken(bearerToken, env.auth) } }),
      ),
    )

/**
 * Makes a connection with a bearer token that a browser can open: the token is in a subprotocol, the session in the URL. Left:
 * `InvalidToken`, also for one that is too long for a subprotocol (about 3000 characters), `InvalidSessionId`,
 * `InvalidQualifier`, `InvalidParameter`.
 *
 * @example
 * ```ts
 * import { createClient, generateWsConnectionBrowser } from 'agentcore-fp/client'
 *
 * const client = createClient({ runtimeArn: 'arn:aws:bedrock-agentcore:us-west-2:123456789012:runtime/my_agent-a1b2c3d4e5' })
 *
 * export const connection = generateWsConnectionBrowser({ bearerToken: 'a.b.c' })(client.environment)
 * ```
 */
export const generateWsConnectionBrowser =
  (options: UrlOptions & { readonly bearerToken?: string } = {}): Connecting =>
  (env) =>
    pipe(
      TE.fromEither(checked('generateWsConnectionBrowser', { ...urlOptions, ...withToken })(options)),
      TE.bindTo('valid'),
      TE.apS('parts', TE.fromEither(toParts(env, ws, options))),
      TE.bind('url', ({ parts }) => TE.fromEither(parts.url([[sessionName, parts.sessionId]]))),
      TE.bind('protocols', () => pipe(toToken(options.bearerToken, env.auth), TE.chainEitherK(toProtocols))),
      TE.map(({ parts: { sessionId }, url, protocols }) => ({
        ...{ url: websocketUrl(url), headers: {}, protocols, sessionId },
      })),
    )

/**
 * Makes a connection that needs nothing but its URL, which expires after `expires` seconds, 300 by default. An `Anonymous`
 * environment gives the URL without a signature, as a local agent accepts it. Left: `InvalidExpiry`, `InvalidSessionId`,
 * `InvalidQualifier`, `InvalidParameter`, `NoCredentials`.
 *
 * @example
 * ```ts
 * import { createClient, generatePresignedUrl } from 'agentcore-fp/client'
 *
 * const client = createClient({ runtimeArn: 'arn:aws:bedrock-agentcore:us-west-2:123456789012:runtime/my_agent-a1b2c3d4e5' })
 *
 * export const connection = generatePresignedUrl({ expires: 60 })(client.environment)
 * ```
 */
export const generatePresignedUrl =
  (options: PresignOptions = {}): Connecting =>
  (env) =>
    pipe(
      TE.fromEither(checked('generatePresignedUrl', { ...urlOptions, expires: anything })(options)),
      TE.bindTo('valid'),
      TE.apS('expires', TE.fromEither(parseExpires(options.expires))),
      TE.apS('parts', TE.fromEither(toParts(env, ws, options))),
      TE.bind('url', ({ parts }) => TE.fromEither(parts.url([[sessionName, parts.sessionId]]))),
      TE.bind('signed', ({ url, expires: seconds }) => presigned(env, websocketUrl(url), seconds)),
      TE.map(({ parts: { sessionId }, signed }) => ({ url: signed, headers: {}, protocols: [], sessionId })),
    )

const presigned = (
  { auth, target: { region }, now, skew }: ConnectionEnvironment,
  url: string,
  expires: number,
): TE.TaskEither<ClientError, string> => {
  switch (auth._tag) {
    case 'Anonymous':
      return TE.right(url)
    case 'Bearer':
      return TE.left({ _tag: 'NoCredentials', tried: ['the bearer token'], reason: 'a bearer token cannot sign a URL' })
    case 'SigV4':
      return pipe(
        auth.credentials,
        TE.chainEitherK((keys) => presign(url, keys, { region }, now() + skew.read(), expires)),
      )
  }
}
