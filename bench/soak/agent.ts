/** The agent under load: a little of everything that a handler can do, well and badly. */
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'
import { AgentError, type Context, entrypoint, Handler, Reply, websocket } from 'agentcore-fp'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import type * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'
import type { Gauge } from './gauge'
import { Payload, type Said } from './payload'

type Op<K extends Payload['op']> = Extract<Payload, { readonly op: K }>

const State = t.type({ count: t.number })

/** How often the session was asked to count. The turns make invocations of one session meet. */
const count = Handler.stateful(State, { count: 0 })(({ turns }: Op<'count'>) => (state) => () => async () => {
  for (let i = 0; i < turns; i++) await turn()
  const next = { count: state.count + 1 }
  return E.right([next, next])
})

/** The session counts the events that a client has read to the end. */
const tally = Handler.statefulGenerator(State, { count: 0 })(
  ({ events }: Op<'tally'>) =>
    (state) =>
      async function* () {
        for (let i = 0; i < events; i++) {
          yield { i }
          await turn()
        }
        return { count: state.count + events }
      },
)

/** Events with a pause between them: a turn of the event loop, or a timer that the client's leaving cuts short. */
async function* stream({ events, pause, ending }: Op<'stream'>, signal: AbortSignal, streams: Gauge): AsyncGenerator {
  const leave = streams.enter()
  try {
    for (let i = 0; i < events; i++) {
      yield { i, text: 'token' }
      await (pause === 0 ? turn() : sleep(pause, undefined, { signal }))
    }
    if (ending === 'thrown') throw new Error('the stream fails')
  } finally {
    leave()
  }
}

/** A background task that ends in one of four ways; nobody waits for it. */
const fork = ({ ending }: Op<'fork'>, { tasks }: Context.Context): { readonly task: number } => {
  const work: TE.TaskEither<AgentError.AgentError, string> = async () => {
    await sleep(ending === 'late' ? 20 : 3)
    if (ending === 'rejected') throw new Error('the task fails')
    return ending === 'left' ? E.left(AgentError.rejected(409, 'the task refuses')) : E.right('done')
  }
  return { task: tasks.fork('work', ending === 'late' ? { deadline: 5 } : {})(work)().id }
}

const fail = ({ how }: Op<'fail'>): TE.TaskEither<AgentError.AgentError, unknown> => {
  switch (how) {
    case 'throws':
      throw new Error('the handler throws')
    case 'rejects':
      return () => Promise.reject(new Error('the handler rejects'))
    case 'refuses':
      return () => Promise.resolve(E.left(AgentError.rejected(418, 'no tea', { pot: 'cold' })))
    case 'bigint':
      return () => Promise.resolve(E.right({ value: 1n }))
  }
}

const wait = Handler.fromAsync(async ({ ms }: Op<'wait'>, { signal }) => {
  await sleep(ms, undefined, { signal })
  return { waited: ms }
})

const right = (value: unknown) => (): Promise<E.Either<never, unknown>> => Promise.resolve(E.right(value))

/** The agent. `streams` and `sockets` count what of it is under way. */
export const createAgent = (streams: Gauge, sockets: Gauge) =>
  pipe(
    entrypoint(Payload, (payload, context) => {
      switch (payload.op) {
        case 'echo':
          return right({ echo: payload.value, session: context.sessionId })
        case 'sum':
          return right({ sum: payload.numbers.reduce((sum, next) => sum + next, 0) })
        case 'wait':
          return wait(payload, context)
        case 'count':
          return count(payload, context)
        case 'tally':
          return tally(payload, context)
        case 'stream':
          return right(Reply.events(stream(payload, context.signal, streams)))
        case 'fork':
          return right(fork(payload, context))
        case 'fail':
          return fail(payload)
      }
    }),
    websocket(
      Handler.fromMessages(async function* (messages: AsyncIterable<unknown>, { sessionId }) {
        const leave = sockets.enter()
        try {
          for await (const message of messages) {
            if ((message as Said).fails === true) throw new Error('the socket handler fails') // the driver says nothing else
            yield { echo: message, session: sessionId }
          }
        } finally {
          leave()
        }
      }),
    ),
  )
