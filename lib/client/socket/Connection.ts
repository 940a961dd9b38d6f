/**
 * How to open a WebSocket to an agent, as data for any client: a URL, headers, subprotocols. Nothing is opened here.
 *
 * @since 0.2.0
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import type * as RTE from 'fp-ts/ReaderTaskEither'
import * as TE from 'fp-ts/TaskEither'
import type { SessionId } from '../../core/Session'
import { authorize } from '../auth/Authorization'
import type { ClientError } from '../error/ClientError'
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
export type ConnectionEnvironment = Pick<Environment, 'target' | 'auth' | 'now' | 'newId'>

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
 * A connection whose headers say who asks, as the environment has it: signed with SigV4 (the session's header too), with
 * a bearer token, or with neither. Left: `InvalidSessionId`, `InvalidQualifier`, `InvalidParameter`, `NoCredentials`,
 * `InvalidToken`.
 */
export const generateWsConnection = (options: ConnectionOptions = {}): Connecting => connectionTo(ws, options)

/**
 * A connection with a bearer token in its headers: that of `bearerToken`, else the environment's. Left: `InvalidToken`,
 * `InvalidSessionId`, `InvalidQualifier`, `InvalidParameter`.
 */
export const generateWsConnectionOAuth =
  ({ bearerToken, ...options }: ConnectionOptions & { readonly bearerToken?: string } = {}): Connecting =>
  (env) =>
    connectionTo(ws, options)({ ...env, auth: { _tag: 'Bearer', token: toToken(bearerToken, env.auth) } })

/**
 * A connection with a bearer token that a browser can open: the token is in a subprotocol, the session in the URL.
 * Left: `InvalidToken`, also for one that is longer than AgentCore takes there (about 3000 characters),
 * `InvalidSessionId`, `InvalidQualifier`, `InvalidParameter`.
 */
export const generateWsConnectionBrowser =
  ({ bearerToken, ...options }: UrlOptions & { readonly bearerToken?: string } = {}): Connecting =>
  (env) =>
    pipe(
      TE.Do,
      TE.apS('parts', TE.fromEither(toParts(env, ws, options))),
      TE.bind('url', ({ parts }) => TE.fromEither(parts.url([[sessionName, parts.sessionId]]))),
      TE.bind('protocols', () => pipe(toToken(bearerToken, env.auth), TE.chainEitherK(toProtocols))),
      TE.map(({ parts: { sessionId }, url, protocols }) => ({
        ...{ url: websocketUrl(url), headers: {}, protocols, sessionId },
      })),
    )

/**
 * A connection that needs nothing but its URL, which holds for a while: 300 seconds unless `expires` says otherwise. An
 * environment that signs nothing (`Anonymous`) gives the URL without a signature, as an agent on a laptop takes it.
 * Left: `InvalidExpiry`, `InvalidSessionId`, `InvalidQualifier`, `InvalidParameter`, `NoCredentials`.
 */
export const generatePresignedUrl =
  ({ expires, ...options }: PresignOptions = {}): Connecting =>
  (env) =>
    pipe(
      TE.Do,
      TE.apS('expires', TE.fromEither(parseExpires(expires))),
      TE.apS('parts', TE.fromEither(toParts(env, ws, options))),
      TE.bind('url', ({ parts }) => TE.fromEither(parts.url([[sessionName, parts.sessionId]]))),
      TE.bind('signed', ({ url, expires: seconds }) => presigned(env, websocketUrl(url), seconds)),
      TE.map(({ parts: { sessionId }, signed }) => ({ url: signed, headers: {}, protocols: [], sessionId })),
    )

const presigned = (
  { auth, target: { region }, now }: ConnectionEnvironment,
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
        TE.chainEitherK((keys) => presign(url, keys, { region }, now(), expires)),
      )
  }
}
