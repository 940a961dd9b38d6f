/**
 * Failures: payloads that a codec refuses, refusals on purpose with a status and details, failures of the agent's own
 * domain as a tagged union, and errors that are thrown. All of them are answered in one shape.
 */
import { AgentError, createApp, entrypoint } from 'agentcore-fp'
import { pipe, t, TE } from 'agentcore-fp/fp'

/** The tag tells which member is meant, so a wrong payload is told what is wrong with that member alone. */
const Payload = t.union([
  t.type({ type: t.literal('order'), items: t.array(t.type({ name: t.string, count: t.number })) }),
  t.type({ type: t.literal('pay'), amount: t.number }),
])

type Payload = t.TypeOf<typeof Payload>

/** What can go wrong in a shop. */
type ShopError =
  | { readonly _tag: 'Empty' }
  | { readonly _tag: 'SoldOut'; readonly item: string; readonly left: number }
  | { readonly _tag: 'NoCredit'; readonly missing: number }

/** What a caller is told of it. A new case does not compile until it is told here. */
const toAgentError = (error: ShopError): AgentError.AgentError => {
  switch (error._tag) {
    case 'Empty':
      return AgentError.rejected(422, 'Order something')
    case 'SoldOut':
      return AgentError.rejected(409, `Too few of ${error.item}`, { item: error.item, left: error.left })
    case 'NoCredit':
      return AgentError.rejected(402, 'Not enough credit', { missing: error.missing })
  }
}

const stock: ReadonlyMap<string, number> = new Map([
  ['tea', 100],
  ['cake', 1],
])

const credit = 50

const serve = (payload: Payload): TE.TaskEither<ShopError, { readonly result: string }> => {
  switch (payload.type) {
    case 'order': {
      if (payload.items.length === 0) return TE.left({ _tag: 'Empty' })
      const scarce = payload.items.find(({ name, count }) => count > (stock.get(name) ?? 0))
      return scarce === undefined
        ? TE.right({ result: 'It is on its way' })
        : TE.left({ _tag: 'SoldOut', item: scarce.name, left: stock.get(scarce.name) ?? 0 })
    }
    case 'pay':
      // A bug: what is thrown is logged with its stack, and the caller sees a bare 500.
      if (payload.amount < 0) throw new RangeError('The till at /var/till is open')
      return payload.amount > credit
        ? TE.left({ _tag: 'NoCredit', missing: payload.amount - credit })
        : TE.right({ result: 'Thank you' })
  }
}

export const handler = (payload: Payload): TE.TaskEither<AgentError.AgentError, { readonly result: string }> =>
  pipe(serve(payload), TE.mapLeft(toAgentError))

export const agent = entrypoint(Payload, handler)

export const app = createApp(agent)

if (require.main === module) void app.run()
