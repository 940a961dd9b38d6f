/** Runs an example as a process of its own, as its reader would, and talks to it as a client would. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createParser, type EventSourceMessage } from 'eventsource-parser'
import { WebSocket } from 'ws'

// ---------------------------------------------------------------------------------------------------------------------
// processes
// ---------------------------------------------------------------------------------------------------------------------

/** An example that listens. */
export interface Example {
  readonly url: string
  /** All that it has written. */
  readonly output: () => string
  /** Ends it as a container would, and gives its exit code. */
  readonly end: () => Promise<number | null>
}

const gone = async (child: ChildProcess): Promise<number | null> => {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  return child.exitCode
}

/** Waits until `find` finds something. */
export const until = async <A>(find: () => A | undefined, what: () => string): Promise<A> => {
  for (const end = Date.now() + 10_000; Date.now() < end; await sleep(10)) {
    const found = find()
    if (found !== undefined) return found
  }
  throw new Error(`It did not happen in time: ${what()}`)
}

/** Starts `dist/examples/<name>.js` and waits for the line that tells its URL. */
export const start = async (name: string, env: Readonly<Record<string, string>> = {}): Promise<Example> => {
  const child = spawn(process.execPath, [join(__dirname, `../../examples/${name}.js`)], {
    env: { ...process.env, PORT: '0', HOST: '127.0.0.1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8')
    stream.on('data', (text: string) => {
      output += text
    })
  }
  try {
    const url = await until(
      () => /"message":"Listening on (http:[^"]+)"/.exec(output)?.[1],
      () => output,
    )
    return {
      url,
      output: () => output,
      end: async () => {
        child.kill('SIGTERM')
        const cut = setTimeout(() => child.kill('SIGKILL'), 10_000)
        const code = await gone(child)
        clearTimeout(cut)
        return code
      },
    }
  } catch (cause) {
    child.kill('SIGKILL')
    throw cause
  }
}

/** Keeps an example running for the specs of a `describe`; it must end in good order. */
export const running = (name: string, env?: Readonly<Record<string, string>>): (() => Example) => {
  let example: Example | undefined
  beforeAll(async () => {
    example = await start(name, env)
  })
  afterAll(async () => expect(await example?.end()).toBe(0))
  return () => {
    if (example === undefined) throw new Error(`${name} did not start`)
    return example
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// clients
// ---------------------------------------------------------------------------------------------------------------------

/** Invokes an agent. */
export const invoke = (
  { url }: Example,
  payload: unknown,
  headers: Readonly<Record<string, string>> = {},
  signal: AbortSignal | null = null,
): Promise<Response> => fetch(`${url}/invocations`, { method: 'POST', body: JSON.stringify(payload), headers, signal })

/** The status and the JSON of an answer. */
export const answerOf = async (response: Promise<Response>): Promise<readonly [number, unknown]> => {
  const { status, ...rest } = await response.then(async (found) => ({ status: found.status, json: await found.json() }))
  return [status, rest.json]
}

/** An event and when it came, in milliseconds. */
export interface Heard {
  readonly event: string
  readonly data: unknown
  readonly id?: string
  readonly at: number
}

const heard = ({ event = 'message', data, id }: EventSourceMessage): Heard => ({
  event,
  data: JSON.parse(data),
  at: performance.now(),
  ...(id === undefined ? {} : { id }),
})

/** The events of a stream, as they come. */
export async function* eventsOf(response: Response): AsyncGenerator<Heard> {
  const ready: Array<Heard> = []
  const parser = createParser({ onEvent: (event) => ready.push(heard(event)) })
  const decoder = new TextDecoder()
  if (response.body === null) return
  const bytes: AsyncIterable<Uint8Array> = response.body
  for await (const chunk of bytes) {
    parser.feed(decoder.decode(chunk, { stream: true }))
    yield* ready.splice(0)
  }
}

/** All of the events of a stream. */
export const allEvents = async (response: Promise<Response>): Promise<ReadonlyArray<Heard>> => {
  const events: Array<Heard> = []
  for await (const event of eventsOf(await response)) events.push(event)
  return events
}

/** A client on the socket of an example. */
export interface Client {
  readonly say: (text: string) => void
  /** The next message. */
  readonly hear: () => Promise<string>
  /** Leaves, if the example has not, and gives the close code. */
  readonly leave: () => void
  readonly closed: Promise<number>
}

/** Opens a socket; rejects where the example refuses it. */
export const connect = async ({ url }: Example, headers: Readonly<Record<string, string>> = {}): Promise<Client> => {
  const ws = new WebSocket(`${url.replace('http', 'ws')}/ws`, { headers })
  const messages: Array<string> = []
  let isClosed = false
  ws.on('message', (data: Buffer) => messages.push(data.toString('utf8')))
  const closed = new Promise<number>((resolve) =>
    ws.on('close', (code) => {
      isClosed = true
      resolve(code)
    }),
  )
  await once(ws, 'open')
  return {
    say: (text) => ws.send(text),
    hear: () =>
      until(
        () => messages.shift(),
        () => (isClosed ? 'a message, but the socket is closed' : 'a message'),
      ),
    leave: () => ws.close(1000),
    closed,
  }
}
