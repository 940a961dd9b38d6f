/** Invocations that count with the state of their session: none may be lost, none come twice, whoever leaves midway. */
import { isDeepStrictEqual } from 'node:util'
import { jsonOf } from './answers'
import { below, oneOf } from './chance'
import { type Client, invocation, type Moment } from './client'
import { eventsOf, framesOf } from './events'
import { first, type Flaw, mustBe, mustBeIn } from './flaw'
import type { Kind, World } from './kind'

const count = async (client: Client, session: string): Promise<unknown> =>
  jsonOf(await client.ask(invocation(session, { op: 'count', turns: below(4) })))

/** Three at once: the lock lets them through one by one. */
const together = async ({ client, pool }: World): Promise<Flaw> => {
  const session = pool.lease()
  const told = await Promise.all([1, 2, 3].map(() => count(client, session.id)))
  const wanted = [1, 2, 3].map((more) => ({ count: session.count + more }))
  pool.giveBack({ ...session, count: session.count + 3 })
  return first(...wanted.map((value) => mustBeIn(`count to ${value.count}`, told, value)))
}

/** One of three leaves, holding the lock or waiting for it; the others must be let in. Its session may count no more. */
const oneLeaves = async ({ client, pool }: World): Promise<Flaw> => {
  const session = pool.lease()
  const before = count(client, session.id)
  await client.drop(invocation(session.id, { op: 'count', turns: 5 }), oneOf<Moment>('sent', below(4)))
  const told = [await count(client, session.id), await before] // nothing says which of them came first
  const wanted = [1, 2, 3].map((more) => ({ count: session.count + more }))
  pool.replace()
  return first(
    ...told.map((value) => mustBeIn('count while one leaves', wanted, value)),
    isDeepStrictEqual(told[0], told[1]) ? `both were told ${JSON.stringify(told)}` : undefined,
  )
}

/** A stream whose end is counted. */
const tally = async ({ client, pool }: World): Promise<Flaw> => {
  const session = pool.lease()
  const events = 1 + below(5)
  const answer = await client.ask(invocation(session.id, { op: 'tally', events }))
  const now = { ...session, count: session.count + events + 1 }
  const told = await count(client, session.id)
  pool.giveBack(now)
  return first(
    mustBe('tally', framesOf(eventsOf(events)), answer.text),
    mustBe('count after tally', { count: now.count }, told),
  )
}

/** A stream that is dropped counts as a whole or not at all, and lets the next in. */
const tallyLeft = async ({ client, pool }: World): Promise<Flaw> => {
  const session = pool.lease()
  const events = 20
  await client.drop(invocation(session.id, { op: 'tally', events }), oneOf<Moment>('answered', below(5)))
  const wanted = [1, events + 1].map((more) => ({ count: session.count + more }))
  const told = await count(client, session.id)
  pool.replace()
  return mustBeIn('count after a dropped tally', wanted, told)
}

export const counts: ReadonlyArray<Kind> = [
  { name: 'count', weight: 4, requests: 3, run: together },
  { name: 'count, one leaves', weight: 1, requests: 3, run: oneLeaves },
  { name: 'tally', weight: 2, requests: 2, run: tally },
  { name: 'tally left', weight: 1, requests: 2, run: tallyLeft },
]
