/** An agent whose handler is a tool: it says when it runs, and tells all that it can see of a request and of its process. */
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { Worker } from 'node:worker_threads'
import { pipe } from 'fp-ts/function'
import type { Middleware } from 'koa'
import { createApp, entrypoint, Handler, use, websocket } from '../../lib'

const variable = 'AGENTCORE_LAUNCH_SECRET'

const script = `console.log(String(process.env.${variable}))`

const ofChild = (): string => spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' }).stdout.trim()

const ofWorker = async (): Promise<unknown> => {
  const code = `require('node:worker_threads').parentPort.postMessage(String(process.env.${variable}))`
  const [said] = (await once(new Worker(code, { eval: true }), 'message')) as ReadonlyArray<unknown>
  return said
}

const seen: { req?: IncomingMessage } = {}

const remember: Middleware = async (ctx, next) => {
  seen.req = ctx.req
  await next()
}

/** What a handler can find. */
const look = async (headers: unknown): Promise<object> => ({
  headers,
  ofKoa: seen.req?.headers,
  distinct: seen.req?.headersDistinct,
  raw: seen.req?.rawHeaders,
  own: String(process.env[variable]),
  child: ofChild(),
  worker: await ofWorker(),
})

const agent = pipe(
  entrypoint(
    Handler.fromAsync(async (payload: unknown, context) => {
      process.stdout.write('RAN\n')
      return payload === 'look' ? look(context.headers.toRecord()) : { secret: 'of the tool' }
    }),
  ),
  websocket(
    Handler.fromMessages(async function* (messages) {
      process.stdout.write('RAN\n')
      yield* messages
    }),
  ),
  use(remember),
)

if (require.main === module) {
  const first = createApp(agent)
  void first.run()
  createApp(agent) // a second app must not change what the first asks for
}
