/**
 * Talk to agents, deployed or local: invoke them and read their streams, stop their sessions, run commands, open
 * WebSockets and shells, sign URLs for browsers.
 *
 * @since 0.2.0
 */
export { agentCard, type AgentCardOptions } from './operation/AgentCard'
export { type Client, createClient } from './Client'
export { type ClientFailure, isClientFailure } from './error/ClientFailure'
export { command, type CommandEvent, type CommandOptions, type Running } from './operation/ShellCommand'
export {
  type Connection,
  type ConnectionEnvironment,
  type ConnectionOptions,
  generatePresignedUrl,
  generateWsConnection,
  generateWsConnectionBrowser,
  generateWsConnectionOAuth,
  type PresignOptions,
  type UrlOptions,
} from './socket/Connection'
export { type HttpOptions, httpTransport, type HttpTransport } from './transport/HttpTransport'
export { invoke, invokeAs, type InvokeOptions } from './operation/Invoke'
export { type ClientOptions, environment } from './Options'
export { type Output, reconnect, type Shell, shell, type ShellOptions } from './shell/Shell'
export { attach, type Sink, type Streams } from './shell/ShellStreams'
export { connect, open, type Socket, type SocketEnvironment, type SocketOptions } from './socket/AgentSocket'
export { type Stopped, stopSession } from './operation/StopSession'
export type { PlainSocket } from './plain/PlainAgentSocket'
export type { PlainAnswer, PlainEvent, PlainHead } from './plain/PlainAnswer'
export type { PlainOutput, PlainShell, PlainStatus } from './plain/PlainShell'

export * as Answer from './response/Answer'
export * as ClientError from './error/ClientError'
export * as RuntimeArn from './target/AgentArn'
export * as SessionId from './target/SessionId'
export * as Sigv4 from './auth/SigV4Signer'
export * as Target from './target/Target'

export type { CallOptions } from './operation/ServiceCall'
export type { Provider } from './auth/Credentials'
export type { Auth, Credentials, Environment } from './transport/Environment'
export type { Event } from './response/SseDecoder'
export type { Size } from './shell/ShellFrame'
export type { Transport } from './transport/Transport'
