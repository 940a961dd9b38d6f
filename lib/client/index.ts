/**
 * Talk to agents, deployed or local: invoke them and read their streams, stop their sessions, run commands, open
 * WebSockets and shells, sign URLs for browsers.
 *
 * @since 0.2.0
 */
export { agentCard, type AgentCardOptions } from './AgentCard'
export { type Client, createClient } from './Client'
export { type ClientFailure, isClientFailure } from './ClientFailure'
export { command, type CommandEvent, type CommandOptions, type Running } from './Command'
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
} from './Connection'
export { type HttpOptions, httpTransport, type HttpTransport } from './HttpTransport'
export { invoke, invokeAs, type InvokeOptions } from './Invoke'
export { type ClientOptions, environment } from './Options'
export { type Output, reconnect, type Shell, shell, type ShellOptions } from './Shell'
export { attach, type Sink, type Streams } from './ShellStreams'
export { connect, open, type Socket, type SocketEnvironment, type SocketOptions } from './Socket'
export { type Stopped, stopSession } from './StopSession'

export * as Answer from './Answer'
export * as ClientError from './ClientError'
export * as RuntimeArn from './Arn'
export * as SessionId from './SessionId'
export * as Sigv4 from './Sigv4'
export * as Target from './Target'

export type { CallOptions } from './Call'
export type { Provider } from './Credentials'
export type { Auth, Credentials, Environment } from './Environment'
export type { Event } from './EventDecoder'
export type { Size } from './ShellFrame'
export type { Transport } from './Transport'
