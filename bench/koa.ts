/** The same agent on Koa with the router and body parser that most of its users take, and ws. */
import { createServer } from 'node:http'
import { Router } from '@koa/router'
import Koa = require('koa')
import bodyParser = require('koa-bodyparser')
import { answer, isEvents, type Payload } from './answer'
import { echoOn, health, listen, writeEvents } from './bare'

const main = (): void => {
  const router = new Router()
  router.get('/ping', (ctx) => {
    ctx.body = health()
  })
  router.post('/invocations', async (ctx) => {
    const result = await answer(ctx.request.body as Payload) // the clients send nothing else
    if (isEvents(result)) {
      ctx.respond = false
      ctx.status = 200
      await writeEvents(ctx.res, result)
    } else ctx.body = result
  })

  const app = new Koa()
  app.use(bodyParser()).use(router.routes())
  const server = createServer(app.callback())
  echoOn(server)
  listen(server)
}

if (require.main === module) main()
