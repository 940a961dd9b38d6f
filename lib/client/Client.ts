/**
 * The client for those who don't use fp-ts: the same calls as promises and loops. What is a left elsewhere is thrown here,
 * as an `Error` that carries it; what may be absent is `undefined`.
 *
 * @since 0.2.0
 */
import type { ReaderTaskEither } from 'fp-ts/ReaderTaskEither'
import type { Codec, Codecs } from '../core/Codec'
import type { ClientError } from './error/ClientError'
import { orThrow, toError } from './error/ClientFailure'
import { agentCard, type AgentCardOptions } from './operation/AgentCard'
import { invoke, invokeAs, type InvokeOptions } from './operation/Invoke'
import type { CallOptions } from './operation/ServiceCall'
import { command, type CommandEvent, type CommandOptions } from './operation/ShellCommand'
import { type Stopped, stopSession } from './operation/StopSession'
import { type ClientOptions, environment } from './Options'
import { type PlainSocket, toPlainSocket } from './plain/PlainAgentSocket'
import { type PlainAnswer, type PlainEvent, toPlainAnswer } from './plain/PlainAnswer'
import { type PlainShell, toPlainShell } from './plain/PlainShell'
import { throwing } from './plain/Throwing'
import { shell, type ShellOptions } from './shell/Shell'
import { connect, type SocketOptions } from './socket/AgentSocket'
import {
  type Connection,
  type ConnectionOptions,
  generatePresignedUrl,
  generateWsConnection,
  generateWsConnectionBrowser,
  generateWsConnectionOAuth,
  type PresignOptions,
  type UrlOptions,
} from './socket/Connection'
import type { Environment } from './transport/Environment'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** A client of one agent. Every promise rejects, and every loop throws, with a `ClientFailure`. */
export interface Client {
  /** The same client for functions of fp-ts: `invoke('hi')(client.environment)`. */
  readonly environment: Environment
  readonly invoke: (payload: unknown, options?: InvokeOptions) => Promise<PlainAnswer>
  /** One JSON value that a codec checks. */
  readonly invokeAs: <A>(codec: Codec<A>, payload: unknown, options?: InvokeOptions) => Promise<A>
  /** All of the answer as text, as a terminal would show it. */
  readonly text: (payload: unknown, options?: InvokeOptions) => Promise<string>
  /** The events of an answer as they come; an answer that is one JSON value is one event. The call is made by the loop. */
  readonly events: (payload: unknown, options?: InvokeOptions) => AsyncIterable<PlainEvent>
  readonly stopSession: (sessionId: string, options?: CallOptions) => Promise<Stopped>
  readonly agentCard: (options?: AgentCardOptions) => Promise<unknown>
  /** What a command does and says as it does. The call is made by the loop. */
  readonly command: (line: string, options?: CommandOptions) => AsyncIterable<CommandEvent>
  readonly generateWsConnection: (options?: ConnectionOptions) => Promise<Connection>
  readonly generateWsConnectionOAuth: (
    options?: ConnectionOptions & { readonly bearerToken?: string },
  ) => Promise<Connection>
  readonly generateWsConnectionBrowser: (
    options?: UrlOptions & { readonly bearerToken?: string },
  ) => Promise<Connection>
  readonly generatePresignedUrl: (options?: PresignOptions) => Promise<Connection>
  readonly connect: {
    <In, Says>(options: ConnectionOptions & SocketOptions & Codecs<In, Says>): Promise<PlainSocket<In, Says>>
    (options?: ConnectionOptions & SocketOptions): Promise<PlainSocket>
  }
  readonly shell: (options?: ShellOptions) => Promise<PlainShell>
  /** Closes the connections that are kept for further calls; those of calls in flight too. */
  readonly close: () => void
}

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

const toEvent = (value: unknown): PlainEvent => ({
  event: 'message',
  id: undefined,
  data: value,
  isJson: true,
  text: JSON.stringify(value),
})

const eventsIn = async function* (answer: PlainAnswer): AsyncGenerator<PlainEvent, void> {
  switch (answer._tag) {
    case 'Json':
      yield toEvent(answer.value)
      return
    case 'Events':
      yield* answer.events
      return
    case 'Bytes': {
      await answer.bytes[Symbol.asyncIterator]().return?.()
      throw toError({ _tag: 'InvalidAnswer', reason: `expected events, got the content type "${answer.contentType}"` })
    }
  }
}

/**
 * Creates a client for an agent, by the ARN of its runtime or by its URL. Throws a `ClientFailure` for invalid options; opens
 * no connection before the first call.
 *
 * @example
 * ```ts
 * import { createClient } from 'agentcore-fp/client'
 *
 * const client = createClient({ url: 'http://localhost:8080' })
 *
 * export const main = async (): Promise<void> => {
 *   for await (const { data } of client.events({ prompt: 'Hello' })) console.log(data)
 * }
 * ```
 */
export const createClient = (options: ClientOptions): Client => {
  const env = orThrow(environment(options))
  const run = async <A>(call: ReaderTaskEither<Environment, ClientError, A>): Promise<A> => orThrow(await call(env)())
  const ask: Client['invoke'] = async (payload, more) => toPlainAnswer(await run(invoke(payload, more)))
  return {
    environment: env,
    invoke: ask,
    invokeAs: (codec, payload, more) => run(invokeAs(codec)(payload, more)),
    text: async (payload, more) => (await ask(payload, more)).toText(),
    events: async function* (payload, more) {
      yield* eventsIn(await ask(payload, more))
    },
    stopSession: (sessionId, more) => run(stopSession(sessionId, more)),
    agentCard: (more) => run(agentCard(more)),
    command: async function* (line, more) {
      const { events } = await run(command(line, more))
      yield* throwing((event: CommandEvent) => event)(events)
    },
    generateWsConnection: (more) => run(generateWsConnection(more)),
    generateWsConnectionOAuth: (more) => run(generateWsConnectionOAuth(more)),
    generateWsConnectionBrowser: (more) => run(generateWsConnectionBrowser(more)),
    generatePresignedUrl: (more) => run(generatePresignedUrl(more)),
    connect: connecting(run),
    shell: async (more) => toPlainShell(await run(shell(more))),
    close: env.close,
  }
}

type Run = <A>(call: ReaderTaskEither<Environment, ClientError, A>) => Promise<A>

const connecting = (run: Run): Client['connect'] => {
  async function open<In, Says>(
    options: ConnectionOptions & SocketOptions & Codecs<In, Says>,
  ): Promise<PlainSocket<In, Says>>
  async function open(options?: ConnectionOptions & SocketOptions): Promise<PlainSocket>
  async function open(options: ConnectionOptions & SocketOptions = {}): Promise<PlainSocket> {
    return toPlainSocket(await run(connect(options)))
  }
  return open
}
