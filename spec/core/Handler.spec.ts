/** The lifts, each with a context made by hand: what they give, what they save and release, and when they end. */
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'
import { type AgentError, invalidMessage, rejected, socketClosed, storeFailed } from '../../lib/core/AgentError'
import type { Context } from '../../lib/core/Context'
import type { PlainContext } from '../../lib/core/PlainContext'
import {
  fromAsync,
  fromGenerator,
  fromMessages,
  fromReader,
  fromSync,
  type Handler,
  latest,
  stateful,
  statefulGenerator,
  toEntry,
} from '../../lib/core/Handlers'
import type { Reply } from '../../lib/core/Reply'
import { drain, fakeContext, type FakeSocket, fakeSession, fakeSocket, left, right, settled } from './support'

const no = rejected(403, 'no')

const fail = (thrown: unknown): never => {
  throw thrown
}

/** The source of a reply that is a stream. */
const sourceOf = ({ body }: Reply): unknown => (body._tag === 'Events' ? body.source : fail(body))

/** How a task came out, also if it broke its promise never to reject. */
const outcome = async (run: () => Promise<E.Either<AgentError, unknown>>): Promise<string> => {
  try {
    const result = await run()
    return E.isLeft(result) ? `left ${result.left._tag}` : `right ${String(result.right)}`
  } catch (cause) {
    return `rejected ${String(cause)}`
  }
}

describe('fromSync', () => {
  const shout = fromSync((text: string, { state }: PlainContext<{ mark: string }>) => `${text}${state.mark}`)

  it('answers with what the function gives', async () => {
    expect(await shout('hi', fakeContext({ mark: '!' }))()).toEqual(E.right('hi!'))
  })

  it('makes a left of what it throws, a thrown AgentError as it is', async () => {
    expect(left(await fromSync(() => fail('x'))(0, fakeContext({}))())).toMatchObject({
      _tag: 'Unexpected',
      cause: 'x',
    })
    expect(left(await fromSync(() => fail(no))(0, fakeContext({}))())).toBe(no)
  })
})

describe('fromAsync', () => {
  it('answers with what the promise gives', async () => {
    expect(await fromAsync(async (n: number) => n + 1)(1, fakeContext({}))()).toEqual(E.right(2))
  })

  it('makes a left of what it throws or rejects with', async () => {
    const thrown = fromAsync((): Promise<number> => fail('x'))
    const rejecting = fromAsync(async () => fail(no))
    expect(left(await thrown(0, fakeContext({}))())).toMatchObject({ _tag: 'Unexpected', cause: 'x' })
    expect(left(await rejecting(0, fakeContext({}))())).toBe(no)
  })

  it('does nothing before the task runs', async () => {
    let ran = 0
    const task = fromAsync(async () => (ran += 1))(0, fakeContext({}))
    expect(ran).toBe(0)
    await task()
    expect(ran).toBe(1)
  })
})

describe('fromReader', () => {
  it('reads the context', async () => {
    const handler = fromReader(
      (text: string) =>
        ({ requestId }: Context) =>
          TE.right(`${requestId} ${text}`),
    )
    expect(await handler('hi', fakeContext({}))()).toEqual(E.right('request-1 hi'))
  })
})

describe('fromGenerator', () => {
  it.each<[string, () => AsyncIterable<unknown> | Iterable<unknown>]>([
    [
      'a generator',
      function* () {
        yield 1
        yield 2
      },
    ],
    [
      'an async generator',
      async function* () {
        yield 1
        yield 2
      },
    ],
    ['any iterable', () => [1, 2]],
  ])('streams the values of %s', async (_, f) => {
    const reply = right(await fromGenerator(f)(0, fakeContext({}))())
    expect(await drain(sourceOf(reply))).toEqual([1, 2])
  })

  it('runs none of the generator before it is pulled', async () => {
    let ran = 0
    const handler = fromGenerator(function* () {
      yield (ran += 1)
    })
    const reply = right(await handler(0, fakeContext({}))())
    expect(ran).toBe(0)
    await drain(sourceOf(reply))
    expect(ran).toBe(1)
  })

  it('makes a left of what a function throws before it streams', async () => {
    expect(left(await fromGenerator((): Iterable<unknown> => fail(no))(0, fakeContext({}))())).toBe(no)
  })

  it('is known to stream before it is called, unlike the others', () => {
    const tagOf = (handler: Handler<never, unknown>): string => toEntry(handler)._tag
    expect(tagOf(fromGenerator(() => []))).toBe('Stream')
    expect(tagOf(statefulGenerator(t.number, 0)(() => () => () => [][Symbol.iterator]() as never))).toBe('Stream')
    const others = [fromSync(() => 1), fromAsync(async () => 1), fromReader(() => () => TE.right(1)), () => TE.right(1)]
    expect(others.map(tagOf)).toEqual(Array(4).fill('Answer'))
  })

  it('is a frozen function, whose entry runs it and which is told apart by its tag alone', async () => {
    const handler = fromGenerator((n: number) => [n, n + 1])
    expect([Object.isFrozen(handler), Object.keys(handler), Object.getOwnPropertySymbols(handler)]).toEqual([
      true,
      ['_tag'],
      [],
    ])
    const { run } = toEntry(handler)
    expect(await drain(sourceOf(right(await run(7, fakeContext({}))())))).toEqual([7, 8])
  })
})

