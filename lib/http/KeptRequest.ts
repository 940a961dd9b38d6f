/**
 * What an open socket keeps of its request until someone asks for it: the head as one string. The request itself, with
 * its streams and an object of each header field, would take most of the memory of an idle socket.
 */
import { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type Identified, type Incoming, incomingOf } from './Incoming'

/** A request that was let go of. */
export interface Kept extends Identified, Pick<Incoming, 'koa'> {
  /** Method, target, version, then names and values of the fields, a line each: HTTP allows no line break in any. */
  readonly head: string
  readonly connection: Duplex
}

/** Whether each header field comes once, and so can be told again by its name and value alone. */
const isSimple = ({ headers, rawHeaders }: IncomingMessage): boolean => {
  let count = 0
  for (const _ in headers) count += 1
  return count * 2 === rawHeaders.length && headers['set-cookie'] === undefined
}

/** Lets go of a request that nobody else has seen, where it can be told again from its head. */
export const keep = (incoming: Incoming, connection: Duplex): Incoming | Kept => {
  const { req, isSeen, view, id, newId, koa } = incoming
  if (isSeen || view !== undefined || !isSimple(req)) return incoming
  const head = [req.method, req.url, req.httpVersion, ...req.rawHeaders].join('\n')
  return { id, newId, koa, head, connection }
}

export const isKept = (incoming: Incoming | Kept): incoming is Kept => 'head' in incoming

const again = ({ head, connection }: Kept): IncomingMessage => {
  const [method, url, version = '1.1', ...rawHeaders] = head.split('\n')
  const [major, minor] = version.split('.').map(Number)
  const pairs = rawHeaders.flatMap((name, at) =>
    at % 2 === 0 ? [[name.toLowerCase(), rawHeaders[at + 1]] as const] : [],
  )
  const fields = {
    method,
    url,
    httpVersion: version,
    httpVersionMajor: major,
    httpVersionMinor: minor,
    rawHeaders,
    headers: Object.fromEntries(pairs),
    headersDistinct: Object.fromEntries(pairs.map(([name, value]) => [name, [value]])),
    complete: true,
    upgrade: true,
  }
  // Node takes any Duplex for a connection, its types a socket only.
  const req = Object.assign(new IncomingMessage(connection as Socket), fields)
  req.push(null)
  return req
}

/** What reached the server, from what was kept of it. */
export const recall = (kept: Kept): Incoming => ({
  ...incomingOf(again(kept), kept.newId, kept.koa, false),
  id: kept.id,
})
