/** The opening handshake of a WebSocket (RFC 6455): validation, completion and rejection. */
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

/** Names and values of headers. */
export type Fields = ReadonlyArray<readonly [string, string]>

const key = /^[+/0-9A-Za-z]{22}==$/

/** Whether a request is for the WebSocket path, which a middleware may have rewritten. */
export const isForSocket = ({ url }: IncomingMessage): boolean => toRoute(url) === 'socket'

/** Why a request for the WebSocket path is not a valid handshake; undefined if it is. */
export const validateHandshake = ({ method, httpVersion, headers }: IncomingMessage): AgentError | undefined => {
  if (method !== 'GET') return methodNotAllowed('GET')
  if (httpVersion !== '1.1') return badRequest('A WebSocket handshake requires HTTP/1.1')
  if (headers.upgrade?.toLowerCase() !== 'websocket') return badRequest('The Upgrade header must be websocket')
  if (!key.test(headers['sec-websocket-key'] ?? '')) return badRequest('Sec-WebSocket-Key is missing or malformed')
  const version = headers['sec-websocket-version'] ?? ''
  return version === '13' || version === '8' ? undefined : badRequest('Sec-WebSocket-Version must be 13')
}

/**
 * Negotiates the subprotocol: the agent's first that is offered, or the client's first if the agent has none; never one
 * that carries a token. A client that sends its token that way accepts the name that announces it.
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
 * Completes handshakes with `ws`, adding headers. Returns the socket; none if the peer has disconnected or `ws` rejects
 * the handshake after all, in which case `refused` is called.
 */
export const createAccept = (
  { maxPayload, maxFragments, protocols }: Pick<Settings['websocket'], 'maxPayload' | 'maxFragments' | 'protocols'>,
  refused: (error: Error, duplex: Duplex, req: IncomingMessage) => void,
): ((req: IncomingMessage, duplex: Duplex, head: Buffer, fields: Fields) => WebSocket | undefined) => {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload,
    maxFragments,
    handleProtocols: agree(protocols),
    perMessageDeflate: false,
  })
  /** The handshake in progress: `ws` completes each before it starts the next. */
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

/** A response on a connection that asked for an upgrade; it closes the connection. */
export const responseOn = (req: IncomingMessage, duplex: Duplex): ServerResponse => {
  const res = new ServerResponse(req)
  res.shouldKeepAlive = false
  res.assignSocket(duplex as Socket) // accepts any Duplex
  res.once('finish', () => {
    if (duplex instanceof Socket) duplex.destroySoon()
    else duplex.end()
  })
  return res
}

/** Rejects an upgrade with a response. */
export const refuse = (req: IncomingMessage, duplex: Duplex, answer: Answer): void => {
  if (!duplex.destroyed) writeTo(responseOn(req, duplex), answer)
}
