/**
 * Tunnels a connection that asks for an upgrade to a server: bytes pass both ways unread, and when one side closes, so
 * does the other.
 *
 * @since 0.2.0
 */
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'

/** The request for the server. */
export interface TunnelRequest {
  readonly method: string
  readonly target: string
  /** Names and values in turn. */
  readonly headers: ReadonlyArray<string>
  /** Bytes after the head of the request. */
  readonly rest: Uint8Array
}

/** Opens a tunnel to a server on this machine. */
export const tunnel = (client: Duplex, port: number, { method, target, headers, rest }: TunnelRequest): void => {
  const server = connect({ port, host: '127.0.0.1', noDelay: true })
  server.on('error', () => client.destroy())
  client.on('error', () => server.destroy())
  client.once('close', () => server.destroy())
  server.once('close', () => client.destroy())
  const lines = headers.flatMap((name, i) => (i % 2 === 0 ? [`${name}: ${headers[i + 1] ?? ''}`] : []))
  server.write([`${method} ${target} HTTP/1.1`, ...lines, '', ''].join('\r\n'), 'latin1')
  server.write(rest)
  client.pipe(server).pipe(client)
}
