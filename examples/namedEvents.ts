/** A stream with the values of the official TypeScript SDK: text as it is, `{ event, data }` as an event with a name. */
import { createApp, entrypoint, Reply, Sse } from 'agentcore-fp/plain'

/** Bytes are text, and what is iterable is part of the stream. */
export async function* toEvents(source: AsyncIterable<unknown>): AsyncGenerator {
  for await (const value of source) {
    if (typeof value === 'string' || Buffer.isBuffer(value)) yield Sse.raw({ data: value.toString() })
    else if (isIterable(value)) yield* toEvents(value)
    else yield isEvent(value) ? Sse.event(value) : value
  }
}

export const isIterable = (value: unknown): value is AsyncIterable<unknown> =>
  typeof value === 'object' && value !== null && Symbol.asyncIterator in value

const isEvent = (value: unknown): value is Sse.Fields & { readonly data: unknown } =>
  typeof value === 'object' && value !== null && 'data' in value && !Sse.isEvent(value)

async function* answer(payload: unknown) {
  yield 'Hello'
  yield { event: 'usage', data: { characters: JSON.stringify(payload).length } }
}

export const agent = entrypoint((payload) => Reply.events(toEvents(answer(payload))))

export const app = createApp(agent)

if (require.main === module) void app.run()
