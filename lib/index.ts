/**
 * The functional runtime for Amazon Bedrock AgentCore: an agent is composed from plain functions with `pipe`, and
 * `createApp` makes a Koa application of it.
 *
 * @since 0.1.0
 */
export { entrypoint, ping, provide, websocket, wrap } from './core/Agent'
export { asyncTask } from './core/asyncTask'
export { createApp } from './http/app/App'
export { use } from './http/app/use'
export { bodyParser } from './http/koa/bodyParser'
export { routes } from './http/koa/routes'
export { perSession } from './http/instances/perSession'

export * as Agent from './core/Agent'
export * as AgentError from './node/failure/AgentErrors'
export * as Context from './core/Context'
export * as Handler from './core/Handlers'
export * as Health from './core/Health'
export * as Reply from './core/Replies'
export * as Session from './http/store/SessionStores'
export * as Sse from './core/Sse'
export * as Tasks from './core/Tasks'

export type { Codec, StateCodec } from './core/Codec'
export type { PlainContext } from './core/PlainContext'
export type { Socket } from './core/Socket'
export type { App } from './http/app/App'
export type { InjectInit } from './http/app/Inject'
export type { BodyParserOptions } from './http/koa/bodyParser'
export type { AgentRouter, ReadyRouter, RouteContext } from './http/koa/routes'
export type { ConsoleLike, LogOptions, PinoLike } from './http/log/LogOptions'
export type { PerSessionOptions } from './http/instances/perSession'
export type { Options, SessionOptions, WebSocketOptions } from './http/state/Options'
export type { Running, RunOptions } from './http/server/Run'
export type { StopOptions } from './http/server/Shutdown'
