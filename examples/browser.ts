/**
 * An agent with a page: open its URL in a browser and watch the tokens arrive. A Koa middleware serves the page, which
 * reads the stream of events with `fetch`, since the browser's `EventSource` cannot send a payload.
 */
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type PlainContext, createApp, entrypoint, Handler, Sse, use } from 'agentcore-fp'
import { pipe, t } from 'agentcore-fp/fp'
import type * as Koa from 'koa'

/** The page stays where it is: it is found from the package, wherever this file was compiled to. */
const file = join(dirname(require.resolve('agentcore-fp/package.json')), 'examples/browser/index.html')

const page: Koa.Middleware = async (ctx, next) => {
  if (ctx.path === '/' && ctx.method === 'GET') {
    ctx.type = 'html'
    ctx.body = await readFile(file)
  } else await next()
}

const Prompt = t.type({ prompt: t.string })

async function* answer({ prompt }: t.TypeOf<typeof Prompt>, { signal }: PlainContext) {
  const words = `You said: ${prompt}`.split(' ')
  for (const word of words) {
    yield word
    await sleep(150, undefined, { signal })
  }
  yield Sse.event({ event: 'done', data: { tokens: words.length } })
}

export const handler = Handler.fromGenerator(answer)

export const agent = pipe(use(page), entrypoint(Prompt, handler))

export const app = createApp(agent)

if (require.main === module) void app.run()
