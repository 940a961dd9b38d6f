/**
 * agentcore-fp for plain functions: handlers are sync or async functions or generators, a throw is a refusal, and the
 * context's effects happen when called. The same descriptors as those of `agentcore-fp`, and the two pipe together.
 *
 * @since 0.2.0
 */
export { pipe } from 'fp-ts/function'
export { ping } from '../core/Agent'
export { use } from '../http/app/use'
export { bodyParser } from '../http/koa/bodyParser'
export { routes } from '../http/koa/routes'
export { type Changes, entrypoint, type Messages, type Next, provide, websocket, wrap } from './descriptors'
export { createApp, type PlainApp as App } from './PlainApp'
export { asyncTask, cancellable, type Cancelled, type PlainHandler as Handler, uiMessages } from './PlainHandler'
export {
  type Events,
  latest,
  onEvents,
  onMessage,
  onSocket,
  type PlainSocket as Socket,
  type Said,
  type Talk,
} from './PlainSocket'
export { perSession, type PerSessionOptions } from './PlainPerSession'
export { rejected } from './refusal'
export { stateful, type Turn } from './stateful'

export * as Agent from '../core/Agent'
export * as AgentError from '../node/failure/AgentErrors'
export * as Reply from '../core/Replies'
export * as Session from '../http/store/SessionStores'
export * as Sse from '../core/Sse'

export type { Codec, StateCodec } from '../core/Codec'
export type {
  PlainContext as Context,
  PlainHeaders as Headers,
  PlainLog as Log,
  PlainTrace as Trace,
} from '../core/PlainContext'
export type { PlainSession as SessionAccess } from '../core/PlainSession'
export type { PlainForked as Forked, PlainTasks as Tasks, PlainWork as Work } from '../core/PlainTasks'
export type { Settings as TaskSettings, View as TaskView } from '../core/Task'
export type { InjectInit } from '../http/app/Inject'
export type { BodyParserOptions } from '../http/koa/bodyParser'
export type { AgentRouter, ReadyRouter, RouteContext } from '../http/koa/routes'
export type { ConsoleLike, LogOptions, PinoLike } from '../http/log/LogOptions'
export type { Options, SessionOptions, WebSocketOptions } from '../http/state/Options'
export type { Running, RunOptions } from '../http/server/Run'
export type { StopOptions } from '../http/server/Shutdown'
