/** An agent in a process of its own, so that its memory is its own. Tells its port, and what its memory is when asked. */
import type { AddressInfo } from 'node:net'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { createApp, entrypoint, Handler, websocket } from '../../lib'

const app = createApp(
  pipe(
    entrypoint((payload) => TE.right(typeof payload)),
    websocket(Handler.onMessage((message) => TE.right(typeof message))),
  ),
  { log: { level: 'silent' } },
)

const most = { rss: 0 }
const look = (): void => {
  most.rss = Math.max(most.rss, process.memoryUsage.rss())
}
setInterval(look, 5).unref()

const server = app.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }))

process.on('message', () => {
  look()
  process.send?.({ rss: most.rss })
})
process.on('disconnect', () => process.exit())
