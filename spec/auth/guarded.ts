/** Agents behind an authorizer, and the ways in: an invocation and a socket, which must be refused alike. */
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import { type Agent, type Context, entrypoint, websocket } from '../../lib'
import { type Caller, type Claims, jwtAuthorizer, type JwtOptions, type AuthorizerConfig } from '../../lib/auth'
import { ask, type Ask, type Failure, failureIn, type Served } from '../http/support'
import { refused } from '../http/socketSupport'

type WithClaims = Context.Context<{ readonly claims: Claims }>

/** Tells the claims of its caller, and echoes. */
export const tellsClaims = pipe(
  entrypoint((payload: unknown, { state: { claims } }: WithClaims) => TE.right({ sub: claims.sub, payload })),
  websocket((socket, { state: { claims } }: WithClaims) =>
    socket.send({ sub: claims.sub, protocol: O.toNullable(socket.protocol) }),
  ),
)

/** An agent whose callers bring bearer tokens. */
export const withJwt = (
  config: AuthorizerConfig.AuthorizerConfig,
  options?: JwtOptions,
): Agent.Agent<{ readonly claims: Claims }, {}, { readonly claims: Claims }> =>
  pipe(jwtAuthorizer(config, options), tellsClaims)

type WithCaller = Context.Context<{ readonly caller: Caller }>

/** Tells who has signed, and echoes. */
export const tellsCaller = pipe(
  entrypoint((payload: unknown, { state: { caller } }: WithCaller) =>
    TE.right({ caller: caller.accessKeyId, payload }),
  ),
  websocket((socket, { state: { caller } }: WithCaller) =>
    socket.send({ caller: caller.accessKeyId, isPresigned: caller.isPresigned }),
  ),
)

/** A refusal: what an invocation and a socket are both told. */
export interface Refused extends Failure {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
}

/** How an invocation is refused. */
export const refusedInvocation = async ({ port }: Served, asked: Ask = {}): Promise<Refused> => {
  const { status, headers, text } = await ask(port, { body: '{}', ...asked })
  expect(headers['content-type']).toBe('application/json')
  return { status, headers, ...failureIn(text) }
}

/** How a socket is refused. */
export const refusedSocket = async (
  { port }: Served,
  headers: Readonly<Record<string, string>> = {},
): Promise<Refused> => {
  const { status, headers: got, body } = await refused(port, headers)
  return { status, headers: got, ...failureIn(JSON.stringify(body)) }
}

/** How an invocation and a socket are refused, which must be the same. */
export const refusedBoth = async (at: Served, headers: Readonly<Record<string, string>> = {}): Promise<Refused> => {
  const [one, two] = [await refusedInvocation(at, { headers }), await refusedSocket(at, headers)]
  const facts = ({ status, code, error }: Refused): ReadonlyArray<unknown> => [status, code, error]
  expect(facts(two)).toEqual(facts(one))
  expect(two.headers['www-authenticate']).toEqual(one.headers['www-authenticate'])
  return one
}

export const bearer = (token: string): Readonly<Record<string, string>> => ({ authorization: `Bearer ${token}` })
