/** Requests that merely offer another protocol, as Java's client offers HTTP/2 with each: they are served without it. */
import { type IncomingMessage, type Server } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { toResponse } from '../../node/http/RawResponse'
import { toRoute } from '../request/RequestRoute'

/** Whether a request merely offers another protocol. */
export const isOffer = ({ headers, url }: IncomingMessage): boolean =>
  headers.upgrade?.toLowerCase() !== 'websocket' && toRoute(url) !== 'socket'

const withoutOffer = (req: IncomingMessage, head: Buffer): Buffer => {
  const lines = [`${req.method ?? 'GET'} ${req.url ?? '/'} HTTP/${req.httpVersion}`]
  for (let at = 0; at < req.rawHeaders.length; at += 2) {
    const [name = '', value = ''] = req.rawHeaders.slice(at, at + 2)
    if (!/^(connection|upgrade|http2-settings)$/i.test(name)) lines.push(`${name}: ${value}`)
  }
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head])
}

/**
 * Serves a request as if it had come without its offer: Node takes every one for an upgrade, gives the connection up and
 * leaves the body unread. The connection is handed in again once the responses to earlier requests are out, since what
 * Node knows of their order ends with the upgrade.
 */
export const serveAgain = (server: Server, req: IncomingMessage, duplex: Duplex, head: Buffer): void => {
  const earlier = toResponse(duplex)
  if (earlier !== undefined) {
    earlier.once('finish', () => serveAgain(server, req, duplex, head))
    return
  }
  if (duplex.destroyed) return
  if (duplex instanceof Socket) duplex.setTimeout(0) // the wait for a next request, which has come
  duplex.unshift(withoutOffer(req, head))
  server.emit('connection', duplex)
}
