/** The agent that every contestant serves, written with agentcore-fp, in the lane that its argument names. */
import { createApp, entrypoint, Handler, provide, use, websocket } from 'agentcore-fp'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import type Koa = require('koa')
import { answer, type Payload } from './answer'

const lane = process.argv[2] ?? 'plain'

const has = (part: 'mw' | 'provide' | 'log'): boolean => lane === part || lane === 'all'

const agent = pipe(
  entrypoint(Handler.fromAsync((payload: unknown) => answer(payload as Payload))), // the clients send nothing else
  websocket(Handler.onMessage(E.right)),
)

const withMiddleware = use(async (ctx: Koa.Context, next: Koa.Next) => {
  ctx.state['userId'] = 'user-123'
  await next()
})

const withProvider = provide(() => TE.right({ tenant: 'acme' }))

const main = (): void => {
  const served = has('mw') ? pipe(agent, withMiddleware) : agent
  const options = has('log') ? {} : ({ log: { level: 'warn' } } as const)
  void (has('provide') ? createApp(pipe(served, withProvider), options) : createApp(served, options)).run()
}

if (require.main === module) main()