const Count = t.number

const stored = O.some<unknown>(41)

describe('stateful', () => {
  const count = stateful(Count, 0)((by: number) => (n) => () => TE.right([`was ${n}`, n + by]))

  it('starts with the initial state and saves the next one', async () => {
    const session = fakeSession()
    expect(await count(2, fakeContext({}, { session: session.access }))()).toEqual(E.right('was 0'))
    expect(session.saved).toEqual([2])
  })

  it('goes on from the stored state', async () => {
    const session = fakeSession(stored)
    expect(await count(1, fakeContext({}, { session: session.access }))()).toEqual(E.right('was 41'))
    expect(session.saved).toEqual([42])
  })

  it('keeps the state encoded', async () => {
    const Moment = new t.Type<Date, unknown>(
      'Moment',
      (u): u is Date => u instanceof Date,
      (u, c) => (typeof u === 'number' ? t.success(new Date(u)) : t.failure(u, c)),
      (date) => date.getTime(),
    )
    const later = stateful(
      Moment,
      new Date(0),
    )(() => (date) => () => TE.right([date.toISOString(), new Date(date.getTime() + 1)]))
    const session = fakeSession(stored)
    expect(await later(null, fakeContext({}, { session: session.access }))()).toEqual(
      E.right('1970-01-01T00:00:00.041Z'),
    )
    expect(session.saved).toEqual([42])
  })

  it.each<[string, Parameters<typeof fakeSession>, Parameters<ReturnType<typeof stateful<number>>>[0], string]>([
    ['answers with a left', [stored], () => () => () => TE.left(no), 'left Rejected'],
    ['throws at once', [stored], () => fail('x'), 'rejected x'],
    ['throws when given the state', [stored], () => () => fail('x'), 'rejected x'],
    ['throws when given the context', [stored], () => () => () => fail('x'), 'rejected x'],
    ['throws when run', [stored], () => () => () => () => fail('x'), 'rejected x'],
    ['rejects', [stored], () => () => () => async () => fail('x'), 'rejected x'],
  ])('saves nothing and releases the lock when the handler %s', async (_, args, f, expected) => {
    const session = fakeSession(...args)
    const handler = stateful(Count, 0)(f)
    expect(await outcome(() => handler(0, fakeContext({}, { session: session.access }))())).toBe(expected)
    expect([session.saved, session.locked(), session.released()]).toEqual([[], 1, 1])
  })

  it.each<[string, Parameters<typeof fakeSession>, string]>([
    ['the state does not fit the codec', [O.some('text')], 'left InvalidState'],
    ['the state cannot be loaded', [O.none, { load: storeFailed('x') }], 'left StoreFailed'],
    ['the state cannot be saved', [stored, { save: storeFailed('x') }], 'left StoreFailed'],
  ])('is a left and releases the lock when %s', async (_, args, expected) => {
    const session = fakeSession(...args)
    expect(await outcome(() => count(1, fakeContext({}, { session: session.access }))())).toBe(expected)
    expect([session.saved, session.locked(), session.released()]).toEqual([[], 1, 1])
  })

  it('releases the lock when the next state cannot be encoded', async () => {
    const Bad = new t.Type<number, unknown>(
      'Bad',
      t.number.is,
      (u) => t.success(Number(u)),
      () => fail('x'),
    )
    const session = fakeSession()
    await outcome(() =>
      stateful(Bad, 0)(() => (n) => () => TE.right([n, n]))(0, fakeContext({}, { session: session.access }))(),
    )
    expect([session.saved, session.locked(), session.released()]).toEqual([[], 1, 1])
  })

  it('runs nothing without the lock', async () => {
    let ran = 0
    const session = fakeSession(stored, { lock: no })
    const handler = stateful(Count, 0)(() => (n) => () => TE.right([(ran += 1), n]))
    expect(left(await handler(0, fakeContext({}, { session: session.access }))())).toBe(no)
    expect([ran, session.saved, session.released()]).toEqual([0, [], 0])
  })
})

