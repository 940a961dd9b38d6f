import { once } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import { openSocket, readEvents } from 'agentcore-fp/testing'
import { z } from 'zod'
import { BedrockAgentCoreApp, getContext, type RequestContext } from '../../examples/officialAdapter'

type Params = ConstructorParameters<typeof BedrockAgentCoreApp>[0]

const quiet = { logging: { enabled: false } }
const session = 'x-amzn-bedrock-agentcore-runtime-session-id'

const adapt = (process: Params['invocationHandler']['process'], rest: Partial<Params> = {}): BedrockAgentCoreApp =>
  new BedrockAgentCoreApp({ invocationHandler: { process }, config: quiet, ...rest })

const send = (
  { app }: BedrockAgentCoreApp,
  body: unknown = {},
  headers: Readonly<Record<string, string>> = { [session]: 'session-1' },
): Promise<Response> => app.inject('/invocations', { method: 'POST', body: JSON.stringify(body), headers })

const answer = async (response: Promise<Response>): Promise<readonly [number, unknown]> => {
  const { status, ...rest } = await response.then(async (found) => ({ status: found.status, json: await found.json() }))
  return [status, rest.json]
}

const health = async ({ app }: BedrockAgentCoreApp): Promise<unknown> => (await app.inject('/ping')).json()

