/** `onMessage` with a socket made by hand, as a unit test runs it: one message after the other, until the first left. */
import * as E from 'fp-ts/Either'
import * as TE from 'fp-ts/TaskEither'
import { invalidMessage, rejected, socketClosed } from '../../lib/core/AgentError'
import { onMessage } from '../../lib/core/Handlers'
import { toTalk } from '../../lib/core/SocketHandler'
import { fakeContext, fakeSocket, left } from './support'

describe('onMessage', () => {
  it('sends each answer in its turn, and nothing for undefined, until the peer hangs up', async () => {
    const peer = fakeSocket<number, string>()
    const done = onMessage((n: number, { state }: { readonly state: { readonly mark: string } }) =>
      n === 0 ? E.right(undefined) : n % 2 === 0 ? TE.right(`${n}${state.mark}`) : E.right(`${n}${state.mark}`),
    )(peer.socket, fakeContext({ mark: '!' }))()
    for (const n of [1, 0, 2, 3]) peer.say(n)
    peer.hangUp()
    expect(await done).toEqual(E.right(undefined))
    expect(peer.sent).toEqual(['1!', '2!', '3!'])
  })

  it('ends with the left of an answer, of a message and of a send, and with what is thrown', async () => {
    const no = rejected(403, 'no')
    const garbled = invalidMessage([])
    const run = (f: Parameters<typeof onMessage<unknown, unknown>>[0], peer = fakeSocket()): Promise<unknown> => {
      const done = onMessage(f)(peer.socket, fakeContext({}))()
      peer.say(1)
      return done.then(left)
    }
    expect(await run(() => E.left(no))).toBe(no)
    expect(await run(() => TE.left(no))).toBe(no)
    expect(
      await run(() => {
        throw no
      }),
    ).toBe(no)
    expect(await run(() => () => Promise.reject(new Error('boom')))).toMatchObject({ _tag: 'Unexpected' })
    expect(
      await run(
        E.right,
        fakeSocket(() => TE.left(socketClosed(1000))),
      ),
    ).toMatchObject({ _tag: 'SocketClosed' })
    const peer = fakeSocket()
    const done = onMessage(E.right)(peer.socket, fakeContext({}))()
    peer.garble(garbled)
    expect(left(await done)).toBe(garbled)
  })

  it('is a frozen function that an agent holds as its answers, and any other as a talk over a socket', () => {
    const echo = (message: unknown) => E.right(message)
    const handler = onMessage(echo)
    expect(Object.isFrozen(handler)).toBe(true)
    expect(toTalk(handler)).toEqual({ _tag: 'Messages', run: echo })
    const other = () => TE.right(undefined)
    expect(toTalk(other)).toEqual({ _tag: 'Socket', run: other })
  })
})
