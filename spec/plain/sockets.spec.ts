/** Plain functions that handle WebSockets. */
import * as TE from 'fp-ts/TaskEither'
import { z } from 'zod'
import { latest, onEvents, onMessage, onSocket, websocket } from '../../lib/plain'
import { openSocket } from '../../lib/testing'
import { spoken } from './support'

const codecs = { inbound: z.string(), outbound: z.number() }

const length = ({ length: n }: string): number => n

describe('websocket', () => {
  it.each([
    [
      'a generator',
      websocket(codecs, async function* (messages) {
        for await (const text of messages) yield length(text)
      }),
    ],
    ['onMessage', websocket(codecs, onMessage(length))],
    [
      'onMessage with promises',
      websocket(
        codecs,
        onMessage(async (text) => length(text)),
      ),
    ],
    ['onEvents', websocket(codecs, onEvents({ message: length }))],
    [
      'onSocket',
      websocket(
        codecs,
        onSocket(async (socket) => {
          for await (const text of socket.messages) await socket.send(length(text))
        }),
      ),
    ],
  ])('answers messages in order with %s', async (_, agent) => {
    expect(await spoken(agent).talk(['a', 'bb', 'ccc'], 3)).toEqual([1, 2, 3])
  })

  it('answers with a stream that a newer message interrupts', async () => {
    const agent = websocket(
      latest(async function* (message, { signal }) {
        yield { began: message }
        if (message === 'first') await new Promise((resolve) => signal.addEventListener('abort', resolve))
      }),
    )
    expect(await spoken(agent).talk(['first', 'second'], 2)).toEqual([{ began: 'first' }, { began: 'second' }])
  })

  it('tells of events, with a socket to send by', async () => {
    const seen: Array<string> = []
    const closed = new Promise<void>((resolve) => {
      const agent = websocket(
        onEvents({
          open: async ({ sessionId }, socket) => socket.send({ hello: sessionId }),
          message: (message, _, socket) => socket.send({ echo: message }),
          close: ({ sessionId }) => {
            seen.push(`closed ${sessionId}`)
            resolve()
          },
        }),
      )
      void spoken(agent)
        .talk(['a'], 2)
        .then((heard) => seen.unshift(JSON.stringify(heard)))
    })
    await closed
    expect(seen).toEqual(['[{"hello":"one"},{"echo":"a"}]', 'closed one'])
  })

  it('by hand, until the function ends', async () => {
    const agent = websocket(
      onSocket(async (socket) => {
        await socket.send('name?')
        await socket.send({ hello: await socket.receive() })
      }),
    )
    const client = await openSocket(spoken(agent).app)
    const code = new Promise((resolve) => client.once('close', resolve))
    const heard: Array<string> = []
    client.on('message', (data: Buffer) => heard.push(data.toString()))
    client.send('"ann"')
    expect(await code).toBe(1000)
    expect(heard).toEqual(['"name?"', '{"hello":"ann"}'])
  })

  it.each([
    [
      'onMessage',
      websocket(
        onMessage(() => {
          throw new Error('no')
        }),
      ),
    ],
    ['a rejection of onMessage', websocket(onMessage(async () => Promise.reject(new Error('no'))))],
    [
      'onSocket',
      websocket(
        onSocket(() => {
          throw new Error('no')
        }),
      ),
    ],
    [
      'a function that returns nothing to send',
      websocket((() => Promise.resolve()) as unknown as () => Iterable<unknown>),
    ],
    ['a function of the other dialect', websocket(onMessage((() => TE.right(1)) as unknown as () => number))],
  ])('closes with 1011 what fails in %s', async (_, agent) => {
    const client = await openSocket(spoken(agent).app)
    const code = new Promise((resolve) => client.once('close', resolve))
    client.send('1')
    expect(await code).toBe(1011)
  })
})
