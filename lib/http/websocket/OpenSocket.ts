/** The server's record of an open WebSocket: plain data, since there is one for each idle socket. */
import type { Duplex } from 'node:stream'
import * as E from 'fp-ts/Either'
import type { WebSocket } from 'ws'
import { type AgentError, socketClosed } from '../../core/AgentError'
import type { Context } from '../../core/Context'
import type { WebSocketConnection } from '../../node/websocket/WebSocketConnection'
import type { Gathering } from '../../node/websocket/WriteGathering'
import type { RequestScope } from '../request/RequestScope'
import type { MessageRules } from './MessageFormat'
import type { SocketLife } from './SocketLife'

/** An open WebSocket. */
export interface OpenSocket<in out Has extends object> extends WebSocketConnection<MessageRules>, Gathering {
  readonly call: RequestScope
  readonly context: Context<Has>
  life: SocketLife
  /** The close code, once it is closed. */
  closedWith: number | undefined
}

/** The initial fields of an open WebSocket. */
export interface OpenSocketParts<in out Has extends object> {
  readonly ws: WebSocket
  readonly connection: Duplex
  readonly limits: MessageRules
  readonly call: RequestScope
  readonly context: Context<Has>
  readonly life: SocketLife
}

/** The record of a new WebSocket. All fields are set from the start, because V8 would copy the record to add one. */
export const createOpenSocket = <Has extends object>(parts: OpenSocketParts<Has>): OpenSocket<Has> => ({
  ws: parts.ws,
  connection: parts.connection,
  limits: parts.limits,
  call: parts.call,
  context: parts.context,
  life: parts.life,
  queue: undefined,
  readers: undefined,
  senders: undefined,
  closedWith: undefined,
  isAlive: true,
  isGathering: false,
})

/** The failure of a send on a WebSocket that is closing or closed. */
export const notSent = ({ closedWith }: Pick<OpenSocket<never>, 'closedWith'>): E.Either<AgentError, never> =>
  E.left(socketClosed(closedWith ?? 1005))
