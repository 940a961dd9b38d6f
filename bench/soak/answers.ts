/** Invocations that are answered at once, rightly or with the failure that is asked for. */
import { below, inPercent, oneOf } from './chance'
import { type Answer, type Client, invocation, type Moment, type Question, sessionHeader } from './client'
import { first, type Flaw, mustBe } from './flaw'
import type { Kind, World } from './kind'
import type { Payload } from './payload'

/** The JSON of an answer, or the text itself where it is none. */
export const jsonOf = ({ text }: Answer): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

const values: ReadonlyArray<unknown> = [
  null,
  'Grüße, 世界 🌍',
  { nested: [1, 2.5, { deep: [true, false, null] }], empty: {} },
  Array.from({ length: 200 }, (_, i) => ({ i, text: `item ${i}` })),
]

const large = 'x'.repeat(200_000)

const expectJson = async (client: Client, session: string, payload: Payload, wanted: unknown): Promise<Flaw> => {
  const answer = await client.ask(invocation(session, payload))
  return first(
    mustBe(`${payload.op}, status`, 200, answer.status),
    mustBe(`${payload.op}, type`, 'application/json', answer.headers['content-type']),
    mustBe(`${payload.op}, session`, session, answer.headers[sessionHeader]),
    mustBe(payload.op, wanted, jsonOf(answer)),
  )
}

const echo = ({ client, pool }: World): Promise<Flaw> => {
  const session = pool.any()
  const value = inPercent(1) ? large : values[below(values.length)]
  return expectJson(client, session, { op: 'echo', value }, { echo: value, session })
}

const sum = ({ client, pool }: World): Promise<Flaw> => {
  const numbers = Array.from({ length: below(20) }, () => below(1000))
  const wanted = { sum: numbers.reduce((total, next) => total + next, 0) }
  return expectJson(client, pool.any(), { op: 'sum', numbers }, wanted)
}

const wait = ({ client, pool }: World): Promise<Flaw> => {
  const ms = 1 + below(10)
  return expectJson(client, pool.any(), { op: 'wait', ms }, { waited: ms })
}

const fork = async ({ client, pool }: World): Promise<Flaw> => {
  const payload: Payload = { op: 'fork', ending: oneOf('right', 'left', 'rejected', 'late') }
  const answer = await client.ask(invocation(pool.any(), payload))
  return first(
    mustBe('fork, status', 200, answer.status),
    /^\{"task":\d+\}$/.test(answer.text) ? undefined : answer.text,
  )
}

const ping = async ({ client }: World): Promise<Flaw> => {
  const { status, text } = await client.ask({ method: 'GET', path: '/ping', body: '' })
  const isRight = /^\{"status":"Healthy(Busy)?","time_of_last_update":\d{10}\}$/.test(text)
  return first(mustBe('ping, status', 200, status), isRight ? undefined : `ping: ${text}`)
}

/** A question and the failure that answers it. */
interface Refusal extends Question {
  readonly status: number
  readonly code: string
}

const failing = (how: Extract<Payload, { readonly op: 'fail' }>['how']): string => JSON.stringify({ op: 'fail', how })

const refusals: readonly [Refusal, ...ReadonlyArray<Refusal>] = [
  { body: failing('throws'), status: 500, code: 'INTERNAL_ERROR' },
  { body: failing('rejects'), status: 500, code: 'INTERNAL_ERROR' },
  { body: failing('bigint'), status: 500, code: 'UNENCODABLE' },
  { body: failing('refuses'), status: 418, code: 'REJECTED' },
  { body: '{"op":"sum","numbers":["one"]}', status: 400, code: 'INVALID_PAYLOAD' },
  { body: '{"op":', status: 400, code: 'INVALID_JSON' },
  { body: '[1]', session: 'no id', status: 400, code: 'INVALID_SESSION_ID' },
  { body: '', path: '/nowhere', status: 404, code: 'NOT_FOUND' },
  { body: '', method: 'DELETE', status: 405, code: 'METHOD_NOT_ALLOWED' },
  {
    body: '{"op":"stream","events":3,"pause":0,"ending":"well"}',
    accept: 'application/json',
    status: 406,
    code: 'NOT_ACCEPTABLE',
  },
]

const refused = async ({ client, pool }: World): Promise<Flaw> => {
  const refusal = oneOf(...refusals)
  const { status, code } = refusal
  const answer = await client.ask({ session: pool.any(), ...refusal })
  const body = jsonOf(answer)
  const told = typeof body === 'object' && body !== null && 'code' in body ? body.code : answer.text
  return first(mustBe(`${code}, status`, status, answer.status), mustBe(`${code}, code`, code, told))
}

/** The client leaves while the handler waits, or before it was called. */
const left = async ({ client, pool }: World): Promise<Flaw> => {
  await client.drop(invocation(pool.any(), { op: 'wait', ms: 20 }), oneOf<Moment>('sent', below(20)))
  return undefined
}

const leftBody = async ({ client }: World): Promise<Flaw> => {
  await client.dropBody(oneOf(20, 2000, 200_000), below(10))
  return undefined
}

export const answers: ReadonlyArray<Kind> = [
  { name: 'echo', weight: 24, requests: 1, run: echo },
  { name: 'sum', weight: 8, requests: 1, run: sum },
  { name: 'wait', weight: 5, requests: 1, run: wait },
  { name: 'fork', weight: 8, requests: 1, run: fork },
  { name: 'ping', weight: 3, requests: 1, run: ping },
  { name: 'refused', weight: 10, requests: 1, run: refused },
  { name: 'left', weight: 5, requests: 1, run: left },
  { name: 'left body', weight: 5, requests: 1, run: leftBody },
]
