/**
 * A saving of memory, for idle sockets alone: what an open socket holds of its request until someone asks for it. The
 * values of the head are one string, and the names a list that sockets of like clients share. The request itself, with its
 * streams and an object of each header field, would add a third to the heap that an idle socket takes: 4.5 KB in place of 3.4 KB.
 */
import { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type Identified, type Incoming, toIncoming } from './Incoming'

/** A request as text, from which it can be restored. */
export interface Snapshot extends Identified, Pick<Incoming, 'koa'> {
  /** The target, then the values of the fields, a line each: HTTP allows no line break in any. */
  readonly values: string
  /** The names of the fields. */
  readonly names: ReadonlyArray<string>
  readonly connection: Duplex
}

/** Takes the snapshot of a request that nobody else has seen; gives back one that its head alone could not restore. */
export type TakeSnapshot = (incoming: Incoming, connection: Duplex) => Incoming | Snapshot

/** Takes snapshots for one app, whose sockets share the names of their fields. */
export const createSnapshots = (): TakeSnapshot => {
  const toNames = sharedNames()
  return (incoming, connection) => {
    const { req, isSeen, view, id, newId, koa } = incoming
    if (isSeen || view !== undefined || !isSimple(req)) return incoming
    return { id, newId, koa, values: toValues(req), names: toNames(req.rawHeaders), connection }
  }
}

/** How many lists of names are known at once. */
const maxLists = 32

/** Clients of one kind send fields of the same names: the lists that came lately are used again. */
const sharedNames = (): ((rawHeaders: ReadonlyArray<string>) => ReadonlyArray<string>) => {
  const lists: Array<ReadonlyArray<string>> = []
  return (rawHeaders) => {
    const isSame = (names: ReadonlyArray<string>): boolean =>
      names.length * 2 === rawHeaders.length && names.every((name, at) => name === rawHeaders[at * 2])
    const known = lists.find(isSame)
    if (known !== undefined) return known
    const names = rawHeaders.filter((_, at) => at % 2 === 0)
    if (lists.push(names) > maxLists) lists.shift()
    return names
  }
}

/** Whether each header field came once, and so can be restored from its name and value alone. */
const isSimple = ({ headers, rawHeaders }: IncomingMessage): boolean => {
  let count = 0
  for (const _ in headers) count += 1
  return count * 2 === rawHeaders.length && headers['set-cookie'] === undefined
}

/** Joined, not added up: that would hold on to every piece. */
const toValues = ({ url = '/', rawHeaders }: IncomingMessage): string =>
  [url].concat(rawHeaders.filter((_, at) => at % 2 === 1)).join('\n')

/** Whether it is a snapshot. */
export const isSnapshot = (incoming: Incoming | Snapshot): incoming is Snapshot => 'names' in incoming

/** What reached the server, from its snapshot. */
export const restore = (snapshot: Snapshot): Incoming => ({
  ...toIncoming(toRequest(snapshot), snapshot.newId, snapshot.koa, false),
  id: snapshot.id,
})

const toRequest = ({ values, names, connection }: Snapshot): IncomingMessage => {
  const [url, ...fieldValues] = values.split('\n')
  const rawHeaders = names.flatMap((name, at) => [name, fieldValues[at] ?? ''])
  const pairs = names.map((name, at) => [name.toLowerCase(), fieldValues[at] ?? ''] as const)
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
