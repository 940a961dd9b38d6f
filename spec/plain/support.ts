/** What the specs of the plain dialect share: requests to an agent in memory, and what it has logged. */
import { openSocket } from '../../lib/testing'
import { type Agent, type App, createApp, type Options } from '../../lib/plain'

export interface Spoken {
  readonly app: App
  readonly post: (payload: unknown, headers?: Readonly<Record<string, string>>) => Promise<Answer>
  /** Sends messages on a socket, each later one after an answer, and resolves with so many answers. */
  readonly talk: (messages: ReadonlyArray<unknown>, count: number) => Promise<ReadonlyArray<unknown>>
  readonly logged: () => ReadonlyArray<Readonly<Record<string, unknown>>>
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  /** The JSON of the body, or the JSON data of each event of a stream. */
  readonly body: unknown
}

const session = 'X-Amzn-Bedrock-AgentCore-Runtime-Session-Id'

const toBody = async (response: Response): Promise<unknown> => {
  const text = await response.text()
  if (response.headers.get('content-type')?.startsWith('text/event-stream') !== true) return JSON.parse(text)
  return [...text.matchAll(/^data: (.*)$/gm)].map(([, data = '']) => JSON.parse(data) as unknown)
}

/** An app of an agent, in memory. */
export const spoken = <Has extends object>(agent: Agent.Agent<Has, {}, Has>, options: Options = {}): Spoken => {
  const lines: Array<string> = []
  const app = createApp<Has, Has>(agent, {
    log: { format: 'json', destination: (line) => void lines.push(line) },
    ...options,
  })
  return {
    app,
    logged: () => lines.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>),
    post: async (body, headers = {}) => {
      const response = await app.inject('/invocations', {
        body: JSON.stringify(body),
        headers: { [session]: 'one', ...headers },
      })
      return { status: response.status, headers: response.headers, body: await toBody(response) }
    },
    talk: async (messages, count) => {
      const client = await openSocket(app, { headers: { [session]: 'one' } })
      const heard: Array<unknown> = []
      const [first, ...later] = messages
      const all = new Promise<void>((resolve, reject) => {
        client.on('message', (data: Buffer) => {
          heard.push(JSON.parse(data.toString()))
          const message = later.shift()
          if (message !== undefined) client.send(JSON.stringify(message))
          if (heard.length === count) resolve()
        })
        client.once('close', (code) => reject(new Error(`closed with ${code} after ${heard.length} answers`)))
      })
      client.send(JSON.stringify(first))
      await all
      client.close()
      return heard
    },
  }
}