describe('examples/officialAdapter', () => {
  it('passes the payload and the context of the SDK', async () => {
    const adapted = adapt((request, context) => ({ request, ...context }))
    const headers = {
      [session]: 'session-1',
      'x-amzn-bedrock-agentcore-runtime-request-id': 'request-1',
      workloadaccesstoken: 'workload',
      oauth2callbackurl: 'https://example.com/callback',
      authorization: 'Bearer token',
      'user-agent': 'spec',
    }
    const [status, said] = await answer(send(adapted, { prompt: 'hi' }, headers))
    expect(status).toBe(200)
    expect(said).toMatchObject({
      request: { prompt: 'hi' },
      sessionId: 'session-1',
      requestId: 'request-1',
      workloadAccessToken: 'workload',
      oauth2CallbackUrl: 'https://example.com/callback',
      headers: { authorization: 'Bearer token' },
    })
    expect(said).not.toHaveProperty(['headers', 'user-agent'])
  })

  it('takes the session id from the body if there is no header, and refuses a request without either', async () => {
    const adapted = adapt((_, { sessionId }) => ({ sessionId }))
    expect(await answer(send(adapted, { sessionId: 'in-body' }, {}))).toEqual([200, { sessionId: 'in-body' }])
    expect(await answer(send(adapted, {}, {}))).toMatchObject([400, { error: expect.stringContaining('sessionId') }])
  })

  it('decodes the payload with the schema', async () => {
    const adapted = new BedrockAgentCoreApp({
      invocationHandler: {
        requestSchema: z.object({ prompt: z.string() }),
        process: ({ prompt }) => ({ said: prompt.toUpperCase() }),
      },
      config: quiet,
    })
    expect(await answer(send(adapted, { prompt: 'hi' }))).toEqual([200, { said: 'HI' }])
    expect(await answer(send(adapted, { prompt: 1 }))).toMatchObject([400, { code: 'INVALID_PAYLOAD' }])
  })

  it('sends the message of what is thrown, before a stream and in it', async () => {
    const before = adapt(async () => Promise.reject(new Error('No model')))
    expect(await answer(send(before))).toMatchObject([500, { error: 'No model' }])
    const amid = adapt(async function* () {
      yield 'one'
      throw new Error('Model gone')
    })
    const events = await readEvents(await send(amid))
    expect(events.at(-1)).toMatchObject({ event: 'error', data: { error: 'Model gone' } })
  })

  it('streams what generators of the SDK yield', async () => {
    const adapted = adapt(async function* () {
      yield 'plain text'
      yield { event: 'usage', id: '7', retry: 100, data: { tokens: 3 } }
      yield { tokens: 4 }
    })
    const response = await send(adapted)
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    expect(await response.text()).toBe(
      'data: plain text\n\nevent: usage\nid: 7\nretry: 100\ndata: {"tokens":3}\n\ndata: {"tokens":4}\n\n',
    )
  })

  it('ends a generator when the client leaves', async () => {
    let end: () => void = () => undefined
    const ended = new Promise<void>((resolve) => (end = resolve))
    const adapted = adapt(async function* () {
      try {
        for (;;) yield await setImmediate('more')
      } finally {
        end()
      }
    })
    const { body } = await send(adapted)
    await body?.cancel()
    await ended
  })

  it('finds the context anywhere, in functions, streams and sockets', async () => {
    expect(getContext()).toBeUndefined()
    const found = async (): Promise<unknown> => setImmediate().then(() => getContext()?.sessionId)
    expect(await answer(send(adapt(async () => ({ found: await found() }))))).toEqual([200, { found: 'session-1' }])
    const streaming = adapt(async function* () {
      yield { data: await found() }
      yield { data: await found() }
    })
    expect((await readEvents(await send(streaming))).map(({ data }) => data)).toEqual(['session-1', 'session-1'])
    const { app } = adapt(() => null, { websocketHandler: async (socket) => socket.send(String(await found())) })
    const client = await openSocket(app, { headers: { [session]: 'session-2' } })
    expect(String((await once(client, 'message'))[0])).toBe('session-2')
    client.close()
  })

  it('serves sockets by their events', async () => {
    let left: () => void = () => undefined
    const closed = new Promise<void>((resolve) => (left = resolve))
    const { app } = adapt(() => null, {
      websocketHandler: (socket, { sessionId }: RequestContext) => {
        socket.send(JSON.stringify({ connected: sessionId }))
        socket.on('message', (data: Buffer) => socket.send(data.toString().toUpperCase()))
        socket.on('close', left)
      },
    })
    const client = await openSocket(app, { headers: { [session]: 'session-1' } })
    expect(String((await once(client, 'message'))[0])).toBe('{"connected":"session-1"}')
    client.send('not json')
    expect(String((await once(client, 'message'))[0])).toBe('NOT JSON')
    client.close()
    await closed
  })

  it('closes a socket with 1011 if its handler throws, and has no /ws without a handler', async () => {
    const { app } = adapt(() => null, { websocketHandler: async () => Promise.reject(new Error('No')) })
    expect((await once(await openSocket(app), 'close'))[0]).toBe(1011)
    await expect(openSocket(adapt(() => null).app)).rejects.toThrow('404')
  })

  it('is busy while a task runs, and says which', async () => {
    const adapted = adapt(() => null)
    expect(await health(adapted)).toMatchObject({ status: 'Healthy' })
    const id = adapted.addAsyncTask('import', { rows: 3 })
    expect(await health(adapted)).toMatchObject({ status: 'HealthyBusy', time_of_last_update: expect.any(Number) })
    expect(adapted.getAsyncTaskInfo()).toEqual({
      activeCount: 1,
      runningJobs: [{ name: 'import', duration: expect.any(Number) }],
    })
    expect([adapted.completeAsyncTask(id), adapted.completeAsyncTask(id)]).toEqual([true, false])
    expect(await adapted.getCurrentPingStatus()).toBe('Healthy')
  })

  it('tracks a function as a task, and throws what it throws', async () => {
    const adapted = adapt(() => null)
    const tracked = adapted.asyncTask(async function load(rows: number) {
      await setImmediate()
      if (rows === 0) throw new RangeError('No rows')
      return [rows, adapted.getAsyncTaskInfo().runningJobs.map(({ name }) => name)]
    })
    expect(await tracked(2)).toEqual([2, ['load']])
    await expect(tracked(0)).rejects.toThrow(RangeError)
    expect(adapted.getAsyncTaskInfo().activeCount).toBe(0)
  })

  it('asks the ping handler', async () => {
    expect(await health(adapt(() => null, { pingHandler: () => 'HealthyBusy' }))).toMatchObject({
      status: 'HealthyBusy',
    })
  })
})