describe('statefulGenerator', () => {
  type Source = Parameters<ReturnType<typeof statefulGenerator<number>>>[0]

  const counting: Source = () => (n) =>
    async function* () {
      yield n
      yield n + 1
      return n + 2
    }

  const opened = async (f: Source, ...args: Parameters<typeof fakeSession>) => {
    const session = fakeSession(...args)
    const reply = right(await statefulGenerator(Count, 0)(f)(null, fakeContext({}, { session: session.access }))())
    const source = sourceOf(reply) as AsyncGenerator
    return { session, source }
  }

  it.each<[string, Source]>([
    [
      'an async generator',
      () => (n) =>
        async function* () {
          yield n
          yield n + 1
          return n + 2
        },
    ],
    [
      'a generator',
      () => (n) =>
        function* () {
          yield n
          yield n + 1
          return n + 2
        },
    ],
  ])('streams what %s yields and saves what it returns', async (_, f) => {
    const { session, source } = await opened(f, stored)
    expect(await drain(source)).toEqual([41, 42])
    expect([session.saved, session.locked(), session.released()]).toEqual([[43], 1, 1])
  })

  it('holds the lock from the first pull to the end', async () => {
    const { session, source } = await opened(counting)
    expect([session.locked(), session.released()]).toEqual([0, 0])
    await source.next()
    expect([session.locked(), session.released()]).toEqual([1, 0])
    await drain(source)
    expect([session.locked(), session.released()]).toEqual([1, 1])
  })

  it('saves nothing when the client leaves midway, and ends the generator', async () => {
    let ended = false
    const { session, source } = await opened(
      () => (n) =>
        async function* () {
          try {
            yield n
            yield n + 1
            return n + 2
          } finally {
            ended = true
          }
        },
      stored,
    )
    await source.next()
    await source.return(undefined)
    expect([ended, session.saved, session.locked(), session.released()]).toEqual([true, [], 1, 1])
  })

  it('saves nothing when the client leaves after the last value', async () => {
    const { session, source } = await opened(counting, stored)
    await source.next()
    await source.next()
    await source.return(undefined)
    expect([session.saved, session.locked(), session.released()]).toEqual([[], 1, 1])
  })

  it('takes no lock when the client leaves before the first value', async () => {
    const { session, source } = await opened(counting)
    await source.return(undefined)
    expect([session.saved, session.locked(), session.released()]).toEqual([[], 0, 0])
  })

  it.each<[string, Source]>([
    ['throws at once', () => fail(no)],
    [
      'throws midway',
      () => () =>
        function* () {
          yield 1
          return fail(no)
        },
    ],
    [
      'rejects midway',
      () => () =>
        async function* () {
          yield 1
          return fail(no)
        },
    ],
  ])('saves nothing and releases the lock when the generator %s', async (_, f) => {
    const { session, source } = await opened(f)
    await expect(drain(source)).rejects.toBe(no)
    expect([session.saved, session.locked(), session.released()]).toEqual([[], 1, 1])
  })

  it.each<[string, Parameters<typeof fakeSession>, string]>([
    ['the lock cannot be had', [O.none, { lock: no }], 'Rejected'],
    ['the state does not fit', [O.some('text')], 'InvalidState'],
    ['the state cannot be saved', [stored, { save: storeFailed('x') }], 'StoreFailed'],
  ])('ends the stream with the failure when %s', async (_, args, tag) => {
    const { session, source } = await opened(counting, ...args)
    await expect(drain(source)).rejects.toMatchObject({ _tag: tag })
    expect([session.saved, session.released()]).toEqual([[], session.locked()])
  })

  it('takes iterators that have no return', async () => {
    const { session, source } = await opened(() => () => () => ({ next: () => ({ done: false, value: 1 }) }))
    await source.next()
    await source.return(undefined)
    expect([session.saved, session.locked(), session.released()]).toEqual([[], 1, 1])
  })
})

/** A promise that the spec settles. */
const gate = (): { readonly opened: Promise<void>; readonly open: () => void } => {
  let open = (): void => undefined
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

/** A source that waits for ever and tells when its `return` was called. */
const endless = (): { readonly source: AsyncIterable<unknown>; readonly returned: () => number } => {
  let returned = 0
  return {
    source: {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise(() => undefined),
        return: () => {
          returned += 1
          return Promise.resolve({ done: true, value: undefined })
        },
      }),
    },
    returned: () => returned,
  }
}

