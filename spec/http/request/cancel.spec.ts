/** A stop button: the work of a session is ended from outside, while whoever asked for it still reads or has long gone. */
import { once } from 'node:events'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'
import { WebSocket } from 'ws'
import { type Context, entrypoint, Handler, websocket } from '../../../lib'
import { aborted, eventsIn, failureOf, gate, injected, type Send, served, textsOf, wire } from '../support'

const Stop = t.type({ action: t.literal('stop') })
const Prompt = t.type({ prompt: t.string })

const sessionHeader = 'x-amzn-bedrock-agentcore-runtime-session-id'

const say = (send: Send, session: string, body: unknown): Promise<Response> =>
  send('/invocations', { body, headers: { [sessionHeader]: session } })

const stop = async (send: Send, session: string): Promise<unknown> =>
  (await say(send, session, { action: 'stop' })).json()

/** Streams a word, then nothing until it is ended; counts the ends. */
const talking = (ended: { count: number }) =>
  entrypoint(
    t.union([Stop, Prompt]),
    Handler.cancellable(Stop.is)(
      Handler.fromGenerator(async function* ({ prompt }: t.TypeOf<typeof Prompt>, { signal }) {
        try {
          yield prompt
          await aborted(signal)
        } finally {
          ended.count += 1
        }
      }),
    ),
  )

describe('a stop sent as a second POST of the same session', () => {
  const ended = { count: 0 }
  wire('ends the stream under way with a last frame that says so', talking(ended), async ({ send }) => {
    ended.count = 0
    const texts = textsOf(await say(send, 'a', { prompt: 'hi' }))
    let text = String((await texts.next()).value)
    const asked = performance.now()
    expect(await stop(send, 'a')).toEqual({ cancelled: 1 })
    for await (const part of texts) text += part
    expect(performance.now() - asked).toBeLessThan(1000)
    const [first, last] = eventsIn(text)
    expect(first).toMatchObject({ data: '"hi"' })
    expect(last).toMatchObject({ event: 'error' })
    expect(JSON.parse((last as { readonly data: string }).data)).toMatchObject({ error_type: 'INTERRUPTED' })
    expect(ended.count).toBe(1)
  })

  it('ends the work also where a proxy between keeps the first request open', () =>
    injected(talking(ended), async ({ send }) => {
      ended.count = 0
      const nobodyReads = await say(send, 'a', { prompt: 'hi' })
      expect(await stop(send, 'a')).toEqual({ cancelled: 1 })
      expect(ended.count).toBe(1)
      await nobodyReads.text()
    }))

  it('leaves other sessions, and itself, alone', () =>
    injected(talking(ended), async ({ send }) => {
      const others = textsOf(await say(send, 'b', { prompt: 'hi' }))
      await others.next()
      expect(await stop(send, 'a')).toEqual({ cancelled: 0 })
      expect(await stop(send, 'b')).toEqual({ cancelled: 1 })
      for await (const _ of others);
    }))

  it('answers 409 INTERRUPTED to an invocation that had no answer yet, and aborts its signal', () => {
    const begun = gate<Context.Context>()
    const waits = Handler.cancellable(Stop.is)((_: unknown, context: Context.Context) => async () => {
      begun.open(context)
      await aborted(context.signal)
      return TE.right('late')()
    })
    return served(entrypoint(waits), async ({ send }) => {
      const waiting = say(send, 'a', { prompt: 'hi' })
      const { signal } = await begun.opened
      expect(await stop(send, 'a')).toEqual({ cancelled: 1 })
      expect(await failureOf(await waiting)).toMatchObject({ status: 409, code: 'INTERRUPTED' })
      expect(signal.aborted).toBe(true)
    })
  })

  it('gets through while the invocation under way holds the state of its session, which stays as it was', () => {
    const begun = gate()
    const counting = Handler.statefulGenerator(
      t.number,
      0,
    )(
      ({ prompt }: t.TypeOf<typeof Prompt>) =>
        (count) =>
          async function* ({ signal }) {
            yield count
            if (prompt === 'wait') {
              begun.open()
              await aborted(signal)
            }
            return count + 1
          },
    )
    return injected(entrypoint(t.union([Stop, Prompt]), Handler.cancellable(Stop.is)(counting)), async ({ send }) => {
      await (await say(send, 'a', { prompt: 'count' })).text()
      const waiting = await say(send, 'a', { prompt: 'wait' })
      await begun.opened
      expect(await stop(send, 'a')).toEqual({ cancelled: 1 })
      await waiting.text()
      expect(eventsIn(await (await say(send, 'a', { prompt: 'count' })).text())).toMatchObject([{ data: '1' }])
    })
  })
})

describe('app.cancel', () => {
  it('ends the invocations of a session and tells how many', () =>
    injected(talking({ count: 0 }), async ({ app, send }) => {
      const streams = [await say(send, 'a', { prompt: '1' }), await say(send, 'a', { prompt: '2' })]
      expect([app.cancel('b')(), app.cancel('a')(), app.cancel('a')()]).toEqual([0, 2, 0])
      const texts = await Promise.all(streams.map((stream) => stream.text()))
      texts.forEach((text) => expect(text).toContain('INTERRUPTED'))
    }))

  it('leaves sockets and tasks of the session open', () => {
    const opened = gate<Context.Context>()
    const agent = pipe(
      talking({ count: 0 }),
      websocket((socket, context) => async () => {
        opened.open(context)
        await socket.receive()
        return socket.send('still here')()
      }),
    )
    return served(agent, async ({ app, url }) => {
      const client = new WebSocket(`${url.replace('http', 'ws')}/ws`, { headers: { [sessionHeader]: 'a' } })
      await once(client, 'open')
      const { tasks } = await opened.opened
      const id = tasks.add('background')()
      expect(app.cancel('a')()).toBe(0)
      expect(tasks.complete(id)()).toBe(true)
      client.send('"well?"')
      const [message] = (await once(client, 'message')) as [Buffer]
      expect(message.toString()).toBe('"still here"')
      await once(client, 'close')
    })
  })
})
