/**
 * What an open socket keeps of its request until someone asks for it: the values of its head as one string, and names
 * that it shares with others. The request itself, with its streams and an object of each header field, would take most of
 * the memory of an idle socket.
 */
import { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type Identified, type Incoming, toIncoming } from './Incoming'

/** A request that was let go of. */
export interface Kept extends Identified, Pick<Incoming, 'koa'> {
  /** The target, then the values of the fields, a line each: HTTP allows no line break in any. */
  readonly values: string
  /** The names of the fields. */
  readonly names: ReadonlyArray<string>
  readonly connection: Duplex
}

/** Names of fields that came lately. Clients of one kind send the same, and their sockets share one list. */
const lately: Array<ReadonlyArray<string>> = []

/** How many lists are known at once. */
const maxLately = 32

const toNames = (rawHeaders: ReadonlyArray<string>): ReadonlyArray<string> => {
  const isSame = (names: ReadonlyArray<string>): boolean =>
    names.length * 2 === rawHeaders.length && names.every((name, at) => name === rawHeaders[at * 2])
  const known = lately.find(isSame)
  if (known !== undefined) return known
  const names = rawHeaders.filter((_, at) => at % 2 === 0)
  if (lately.push(names) > maxLately) lately.shift()
  return names
}

/** Joined, not added up: that would keep every piece. */
const toValues = ({ url = '/', rawHeaders }: IncomingMessage): string =>
  [url].concat(rawHeaders.filter((_, at) => at % 2 === 1)).join('\n')

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
  return { id, newId, koa, values: toValues(req), names: toNames(req.rawHeaders), connection }
}

export const isKept = (incoming: Incoming | Kept): incoming is Kept => 'names' in incoming

const again = ({ values, names, connection }: Kept): IncomingMessage => {
  const [url, ...told] = values.split('\n')
  const rawHeaders = names.flatMap((name, at) => [name, told[at] ?? ''])
  const pairs = names.map((name, at) => [name.toLowerCase(), told[at] ?? ''] as const)
  const fields = {
    method: 'GET', // as every handshake's
    url,
    httpVersion: '1.1',
    httpVersionMajor: 1,
    httpVersionMinor: 1,
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
  ...toIncoming(again(kept), kept.newId, kept.koa, false),
  id: kept.id,
})
