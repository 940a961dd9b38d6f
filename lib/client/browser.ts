/**
 * The part of the client that browsers can run: it makes connections that a browser's own `WebSocket` opens, with a
 * signed URL or a token in a subprotocol, and invokes agents by `fetch`. The build makes one file of it that needs
 * nothing of Node.
 *
 * @since 0.2.0
 */
import { orThrow } from './error/ClientFailure'
import { type BrowserOptions, environment } from './page/BrowserEnvironment'
import {
  type Connecting,
  type Connection,
  type ConnectionEnvironment,
  generatePresignedUrl,
  generateWsConnectionBrowser,
  type PresignOptions,
  type UrlOptions,
} from './socket/Connection'

export { type ClientError, explain } from './error/ClientError'
export { type ClientFailure, isClientFailure } from './error/ClientFailure'
export { type BrowserOptions, environment } from './page/BrowserEnvironment'
export {
  chatTransport,
  type ChatRequest,
  type ChatTransportOptions,
  type ChatTransportSettings,
} from './page/chatTransport'
export { streamInvoke, type StreamInvokeOptions } from './page/streamInvoke'
export {
  type Connecting,
  type Connection,
  type ConnectionEnvironment,
  generatePresignedUrl,
  generateWsConnectionBrowser,
  type PresignOptions,
  type UrlOptions,
} from './socket/Connection'
export type { Event } from './response/SseDecoder'
export type { Credentials } from './transport/Environment'
export { derive as deriveSessionId } from './target/SessionId'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** An agent, to be connected to. Every promise rejects with a `ClientFailure`. */
export interface BrowserClient {
  readonly environment: ConnectionEnvironment
  readonly generatePresignedUrl: (options?: PresignOptions) => Promise<Connection>
  readonly generateWsConnectionBrowser: (
    options?: UrlOptions & { readonly bearerToken?: string },
  ) => Promise<Connection>
}

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Creates a client that makes connections for the `WebSocket` of a browser. Throws a `ClientFailure` for invalid options.
 *
 * @example
 * ```ts
 * import { createClient } from 'agentcore-fp/client/browser'
 *
 * const client = createClient({ url: 'http://localhost:8080', bearerToken: 'a.b.c' })
 *
 * export const opened = client
 *   .generateWsConnectionBrowser()
 *   .then(({ url, protocols }) => [url, protocols]) // new WebSocket(url, protocols)
 * ```
 */
export const createClient = (options: BrowserOptions): BrowserClient => {
  const env = orThrow(environment(options))
  const run = async (connecting: Connecting): Promise<Connection> => orThrow(await connecting(env)())
  return {
    environment: env,
    generatePresignedUrl: (more) => run(generatePresignedUrl(more)),
    generateWsConnectionBrowser: (more) => run(generateWsConnectionBrowser(more)),
  }
}
