/**
 * A compact snapshot of a request, to save memory for idle WebSockets: all values of the head are one string, and the
 * names a list shared by sockets of similar clients. The Node request with its streams and header objects would
 * increase the heap of an idle socket from 3.4 KB to 4.5 KB.
 */
import { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type Identified, type Incoming, toIncoming } from './Incoming'

/** A request as text, from which it can be restored. */
export interface Snapshot extends Identified, Pick<Incoming, 'koa'> {
  /** The target, then the header values, a line each: HTTP allows no line break in any. */
  readonly values: string
  /** The header names. */
  readonly names: ReadonlyArray<string>
  readonly connection: Duplex
}

/** Takes the snapshot of a request; returns the request itself if middleware has seen it or its head is not enough. */
export type TakeSnapshot = (incoming: Incoming, connection: Duplex) => Incoming | Snapshot

/** Takes snapshots for one app, whose sockets share lists of header names. */
export const createSnapshots = (): TakeSnapshot => {
  const toNames = sharedNames()
  return (incoming, connection) => {
    const { req, isSeen, view, id, newId, koa } = incoming
    if (isSeen || view !== undefined || !isSimple(req)) return incoming
    return {
      id,
      newId,
      koa,
      values: toValues(req),
      names: toNames(req.rawHeaders),
      connection,
    }
  }
}

/** How many lists of names are cached. */
const maxLists = 32

/** Caches lists of header names: clients of one kind send the same ones. */
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

/** Whether each header occurs once, and so can be restored from its name and value. */
const isSimple = ({ headers, rawHeaders }: IncomingMessage): boolean => {
  let count = 0
  for (const _ in headers) count += 1
  return count * 2 === rawHeaders.length && headers['set-cookie'] === undefined
}

/** Joined, because a concatenated string would retain its parts. */
const toValues = ({ url = '/', rawHeaders }: IncomingMessage): string =>
  [url].concat(rawHeaders.filter((_, at) => at % 2 === 1)).join('\n')

/** Whether a value is a snapshot. */
export const isSnapshot = (incoming: Incoming | Snapshot): incoming is Snapshot => 'names' in incoming

/** Restores a request from its snapshot. */
export const restore = (snapshot: Snapshot): Incoming => ({
  ...toIncoming(toRequest(snapshot), snapshot.newId, snapshot.koa, false),
  id: snapshot.id,
})

const toRequest = ({ values, names, connection }: Snapshot): IncomingMessage => {
  const [url, ...fieldValues] = values.split('\n')
  const rawHeaders = names.flatMap((name, at) => [name, fieldValues[at] ?? ''])
  const pairs = names.map((name, at) => [name.toLowerCase(), fieldValues[at] ?? ''] as const)
  const fields = {
    method: 'GET', // as in every handshake
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
  // Node accepts any Duplex as a connection, its types only a socket.
  const req = Object.assign(new IncomingMessage(connection as Socket), fields)
  req.push(null)
  return req
}