describe('fromMessages', () => {
  const echo = fromMessages(async function* (messages: AsyncIterable<unknown>) {
    for await (const message of messages) yield ['echo', message]
  })

  it('sends what the generator yields, until the peer hangs up', async () => {
    const peer = fakeSocket()
    const done = echo(peer.socket, fakeContext({}))()
    peer.say('a')
    peer.say('b')
    peer.hangUp()
    expect(await done).toEqual(E.right(undefined))
    expect(peer.sent).toEqual([
      ['echo', 'a'],
      ['echo', 'b'],
    ])
  })

  it('sends the values of a sync generator', async () => {
    const peer = fakeSocket()
    const handler = fromMessages(function* () {
      yield 1
      yield 2
    })
    expect(await handler(peer.socket, fakeContext({}))()).toEqual(E.right(undefined))
    expect(peer.sent).toEqual([1, 2])
  })

  it('pulls no value before the one before is written', async () => {
    const written = gate()
    let pulled = 0
    const peer = fakeSocket(() => TE.fromTask(() => written.opened))
    const done = fromMessages(function* () {
      for (;;) {
        pulled += 1
        if (pulled > 3) return
        yield pulled
      }
    })(peer.socket, fakeContext({}))()
    await settled()
    expect(pulled).toBe(1)
    written.open()
    await done
    expect(pulled).toBe(4)
  })

  it('calls return at once when the signal aborts while the source waits, and is a right', async () => {
    const leaving = new AbortController()
    const { source, returned } = endless()
    const done = fromMessages(() => source)(fakeSocket().socket, fakeContext({}, { signal: leaving.signal }))()
    await settled()
    expect(returned()).toBe(0)
    leaving.abort()
    expect(returned()).toBe(1)
    expect(await done).toEqual(E.right(undefined))
  })

  it('ends a generator that waits for a message when the signal aborts', async () => {
    const leaving = new AbortController()
    let ended = false
    const peer = fakeSocket()
    const done = fromMessages(async function* (messages: AsyncIterable<unknown>) {
      try {
        for await (const message of messages) yield message
      } finally {
        ended = true
      }
    })(peer.socket, fakeContext({}, { signal: leaving.signal }))()
    await settled()
    leaving.abort()
    expect(await done).toEqual(E.right(undefined))
    peer.say('late') // a generator can end only when what it awaits has come
    await settled()
    expect([ended, peer.sent]).toEqual([true, []])
  })

  it('sends nothing and pulls nothing when the signal has aborted before', async () => {
    const { source, returned } = endless()
    const peer = fakeSocket()
    expect(await fromMessages(() => source)(peer.socket, fakeContext({}, { signal: AbortSignal.abort() }))()).toEqual(
      E.right(undefined),
    )
    expect([peer.sent, returned()]).toEqual([[], 1])
  })

  it('ends the generator and is the left of a send that fails', async () => {
    let ended = false
    const closed = socketClosed(1006)
    const handler = fromMessages(function* () {
      try {
        yield 1
        yield 2
      } finally {
        ended = true
      }
    })
    expect(left(await handler(fakeSocket(() => TE.left(closed)).socket, fakeContext({}))())).toBe(closed)
    expect(ended).toBe(true)
  })

  it('is the left of what the generator throws, or the function before it', async () => {
    const midway = fromMessages(async function* () {
      yield 1
      fail(no)
    })
    expect(left(await midway(fakeSocket().socket, fakeContext({}))())).toBe(no)
    expect(left(await fromMessages(() => fail(no))(fakeSocket().socket, fakeContext({}))())).toBe(no)
  })

  it('is the left of a message that could not be read', async () => {
    const peer = fakeSocket()
    const bad = invalidMessage([])
    const done = echo(peer.socket, fakeContext({}))()
    peer.say('a')
    peer.garble(bad)
    expect(left(await done)).toBe(bad)
  })

  it('survives a source whose return throws', async () => {
    const source = {
      [Symbol.iterator]: () => ({ next: () => ({ done: false as const, value: 1 }), return: () => fail('x') }),
    }
    const closed = socketClosed(1006)
    const handler = fromMessages(() => source)
    expect(left(await handler(fakeSocket(() => TE.left(closed)).socket, fakeContext({}))())).toBe(closed)
  })

  it('leaves no listener on the signal', async () => {
    const leaving = new AbortController()
    const { signal } = leaving
    let listeners = 0
    const add = signal.addEventListener.bind(signal)
    signal.addEventListener = (type: string, listener: () => void, options?: { signal?: AbortSignal }) => {
      listeners += 1
      options?.signal?.addEventListener('abort', () => (listeners -= 1))
      add(type, listener, options)
    }
    await fromMessages(() => [1, 2])(fakeSocket().socket, fakeContext({}, { signal }))()
    expect(listeners).toBe(0)
  })
})

