/** An agent served in memory: real HTTP and WebSocket, no port. */
import { WebSocket } from 'ws'
import type { Agent } from '../core/Agent'
import { type App, createApp } from '../http/app/App'
import { checkOptions, type Shape, string, strings, texts } from '../core/OptionCheck'
import type { Options } from '../http/state/Options'

/**
 * Sends requests to an agent without a port, with the arguments and the response of `fetch`. State of sessions lasts from
 * one request to the next. Nothing is logged unless the options say so.
 *
 * @example
 * ```ts
 * import { entrypoint, Handler } from 'agentcore-fp'
 * import { inject } from 'agentcore-fp/testing'
 *
 * const send = inject(entrypoint(Handler.fromSync(() => 'hello')))
 *
 * export const response = send('/invocations', { method: 'POST', body: '{}' })
 * ```
 */
export const inject = <Needs extends object, Has extends Needs>(
  agent: Agent<Needs, {}, Has>,
  options: Options = {},
): App['inject'] => createApp<Needs, Has>(agent, { log: { level: 'silent' }, ...options }).inject

/** How to open a socket. */
export interface SocketInit {
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly protocols?: ReadonlyArray<string>
}

const shape: Shape<SocketInit> = { path: string, headers: texts, protocols: strings }

/**
 * Opens a `ws` client on the `/ws` of an app, without a port. Resolves when it is open, rejects when the upgrade is rejected.
 *
 * @example
 * ```ts
 * import { createApp, Handler, websocket } from 'agentcore-fp'
 * import { openSocket } from 'agentcore-fp/testing'
 *
 * const app = createApp(websocket(Handler.fromMessages((messages: AsyncIterable<unknown>) => messages)))
 *
 * export const opened = openSocket(app).then((client) => client.close())
 * ```
 */
export const openSocket = (app: Pick<App, 'connect'>, init: SocketInit = {}): Promise<WebSocket> =>
  new Promise((resolve, reject) => {
    checkOptions('openSocket', shape, init)
    const { path = '/ws', headers = {}, protocols = [] } = init
    const client = new WebSocket(`ws://localhost${path}`, [...protocols], { headers, createConnection: app.connect })
    client.once('open', () => {
      client.pause() // until who awaits it has had a turn to listen
      setImmediate(() => client.resume())
      resolve(client)
    })
    client.once('error', reject)
  })
