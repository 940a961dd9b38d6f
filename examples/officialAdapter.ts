/**
 * Runs code of the official TypeScript SDK: import `BedrockAgentCoreApp` and `getContext` from a copy of this file instead
 * of `bedrock-agentcore/runtime`. docs/explanation/coming-from.md says what still differs.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import * as Plain from 'agentcore-fp/plain'
import { entrypoint, ping, pipe, rejected, Reply, use, websocket } from 'agentcore-fp/plain'
import { parsePayload, type Parser } from './contentTypes'
import { isIterable, toEvents } from './namedEvents'
import { type Emitter, onEmitter } from './websocketEmitter'

type Process<A> = (request: A, context: RequestContext) => unknown
interface Params<A> {
  readonly invocationHandler: { readonly process: Process<A>; readonly requestSchema?: Plain.Codec<A> }
  readonly websocketHandler?: (socket: Emitter, context: RequestContext) => unknown
  readonly pingHandler?: Parameters<typeof ping>[0]
  readonly config?: { readonly logging?: { enabled?: boolean }; readonly contentTypeParsers?: ReadonlyArray<Parser> }
}
export type RequestContext = ReturnType<typeof toContext>
export type BedrockAgentCoreApp = ReturnType<typeof create>
const storage = new AsyncLocalStorage<RequestContext>()
export const getContext = (): RequestContext | undefined => storage.getStore()

const create = <A>({ invocationHandler, websocketHandler, pingHandler, config = {} }: Params<A>) => {
  const { process: handle, requestSchema } = invocationHandler
  const invoke = async (payload: A, plain: Plain.Context): Promise<unknown> => {
    const id = plain.headers.get('x-amzn-bedrock-agentcore-runtime-session-id') ?? sessionIn(payload)
    if (typeof id !== 'string') throw rejected(400, 'Missing sessionId: send it as a header or in the body')
    const context = toContext(plain, id)
    try {
      const answer = await storage.run(context, () => handle(payload, context))
      if (!isIterable(answer)) return answer
      const events = within(context, toEvents(answer), plain.log)
      return pipe(Reply.events(events), Reply.withHeader('content-type', 'text/event-stream'))
    } catch (thrown) {
      return refuse(plain.log, thrown)
    }
  }
  const talk = onEmitter((socket, plain) => {
    const context = toContext(plain, plain.sessionId)
    return storage.run(context, () => websocketHandler?.(socket, context))
  })
  const agent = pipe(
    use(parsePayload(config.contentTypeParsers ?? [])),
    requestSchema === undefined
      ? entrypoint((payload, plain) => invoke(payload as A, plain)) // as there: it is not checked
      : entrypoint(requestSchema, invoke),
    ping(pingHandler ?? ((automatic) => automatic)),
    websocketHandler === undefined ? Plain.Agent.empty : websocket({ format: 'text' }, talk),
  )
  const app = Plain.createApp(agent, { log: { level: config.logging?.enabled === false ? 'silent' : 'info' } })
  return { ...toTasks(app), app, run: (options?: Plain.RunOptions): void => void app.run(options) }
}

/** To be called with `new`, as the class of the SDK. */
export const BedrockAgentCoreApp = function (params: Params<unknown>) {
  return create(params)
} as unknown as new <A = unknown>(params: Params<A>) => BedrockAgentCoreApp // what it returns is what `new` gives

const toTasks = ({ tasks, health }: Plain.App) => ({
  addAsyncTask: tasks.add,
  completeAsyncTask: (id: number): boolean => tasks.complete(id),
  asyncTask<Args extends ReadonlyArray<unknown>, R>(f: (...args: Args) => Promise<R>) {
    return (...args: Args): Promise<R> => tasks.track<R>(f.name === '' ? 'anonymous' : f.name, () => f(...args))
  },
  getAsyncTaskInfo: () => {
    const running = tasks.list().filter(({ status }) => status === 'running')
    const runningJobs = running.map(({ name, startedAt }) => ({ name, duration: (Date.now() - startedAt) / 1000 }))
    return { activeCount: running.length, runningJobs }
  },
  getCurrentPingStatus: () => health.current().then(({ status }) => status),
})

const toContext = (plain: Plain.Context, sessionId: string) => {
  const { requestId, headers, workloadAccessToken, oauth2CallbackUrl, log } = plain
  const at = (level: keyof Plain.Log) => {
    return (fields: string | Readonly<Record<string, unknown>>, message?: string): void =>
      typeof fields === 'string' ? log[level](fields) : log[level](message ?? '', fields)
  }
  const logger = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
  return { sessionId, requestId, headers: headers.toRecord(), workloadAccessToken, oauth2CallbackUrl, log: logger }
}

/** There, callers get the message of what a handler throws. */
const refuse = (log: Plain.Log, thrown: unknown): never => {
  log.error('The handler failed', { error: thrown })
  throw thrown instanceof Error && !('_tag' in thrown) ? rejected(500, thrown.message) : thrown
}

const sessionIn = (payload: unknown): unknown =>
  typeof payload === 'object' && payload !== null && 'sessionId' in payload ? payload.sessionId : undefined

/** Pulls a stream so that its generator finds its context. */
const within = (context: RequestContext, source: AsyncGenerator, log: Plain.Log): AsyncIterableIterator<unknown> => ({
  next: () => storage.run(context, () => source.next()).catch((thrown: unknown) => refuse(log, thrown)),
  return: (value: unknown) => storage.run(context, () => source.return(value)),
  [Symbol.asyncIterator]: () => within(context, source, log),
})