describe('latest', () => {
  /** An agent that says each of its words when the spec lets it, and notes what becomes of its answers. */
  const chat = () => {
    const notes: Array<string> = []
    const gates = new Map<string, () => void>()
    const handler = latest(async function* (message: string, { signal }: PlainContext) {
      signal.addEventListener('abort', () => notes.push(`${message} aborted`))
      try {
        yield `${message} 1`
        const { opened, open } = gate()
        gates.set(message, open)
        await opened
        yield `${message} 2`
        notes.push(`${message} done`)
      } finally {
        notes.push(`${message} ended`)
      }
    })
    const letGo = async (message: string): Promise<void> => {
      gates.get(message)?.()
      await settled()
    }
    return { handler, notes, letGo }
  }

  const talk = () => {
    const peer = fakeSocket<string, string>()
    const leaving = new AbortController()
    const agent = chat()
    const done = agent.handler(peer.socket, fakeContext({}, { signal: leaving.signal }))()
    return { ...agent, peer, leaving, done }
  }

  const say = async (peer: FakeSocket<string, string>, message: string): Promise<void> => {
    peer.say(message)
    await settled()
  }

  it('answers a message with all of its values', async () => {
    const { peer, letGo, done, notes } = talk()
    await say(peer, 'a')
    await letGo('a')
    expect(peer.sent).toEqual(['a 1', 'a 2'])
    expect(notes).toEqual(['a done', 'a ended'])
    peer.hangUp()
    expect(await done).toEqual(E.right(undefined))
  })

  it('answers one message after another', async () => {
    const { peer, letGo } = talk()
    for (const message of ['a', 'b']) {
      await say(peer, message)
      await letGo(message)
    }
    expect(peer.sent).toEqual(['a 1', 'a 2', 'b 1', 'b 2'])
  })

  it('interrupts the answer under way when a newer message comes', async () => {
    const { peer, letGo, notes } = talk()
    await say(peer, 'a')
    await say(peer, 'b')
    expect(notes).toEqual(['a aborted'])
    await letGo('a')
    await letGo('b')
    expect(peer.sent).toEqual(['a 1', 'b 1', 'b 2'])
    expect(notes).toEqual(['a aborted', 'a ended', 'b done', 'b ended'])
  })

  it('interrupts the answer under way when the peer hangs up', async () => {
    const { peer, done, notes } = talk()
    await say(peer, 'a')
    peer.hangUp()
    expect(await done).toEqual(E.right(undefined))
    expect(notes).toEqual(['a aborted'])
    expect(peer.sent).toEqual(['a 1'])
  })

  it('aborts the answer under way with the signal of the context', async () => {
    const { peer, leaving, letGo, notes } = talk()
    await say(peer, 'a')
    leaving.abort()
    await letGo('a')
    expect(notes).toEqual(['a aborted', 'a ended'])
    expect(peer.sent).toEqual(['a 1'])
  })

  it('is the left of an answer that fails', async () => {
    const peer = fakeSocket()
    const done = latest(() => fail(no))(peer.socket, fakeContext({}))()
    peer.say('a')
    expect(left(await done)).toBe(no)
  })

  it('answers no message after an answer has failed', async () => {
    let answers = 0
    const peer = fakeSocket()
    const done = latest(() => fail((answers += 1)))(peer.socket, fakeContext({}))()
    peer.say('a')
    peer.say('b')
    expect(left(await done)).toMatchObject({ _tag: 'Unexpected', cause: 1 })
    peer.say('c')
    await settled()
    expect(answers).toBe(1)
  })

  it('is the left of a send that fails', async () => {
    const closed = socketClosed(1006)
    const peer = fakeSocket(() => TE.left(closed))
    const done = latest(() => [1])(peer.socket, fakeContext({}))()
    peer.say('a')
    expect(left(await done)).toBe(closed)
  })

  it('is the left of a message that could not be read, and interrupts the answer under way', async () => {
    const { peer, done, notes } = talk()
    await say(peer, 'a')
    const bad = invalidMessage([])
    peer.garble(bad)
    expect(left(await done)).toBe(bad)
    await settled()
    expect(notes).toEqual(['a aborted'])
  })
})
