/**
 * Koa middleware around an agent: CORS, timing, and an authorisation whose user the handler sees typed. `provide` adds
 * typed state without Koa. What refuses an invocation refuses a WebSocket too, before the upgrade.
 */
import cors from '@koa/cors'
import { AgentError, type Context, createApp, entrypoint, provide, use, websocket } from 'agentcore-fp'
import { O, pipe, t, TE } from 'agentcore-fp/fp'
import type * as Koa from 'koa'

/** The users of this example, by their token. A real agent asks whoever issued the token. */
const users: ReadonlyMap<string, string> = new Map([
  ['token-of-ann', 'ann'],
  ['token-of-bob', 'bob'],
])

/** Tells how long an answer took, as any Koa middleware would. */
const timing: Koa.Middleware = async (ctx, next) => {
  const start = performance.now()
  await next()
  ctx.set('x-response-time', `${Math.round(performance.now() - start)} ms`)
}

/** Leaves the user in `ctx.state`, or refuses. `/ping` stays open: the service asks it without a token. */
const authorise: Koa.Middleware = async (ctx, next) => {
  const user = users.get(ctx.get('authorization').replace(/^bearer /i, ''))
  if (user !== undefined) ctx.state['user'] = user
  else if (ctx.path !== '/ping') ctx.throw(401, 'Missing bearer token', { headers: { 'www-authenticate': 'Bearer' } })
  await next()
}

/** The origin of the page that talks to this agent. */
const page = 'https://example.org'

const User = t.type({ user: t.string })

interface Tenant {
  readonly tenant: string
}

/** Reads a header into typed state, or refuses. */
const tenant = provide(({ headers }) =>
  pipe(
    headers.get('X-Tenant'),
    O.filter((name) => /^[a-z]+$/.test(name)),
    TE.fromOption(() => AgentError.rejected(400, 'X-Tenant must be a lower-case name')),
    TE.map((name): Tenant => ({ tenant: name })),
  ),
)

type State = t.TypeOf<typeof User> & Tenant

const Prompt = t.type({ prompt: t.string })

const hello = ({ user, tenant }: State): string => `Hello ${user} of ${tenant}`

// Without `use(authorise, User)` or `tenant` this does not compile: the handlers ask for their state.
export const agent = pipe(
  use(timing),
  use(cors({ origin: page })),
  use(authorise, User),
  tenant,
  entrypoint(Prompt, ({ prompt }, { state }: Context.Context<State>) =>
    TE.right({ result: `${hello(state)}, you said: ${prompt}` }),
  ),
  websocket((socket, { state }: Context.Context<State>) => socket.send({ hello: hello(state) })),
)

// A page of another origin reaches an agent on this machine only if it is named here; CORS decides what it may read.
export const app = createApp(agent, { allowedOrigins: [page] })

if (require.main === module) void app.run()
