/**
 * A chat in a page, over a presigned URL: the page asks this server for a URL, and opens the agent's `/ws` with it. The
 * keys stay here. The agent is this process itself, or with `AGENT_ARN` a deployed one, of which this is the web server.
 */
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createApp, Handler, use, websocket } from 'agentcore-fp'
import { type Client, createClient, SessionId } from 'agentcore-fp/client'
import { pipe, t } from 'agentcore-fp/fp'
import type * as Koa from 'koa'

/** The page stays where it is: it is found from the package, wherever this file was compiled to. */
const file = join(dirname(require.resolve('agentcore-fp/package.json')), 'examples/browserChat/index.html')

/** An agent on a laptop checks no signature: any keys will do. */
const local = { accessKeyId: 'local', secretAccessKey: 'local' }

/** The agent to talk to. Not by the `Host` of a request, which who asks can make up. */
const clientFor = (port: number | undefined): Client => {
  const runtimeArn = process.env['AGENT_ARN']
  return runtimeArn === undefined
    ? createClient({ url: `http://127.0.0.1:${port}`, credentials: local })
    : createClient({ runtimeArn })
}

/** Stands for your sign-in: who may talk to the agent, and as whom. */
const userOf = (ctx: Koa.Context): string => {
  const name = ctx.query['name']
  return typeof name === 'string' && /^\w{1,40}$/.test(name) ? name : ctx.throw(400, 'A name is 1 to 40 letters')
}

/** The page, and what it asks for: a URL that holds for a minute, for a session that is the user's alone. */
const pages: Koa.Middleware = async (ctx, next) => {
  if (ctx.method === 'GET' && ctx.path === '/') {
    ctx.type = 'html'
    ctx.body = await readFile(file)
  } else if (ctx.method === 'POST' && ctx.path === '/connection') {
    const client = clientFor(ctx.req.socket.localPort)
    const { url } = await client.generatePresignedUrl({ sessionId: SessionId.derive(userOf(ctx)), expires: 60 })
    ctx.set('Cache-Control', 'no-store')
    ctx.body = { url }
  } else await next()
}

const Said = t.type({ prompt: t.string })
const Token = t.type({ token: t.string, isLast: t.boolean })

export async function* answer(messages: AsyncIterable<t.TypeOf<typeof Said>>): AsyncGenerator<t.TypeOf<typeof Token>> {
  for await (const { prompt } of messages) {
    const words = `You said: ${prompt}`.split(' ')
    for (const [i, token] of words.entries()) {
      yield { token, isLast: i === words.length - 1 }
      await sleep(100)
    }
  }
}

export const agent = pipe(use(pages), websocket({ inbound: Said, outbound: Token }, Handler.fromMessages(answer)))

export const app = createApp(agent)

if (require.main === module) void app.run()
