/** An agent served in memory: real HTTP and WebSocket, no port. */
import { WebSocket } from 'ws'
import type { Agent } from '../core/Agent'
import { type App, createApp } from '../http/app/App'
import type { Options } from '../http/state/Options'

/**
 * What sends requests to an agent, with `fetch`'s arguments and answer; sessions last from one request to the next.
 * Nothing is logged unless the options say so.
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

/** A `ws` client on an app's `/ws`; resolves when it is open, rejects when the upgrade is refused. */
export const openSocket = (
  app: App,
  { path = '/ws', headers = {}, protocols = [] }: SocketInit = {},
): Promise<WebSocket> =>
  new Promise((resolve, reject) => {
    const client = new WebSocket(`ws://localhost${path}`, [...protocols], { headers, createConnection: app.connect })
    client.once('open', () => {
      client.pause() // until who awaits it has had a turn to listen
      setImmediate(() => client.resume())
      resolve(client)
    })
    client.once('error', reject)
  })
