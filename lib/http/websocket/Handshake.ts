/** The opening handshake of a WebSocket: what RFC 6455 allows, and how a refusal is written. */
import { type IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import * as O from 'fp-ts/Option'
import { type WebSocket, WebSocketServer } from 'ws'
import { type AgentError, badRequest, methodNotAllowed } from '../../core/AgentError'
import { bearerProtocol, tokenOfProtocol } from '../../core/Protocol'
import { type Answer, writeTo } from '../response/WireResponse'
import { toRoute } from '../request/RequestRoute'
import type { Settings } from '../state/Options'

/** Names and values of header fields. */
export type Fields = ReadonlyArray<readonly [string, string]>

const key = /^[+/0-9A-Za-z]{22}==$/

/** Whether a request is for the path of the WebSocket. A middleware may have changed it. */
export const isForSocket = ({ url }: IncomingMessage): boolean => toRoute(url) === 'socket'

/** Why a request for the path of the WebSocket is no handshake; undefined if it is one. */
export const validateHandshake = ({ method, httpVersion, headers }: IncomingMessage): AgentError | undefined => {
  if (method !== 'GET') return methodNotAllowed('GET')
  if (httpVersion !== '1.1') return badRequest('A WebSocket takes HTTP/1.1')
  if (headers.upgrade?.toLowerCase() !== 'websocket') return badRequest('Only websocket can be upgraded to')
  if (!key.test(headers['sec-websocket-key'] ?? '')) return badRequest('Sec-WebSocket-Key is missing or malformed')
  const version = headers['sec-websocket-version'] ?? ''
  return version === '13' || version === '8' ? undefined : badRequest('Sec-WebSocket-Version must be 13')
}

/**
 * The subprotocol to agree on: the agent's first that is offered, or the client's first if the agent has none; never
 * one that holds a token. A client that brings its token so is content with the name that says so.
 */
export const agree =
  (spoken: ReadonlyArray<string> | undefined) =>
  (offered: ReadonlySet<string>): string | false => {
    const bare = [...offered].filter((name) => O.isNone(tokenOfProtocol(name)))
    const known = spoken === undefined ? bare : spoken.filter((name) => bare.includes(name))
    return known[0] ?? (offered.has(bearerProtocol) ? bearerProtocol : false)
  }

const toLine = (field: Fields[number]): string => `${field[0]}: ${field[1]}`

/**
 * Completes handshakes by `ws`, with further header fields each: the socket, or none where `ws` has refused it after all,
 * of which `refused` is told, or the peer has left.
 */
export const createAccept = (
  { maxPayload, protocols }: Pick<Settings['websocket'], 'maxPayload' | 'protocols'>,
  refused: (error: Error, duplex: Duplex, req: IncomingMessage) => void,
): ((req: IncomingMessage, duplex: Duplex, head: Buffer, fields: Fields) => WebSocket | undefined) => {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload,
    handleProtocols: agree(protocols),
    perMessageDeflate: false,
  })
  /** The handshake under way: `ws` completes one before it begins the next. */
  const current: { fields: Fields; ws: WebSocket | undefined } = { fields: [], ws: undefined }
  const onOpen = (ws: WebSocket): void => void (current.ws = ws)
  server.on('headers', (lines) => lines.push(...current.fields.map(toLine)))
  server.on('wsClientError', refused)
  return (req, duplex, head, fields) => {
    current.fields = fields
    server.handleUpgrade(req, duplex, head, onOpen)
    const { ws } = current
    current.ws = undefined
    return ws
  }
}

/** A response on a connection that asked for an upgrade; the connection ends with it. */
export const responseOn = (req: IncomingMessage, duplex: Duplex): ServerResponse => {
  const res = new ServerResponse(req)
  res.shouldKeepAlive = false
  res.assignSocket(duplex as Socket) // Node types the socket of an upgrade as any Duplex, and takes any Duplex here
  res.once('finish', () => {
    if (duplex instanceof Socket) duplex.destroySoon()
    else duplex.end()
  })
  return res
}

/** Answers a request for an upgrade with something else. */
export const refuse = (req: IncomingMessage, duplex: Duplex, answer: Answer): void => {
  if (!duplex.destroyed) writeTo(responseOn(req, duplex), answer)
}
