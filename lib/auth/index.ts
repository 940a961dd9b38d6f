/**
 * `agentcore-fp/auth`: authenticates requests, as AgentCore does in front of a deployed agent.
 *
 * @since 0.2.0
 */
export type { Clock } from './authorizer'
export * as AuthorizerConfig from './rules/AuthorizerConfig'
export type { Claims } from './jwt/Claims'
export { jwtAuthorizer, jwtMiddleware, type JwtOptions, type TypedJwtOptions } from './jwtAuthorizer'
export { sigv4Authorizer, type Sigv4Config, sigv4Middleware, type Sigv4Options } from './sigv4Authorizer'
export type { Caller, Credentials } from './sigv4/SignatureVerifier'
export type { ProviderOptions } from './jwt/Tokens'
