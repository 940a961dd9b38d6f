/** What the soak asks of its agent. */
import * as t from 'io-ts'

/** An invocation: an operation and what it takes. */
export const Payload = t.union([
  t.type({ op: t.literal('echo'), value: t.unknown }),
  t.type({ op: t.literal('sum'), numbers: t.array(t.number) }),
  t.type({ op: t.literal('wait'), ms: t.number }),
  t.type({ op: t.literal('count'), turns: t.number }),
  t.type({ op: t.literal('tally'), events: t.number }),
  t.type({ op: t.literal('stream'), events: t.number, pause: t.number, ending: t.keyof({ well: null, thrown: null }) }),
  t.type({ op: t.literal('fork'), ending: t.keyof({ right: null, left: null, rejected: null, late: null }) }),
  t.type({ op: t.literal('fail'), how: t.keyof({ throws: null, rejects: null, refuses: null, bigint: null }) }),
])

export type Payload = t.TypeOf<typeof Payload>

/** What a message on the socket asks for: an echo, or that the handler fails. */
export interface Said {
  readonly id: number
  readonly fails?: boolean
}
