/** Streams: read to the end, failing midway, and dropped. */
import { below, inPercent, oneOf } from './chance'
import { invocation, type Moment } from './client'
import { first, type Flaw, mustBe } from './flaw'
import type { Kind, World } from './kind'
import type { Payload } from './payload'

type Stream = Extract<Payload, { readonly op: 'stream' }>

/** The values `{ i: 0 }`, `{ i: 1 }` and so on, with more in each. */
export const eventsOf = (count: number, more: object = {}): ReadonlyArray<unknown> =>
  Array.from({ length: count }, (_, i) => ({ i, ...more }))

/** The values as frames of a stream. */
export const framesOf = (values: ReadonlyArray<unknown>): string =>
  values.map((value) => `data: ${JSON.stringify(value)}\n\n`).join('')

const pauseOf = (): number => (inPercent(70) ? 0 : 1 + below(3))

const read = async ({ client, pool }: World): Promise<Flaw> => {
  const payload: Stream = { op: 'stream', events: 1 + below(8), pause: pauseOf(), ending: 'well' }
  const { status, headers, text } = await client.ask(invocation(pool.any(), payload))
  return first(
    mustBe('stream, status', 200, status),
    mustBe('stream, type', 'text/event-stream; charset=utf-8', headers['content-type']),
    mustBe('stream', framesOf(eventsOf(payload.events, { text: 'token' })), text),
  )
}

/** A stream that throws: before the first event it is a plain 500, after it the last frame tells. */
const failing = async ({ client, pool }: World): Promise<Flaw> => {
  const payload: Stream = { op: 'stream', events: below(4), pause: pauseOf(), ending: 'thrown' }
  const { status, text } = await client.ask(invocation(pool.any(), payload))
  if (payload.events === 0) return mustBe('failing stream, status', 500, status)
  const good = framesOf(eventsOf(payload.events, { text: 'token' }))
  const isTold = text.slice(good.length).startsWith('event: error\ndata: {"error":"Internal Server Error",')
  return first(
    mustBe('failing stream', good, text.slice(0, good.length)),
    isTold ? undefined : `no error frame: ${text}`,
  )
}

/** Endless for all that the client sees: only that it is closed ends it. */
const dropped = async ({ client, pool }: World): Promise<Flaw> => {
  const when = oneOf<Moment>('answered', 'answered', 'sent', below(20))
  await client.drop(invocation(pool.any(), { op: 'stream', events: 1e9, pause: pauseOf(), ending: 'well' }), when)
  return undefined
}

export const streams: ReadonlyArray<Kind> = [
  { name: 'stream', weight: 14, requests: 1, run: read },
  { name: 'stream fails', weight: 3, requests: 1, run: failing },
  { name: 'stream dropped', weight: 10, requests: 1, run: dropped },
]
