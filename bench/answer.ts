/** The small agent that every contestant serves: a payload in, a result or events out. */

export interface Payload {
  readonly prompt?: string
  readonly stream?: number
  readonly tick?: boolean
  readonly sleep?: number
  readonly block?: number
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

async function* events(count: number, tick: boolean): AsyncGenerator {
  for (let i = 0; i < count; i++) {
    if (tick) await turn()
    yield { i, text: 'token' }
  }
}

/** The answer to a payload: a JSON value, or a generator of events. */
export const answer = async ({ prompt, stream, tick = false, sleep, block }: Payload): Promise<unknown> => {
  if (stream !== undefined) return events(stream, tick)
  if (sleep !== undefined) {
    await new Promise((resolve) => setTimeout(resolve, sleep))
    return { result: 'slept' }
  }
  if (block !== undefined) {
    for (const end = Date.now() + block; Date.now() < end;);
    return { result: 'blocked' }
  }
  return { result: `You said: ${prompt ?? ''}` }
}

/** Whether an answer is one of events. */
export const isEvents = (value: unknown): value is AsyncIterable<unknown> =>
  typeof value === 'object' && value !== null && Symbol.asyncIterator in value
