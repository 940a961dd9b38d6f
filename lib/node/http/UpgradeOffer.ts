/** Requests that merely offer another protocol, as Java's client offers HTTP/2: they are served without the upgrade. */
import { type IncomingMessage, type Server } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { toResponse } from './RawResponse'

/** Whether an upgrade request merely offers another protocol than WebSocket. */
export const isOffer = ({ headers }: Pick<IncomingMessage, 'headers'>): boolean =>
  headers.upgrade?.trim().toLowerCase() !== 'websocket'

const withoutOffer = (req: IncomingMessage, head: Buffer): Buffer => {
  const lines = [`${req.method ?? 'GET'} ${req.url ?? '/'} HTTP/${req.httpVersion}`]
  for (let at = 0; at < req.rawHeaders.length; at += 2) {
    const [name = '', value = ''] = req.rawHeaders.slice(at, at + 2)
    if (!/^(connection|upgrade|http2-settings)$/i.test(name)) lines.push(`${name}: ${value}`)
  }
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head])
}

/**
 * Serves a request as if it had no `Upgrade` header: Node treats each as an upgrade, hands over the connection and
 * leaves the body unread. The connection is given back to the server once the responses to earlier requests are
 * written, since Node loses their order with the upgrade.
 */
export const serveAgain = (server: Server, req: IncomingMessage, duplex: Duplex, head: Buffer): void => {
  const earlier = toResponse(duplex)
  if (earlier !== undefined) {
    earlier.once('finish', () => serveAgain(server, req, duplex, head))
    return
  }
  if (duplex.destroyed) return
  if (duplex instanceof Socket) duplex.setTimeout(0) // the keep-alive timeout
  duplex.unshift(withoutOffer(req, head))
  server.emit('connection', duplex)
}
