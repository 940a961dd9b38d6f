/**
 * Routes of its own beside an agent, and a parsed body for its middleware: an audit log, an endpoint for feedback, and
 * an admin page that lists and cancels what is running. One key guards the agent and its routes alike.
 */
import { bodyParser, createApp, entrypoint, routes, use } from 'agentcore-fp'
import { pipe, t, TE } from 'agentcore-fp/fp'
import type * as Koa from 'koa'

/** Who may call. A real agent verifies a token; `/ping` stays open for the service. */
const keys: ReadonlySet<string> = new Set(['key-of-ann'])

const authorise: Koa.Middleware = async (ctx, next) => {
  if (ctx.path !== '/ping' && !keys.has(ctx.get('x-api-key'))) ctx.throw(401, 'Send your key in X-API-Key')
  await next()
}

/** Writes a line for each request with a body, by its route: `/invocations`, `/feedback/:rating`. */
const audit: Koa.Middleware = async (ctx, next) => {
  await next()
  const body: unknown = 'body' in ctx.request ? ctx.request.body : undefined
  const route = String(ctx['_matchedRoute'])
  if (ctx.method === 'POST') console.log(JSON.stringify({ audit: route, status: ctx.status, body }))
}

const received: Array<unknown> = []

const Prompt = t.type({ prompt: t.string })

export const agent = pipe(
  use(authorise),
  bodyParser(),
  use(audit),
  routes((router) => {
    router.post('feedback', '/feedback/:rating', (ctx) => {
      received.push({ rating: ctx.params['rating'], body: ctx.request.body })
      ctx.status = 202
      ctx.body = { received: received.length }
    })
    router.get('tasks', '/admin/tasks', (ctx) => {
      ctx.body = { tasks: app.tasks.list().map(({ id, name }) => ({ id, name })) }
    })
    router.post('cancel', '/admin/sessions/:id/cancel', (ctx) => {
      ctx.body = { cancelled: app.cancel(String(ctx.params['id']))() }
    })
  }),
  entrypoint(Prompt, ({ prompt }) => TE.right({ result: `You said: ${prompt}` })),
)

export const app = createApp(agent)

if (require.main === module) void app.run()
