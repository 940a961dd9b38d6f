/** Messages that cannot be decoded: they close the WebSocket, or are answered, and what follows is read. */
import { once } from 'node:events'
import * as E from 'fp-ts/Either'
import { z } from 'zod'
import type WebSocket from 'ws'
import { type Agent, createApp, Handler, websocket } from '../../../lib'
import * as plain from '../../../lib/plain'
import { openSocket } from '../../../lib/testing'

const Ask = z.object({ ask: z.string() })
const Says = z.object({ say: z.string() })

const says = (issues: ReadonlyArray<{ readonly path: string; readonly message: string }>) => ({
  say: issues.map(({ path }) => (path === '' ? 'not JSON' : `${path} is missing`)).join(),
})
const typed = { inbound: Ask, outbound: Says }
const answering = { ...typed, invalid: says }

const upper = ({ ask }: z.infer<typeof Ask>) => ({ say: ask.toUpperCase() })

async function* each(messages: AsyncIterable<z.infer<typeof Ask>>) {
  for await (const message of messages) yield upper(message)
}

/** What a client gets for what it sends, and the code that closed the WebSocket if one did. */
const talked = async (agent: Agent.Agent, ...sent: ReadonlyArray<string>) => {
  const app = createApp(agent, { log: { level: 'silent' } })
  const client: WebSocket = await openSocket(app)
  const heard: Array<unknown> = []
  client.on('message', (data: Buffer) => heard.push(JSON.parse(data.toString('utf8'))))
  const closed = once(client, 'close') as Promise<[number]>
  const all = new Promise<void>((resolve) => client.on('message', () => heard.length === sent.length && resolve()))
  sent.forEach((text) => client.send(text))
  const code = await Promise.race([closed.then(([found]) => found), all.then(() => undefined)])
  client.terminate()
  await app.stop()
  return { heard, code }
}

const sent = ['{"ask":"one"}', '{"ask":', '{}', '{"ask":"two"}']

describe('a message that cannot be decoded', () => {
  it.each<readonly [string, Agent.Agent]>([
    [
      'onMessage',
      websocket(
        answering,
        Handler.onMessage((message: z.infer<typeof Ask>) => E.right(upper(message))),
      ),
    ],
    ['fromMessages', websocket(answering, Handler.fromMessages(each))],
    ['a plain generator', plain.websocket(answering, each)],
    ['plain onMessage', plain.websocket(answering, plain.onMessage(upper))],
    [
      'plain async onMessage',
      plain.websocket(
        answering,
        plain.onMessage(async (message) => Promise.resolve(upper(message))),
      ),
    ],
  ])('is answered by `invalid`, and the next ones are read: %s', async (_, agent) => {
    expect(await talked(agent, ...sent)).toEqual({
      heard: [{ say: 'ONE' }, { say: 'not JSON' }, { say: 'ask is missing' }, { say: 'TWO' }],
      code: undefined,
    })
  })

  it.each<readonly [string, Agent.Agent]>([
    [
      'onMessage',
      websocket(
        typed,
        Handler.onMessage((message: z.infer<typeof Ask>) => E.right(upper(message))),
      ),
    ],
    ['a plain generator', plain.websocket(typed, each)],
  ])('closes the WebSocket without it: %s', async (_, agent) => {
    expect(await talked(agent, ...sent)).toEqual({ heard: [{ say: 'ONE' }], code: 1007 })
  })

  it.each<readonly [string, Agent.Agent]>([
    ['onMessage', plain.websocket({ ...typed, invalid: throwing }, plain.onMessage(upper))],
    ['a generator', plain.websocket({ ...typed, invalid: throwing }, each)],
  ])('closes it with 1011 when `invalid` throws: %s', async (_, agent) => {
    expect(await talked(agent, '{}')).toEqual({ heard: [], code: 1011 })
  })
})

function throwing(): never {
  throw new Error('no answer')
}
