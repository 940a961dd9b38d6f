/** A socket's messages, pulled and typed. */
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import * as t from 'io-ts'
import { z } from 'zod'
import { rejected } from '../../lib/core/AgentError'
import { typed } from '../../lib/core/Socket'
import { drain, fakeSocket, left } from './support'

const Ask = t.type({ ask: t.string })

const Moment = new t.Type<Date, string>(
  'Moment',
  (u): u is Date => u instanceof Date,
  (u, c) => t.failure(u, c),
  (date) => date.toISOString(),
)

describe('messages', () => {
  it('are all that the peer says until it hangs up', async () => {
    const peer = fakeSocket()
    peer.say('a')
    peer.say(null)
    peer.hangUp()
    expect(await drain(peer.socket.messages)).toEqual(['a', null])
  })

  it('throw the failure of a read', async () => {
    const no = rejected(400, 'no')
    const peer = fakeSocket()
    peer.garble(no)
    await expect(drain(peer.socket.messages)).rejects.toBe(no)
  })

  it('that are left before the end, leave the rest to the next reader', async () => {
    const peer = fakeSocket()
    ;['a', 'b', 'c'].forEach(peer.say)
    peer.hangUp()
    for await (const message of peer.socket.messages) {
      expect(message).toBe('a')
      break
    }
    expect(await peer.socket.receive()).toEqual(E.right(O.some('b')))
    expect(await drain(peer.socket.messages)).toEqual(['c'])
  })
})

describe('typed', () => {
  const chat = typed({ inbound: Ask, outbound: Moment })

  it('decodes what the peer says, one by one and as a stream', async () => {
    const peer = fakeSocket()
    const socket = chat(peer.socket)
    peer.say({ ask: 'a' })
    peer.say({ ask: 'b' })
    peer.hangUp()
    expect(await socket.receive()).toEqual(E.right(O.some({ ask: 'a' })))
    expect(await drain(socket.messages)).toEqual([{ ask: 'b' }])
  })

  it('is left InvalidMessage with a path for what cannot be decoded, and goes on after it', async () => {
    const peer = fakeSocket()
    const socket = chat(peer.socket)
    peer.say({ ask: 1 })
    peer.say({ ask: 'b' })
    expect(left(await socket.receive())).toMatchObject({
      _tag: 'InvalidMessage',
      issues: [{ path: 'ask', message: 'expected string, got the number 1' }],
    })
    expect(await socket.receive()).toEqual(E.right(O.some({ ask: 'b' })))
  })

  it('throws InvalidMessage in the stream of messages', async () => {
    const peer = fakeSocket()
    peer.say(7)
    await expect(drain(chat(peer.socket).messages)).rejects.toMatchObject({ _tag: 'InvalidMessage' })
  })

  it('passes on the failure of a read', async () => {
    const no = rejected(400, 'no')
    const peer = fakeSocket()
    peer.garble(no)
    expect(left(await chat(peer.socket).receive())).toBe(no)
  })

  it('encodes what the agent says', async () => {
    const peer = fakeSocket()
    expect(await chat(peer.socket).send(new Date(0))()).toEqual(E.right(undefined))
    expect(peer.sent).toEqual(['1970-01-01T00:00:00.000Z'])
  })

  it('sends nothing that a schema refuses: left Unencodable, with the path', async () => {
    const peer = fakeSocket()
    const socket = typed({ inbound: z.unknown(), outbound: z.object({ n: z.number().max(9, 'too much') }) })(
      peer.socket,
    )
    expect(left(await socket.send({ n: 10 })())).toMatchObject({ _tag: 'Unencodable', reason: 'n too much' })
    expect(peer.sent).toEqual([])
  })

  it('waits for schemas that are asynchronous', async () => {
    const peer = fakeSocket()
    const slow = z.string().transform(async (text) => text.toUpperCase())
    const socket = typed({ inbound: slow, outbound: slow })(peer.socket)
    peer.say('in')
    expect(await socket.receive()).toEqual(E.right(O.some('IN')))
    await socket.send('out')()
    expect(peer.sent).toEqual(['OUT'])
  })
})
