/** Every place where an agent calls code of its user, each with code that misbehaves there while it is armed. */
import { Readable } from 'node:stream'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'
import type * as Koa from 'koa'
import {
  type Agent,
  AgentError,
  type App,
  asyncTask,
  type Context,
  entrypoint,
  Handler,
  type Options,
  ping,
  provide,
  Reply,
  Session,
  use,
  websocket,
  wrap,
} from '../../lib'
import { systemClock } from '../../lib/node/Clock'

/** What misbehaves: gives the awkward value in one of several manners, while it is armed. */
export interface Misbehaviour {
  readonly isArmed: () => boolean
  /** Throws, returns or rejects, as the case has it. */
  readonly bad: () => never
  /** The awkward value itself. */
  readonly value: () => never
}

/** An agent with its options, and what else is to be done with its app. */
export interface Hooked {
  readonly agent: Agent.Agent
  readonly options?: Options
  readonly prepare?: (app: App) => void
}

/** Where code misbehaves. */
export interface Hook {
  readonly make: (by: Misbehaviour) => Hooked
  /** What reaches it. */
  readonly over: 'http' | 'socket'
  /** Whether some values make it wait for ever, or a stream go on for ever, as the code says. */
  readonly mayWait?: boolean
  /** Whether nobody is given what it returns, so that a promise of it is the author's own. */
  readonly isUnheard?: boolean
  /** Whether its work goes on when the client has left, so that a value to wait for has it run for ever. */
  readonly isForked?: boolean
  /** Whether the value becomes a header, which clients limit to some kilobytes. */
  readonly isHeader?: boolean
}

export const unheard = (hook: Hook): Hook => ({ ...hook, isUnheard: true })

/** The same hook, where the client leaves soon. */
const waiting = (hook: Hook): Hook => ({ ...hook, mayWait: true })

const answering = entrypoint(() => TE.right('fine'))

const http = (make: Hook['make']): Hook => ({ make, over: 'http' })

const handler = (make: (by: Misbehaviour) => Handler.Handler<unknown, unknown>): Hook =>
  http((by) => {
    const bad = make(by)
    const good = Handler.fromSync(() => 'fine')
    return { agent: entrypoint((payload, context) => (by.isArmed() ? bad : good)(payload, context)) }
  })

export const middleware = (make: (by: Misbehaviour) => Koa.Middleware): Hook =>
  http((by) => {
    const bad = make(by)
    return {
      agent: pipe(
        answering,
        use((ctx, next) => (by.isArmed() ? (bad(ctx, next) as unknown) : next())),
      ),
    }
  })

/** A handler whose answer is pulled. */
const source = (make: (by: Misbehaviour) => unknown): Hook => handler((by) => Handler.fromSync(() => make(by)))

const echo = websocket(Handler.onMessage((message) => E.right(message)))

const endless: typeof source = (make) => waiting(source(make))

const socket = (make: (by: Misbehaviour) => Hooked): Hook => ({ make, over: 'socket' })

const state = t.number

const counting = entrypoint(Handler.stateful(state, 0)(() => (n) => () => TE.right(['fine', n + 1])))

const store = (part: keyof Session.Store): Hook =>
  http((by) => {
    const memory = Session.memoryStore()
    const kept: Session.Store = {
      ...memory,
      sweep: () => TE.right(undefined),
      [part]: (...args: [never, never]) =>
        by.isArmed() ? by.bad() : (memory[part] ?? (() => TE.right(undefined)))(...args),
    }
    return { agent: counting, options: { session: { store: kept, max: 1 } } }
  })

const schema = (by: Misbehaviour) => ({
  '~standard': {
    version: 1 as const,
    vendor: 'spec',
    validate: (value: unknown) => (by.isArmed() ? by.bad() : { value }),
  },
})

const codec = (by: Misbehaviour): t.Type<unknown> =>
  new t.Type<unknown>(
    'awkward',
    (_): _ is unknown => true,
    (value) => (by.isArmed() ? by.bad() : t.success(value)),
    (value) => (by.isArmed() ? by.bad() : value),
  )

const task = (
  f: (by: Misbehaviour, tasks: Context.Context['tasks']) => TE.TaskEither<AgentError.AgentError, unknown>,
): Hook =>
  handler(
    (by) =>
      (_, { tasks }) =>
        f(by, tasks),
  )

export const hooks: Readonly<Record<string, Hook>> = {
  // middleware
  'a synchronous middleware': middleware((by) => () => by.bad()),
  'an asynchronous middleware': middleware((by) => async () => by.bad()),
  'a middleware after the routes': middleware((by) => async (_, next) => {
    await next()
    return by.bad()
  }),
  'ctx.body': middleware((by) => (ctx) => void (ctx.body = by.value())),
  'ctx.body in place of the answer': middleware((by) => async (ctx, next) => {
    await next()
    ctx.body = by.value()
  }),
  'ctx.status': middleware((by) => (ctx) => void (ctx.status = by.value())),
  'ctx.res.statusCode': middleware((by) => async (ctx, next) => {
    await next()
    ctx.res.statusCode = by.value()
  }),
  'ctx.set': { isHeader: true, ...middleware((by) => (ctx) => ctx.set('x-awkward', by.value())) },
  'ctx.throw': middleware((by) => (ctx) => ctx.throw(by.value(), by.value(), by.value())),
  'a listener of the error event': unheard(
    http((by) => ({
      agent: pipe(
        answering,
        use((_, next) => {
          if (by.isArmed()) throw new Error('for the listener')
          return next()
        }),
      ),
      prepare: (app) => void app.on('error', () => by.isArmed() && by.bad()),
    })),
  ),
  'the codec of a middleware': http((by) => ({
    agent: pipe(
      entrypoint(() => TE.right('fine')),
      use<object>((_, next) => next(), schema(by) as never),
    ),
  })),

  // around the handler
  'a provider': http((by) => ({
    agent: pipe(
      provide(() => (by.isArmed() ? by.bad() : TE.right({ a: 1 }))),
      entrypoint(() => TE.right('fine')),
    ),
  })),
  'a wrap': http((by) => ({
    agent: pipe(
      wrap((next) => (by.isArmed() ? by.bad() : next)),
      answering,
    ),
  })),
  'a wrapped step': http((by) => ({
    agent: pipe(
      wrap((next) => (context) => (by.isArmed() ? by.bad() : next(context))),
      answering,
    ),
  })),

  // handlers
  'a handler': handler((by) => () => by.bad()),
  'the task of a handler': handler((by) => () => () => by.bad()),
  fromSync: handler((by) => Handler.fromSync(() => by.bad())),
  fromAsync: handler((by) => Handler.fromAsync(() => by.bad())),
  fromReader: handler((by) => Handler.fromReader(() => () => by.bad())),
  fromGenerator: handler((by) => Handler.fromGenerator(() => by.bad())),
  'a stateful handler': handler((by) => Handler.stateful(state, 0)(() => () => () => by.bad())),
  'the next state': handler((by) =>
    Handler.stateful(codec(by), undefined)(() => () => () => TE.right(['fine', by.value()])),
  ),
  asyncTask: { isForked: true, ...handler((by) => asyncTask('task', () => by.bad())) },
  'a tracked task': { isForked: true, ...task((by, tasks) => tasks.track('task')<unknown>(() => by.bad())) },
  'a forked task': {
    isForked: true,
    ...task((by, tasks) =>
      pipe(
        TE.fromIO(tasks.fork('task')<unknown>(() => by.bad())),
        TE.chain(({ outcome }) => outcome),
      ),
    ),
  },
  'a task that is added': task((by, tasks) => {
    const id = tasks.add(by.value(), by.value())()
    tasks.complete(id, by.value())()
    return TE.right('fine')
  }),
  'a status of a reply': source((by) => Reply.withStatus(by.value())(Reply.json(1))),
  'a header of a reply': source((by) => Reply.withHeader('x-awkward', by.value())(Reply.json(1))),
  'the headers of a stream': source((by) => ({ ...Reply.events([1]), headers: by.value() })),
  'the body of a reply': source((by) => ({ ...Reply.json(1), body: by.value() })),
  'the text of a reply': source((by) => Reply.text(by.value(), by.value())),
  'the bytes of a reply': source((by) => Reply.bytes(by.value())),
  'the source of a stream': source((by) => Reply.events(by.value())),
  'a rejection': handler((by) => () => TE.left(AgentError.rejected(by.value(), by.value(), by.value()))),
  'the details of a rejection': handler((by) => () => TE.left(AgentError.rejected(418, 'no', by.value()))),
  'a challenge': handler((by) => () => TE.left(AgentError.unauthorized('no', by.value()))),
  'a cause': handler((by) => () => TE.left(AgentError.unexpected(by.value()))),
  'a log line': handler(
    (by) =>
      (_, { log }) =>
        pipe(
          TE.fromIO(log.error(by.value(), by.value())),
          TE.chainIOK(() => log.info('fields', { error: by.value(), field: by.value(), deep: [{ a: by.value() }] })),
          TE.map(() => 'fine'),
        ),
  ),

  // sources
  'the first pull of a generator': source(function* (by) {
    yield by.bad()
  }),
  'a later pull of a generator': source(function* (by) {
    yield 1
    yield by.bad()
  }),
  'the return of a generator': source(function* (by) {
    yield 1
    return by.bad()
  }),
  'the first pull of an async generator': source(async function* (by) {
    yield by.bad()
  }),
  'a later pull of an async generator': source(async function* (by) {
    yield 1
    await Promise.resolve()
    yield by.bad()
  }),
  'the return of an async generator': source(async function* (by) {
    yield 1
    return by.bad()
  }),
  'the end of an async generator that is closed': source(async function* (by) {
    try {
      yield 1n // ends the stream
    } finally {
      await Promise.resolve(by.bad())
    }
  }),
  next: waiting(source((by) => ({ next: () => by.bad() }))),
  'a later next': waiting(
    source((by) => {
      const left = [1, 2]
      return { next: () => (left.length > 0 ? { done: false, value: left.pop() } : by.bad()) }
    }),
  ),
  'a value of next': source((by) => {
    const left = [1, 2]
    return { next: () => ({ done: left.pop() === undefined, value: by.value() }) }
  }),
  'the return of an iterator': source((by) => ({
    next: () => ({ done: false, value: Symbol('ends the stream') }),
    return: () => by.bad(),
  })),
  'Symbol.asyncIterator': source((by) => ({ [Symbol.asyncIterator]: () => by.bad() })),
  'the getter of Symbol.asyncIterator': unheard(
    source((by) => ({
      get [Symbol.asyncIterator]() {
        return by.bad()
      },
    })),
  ),
  'the getters of a result': unheard(
    endless((by) => ({
      next: () => ({
        get done() {
          return by.bad()
        },
        get value() {
          return by.bad()
        },
      }),
    })),
  ),
  'a ReadableStream': waiting(
    source(
      (by) =>
        new ReadableStream({
          pull: (controller) => {
            controller.enqueue(1)
            return by.bad()
          },
        }),
    ),
  ),
  'a ReadableStream that breaks': source(
    (by) => new ReadableStream({ start: (controller) => controller.error(by.value()) }),
  ),
  'a Readable': waiting(
    source(
      (by) =>
        new Readable({
          objectMode: true,
          read() {
            Promise.resolve(by.bad()).catch(() => this.destroy(new Error('broken')))
          },
        }),
    ),
  ),
  'a Readable that is destroyed': source((by) => new Readable({ read: () => undefined }).destroy(by.value())),
  'a Readable that breaks later': source(() => {
    const readable = new Readable({ objectMode: true, read: () => undefined })
    readable.push(1)
    setImmediate(() => readable.destroy(new Error('broken')))
    return readable
  }),
  'ctx.body that is a destroyed stream': middleware((by) => (ctx) => {
    ctx.body = new Readable({ read: () => undefined }).on('error', () => undefined).destroy(by.value())
  }),
  'ctx.body that is a stream which breaks': middleware(() => (ctx) => {
    const readable = new Readable({ read: () => undefined })
    ctx.body = readable
    setImmediate(() => readable.destroy(new Error('broken')))
  }),

  // codecs
  'an io-ts codec': http((by) => ({ agent: entrypoint(codec(by), () => TE.right('fine')) })),
  'a Standard Schema': http((by) => ({ agent: entrypoint(schema(by) as never, () => TE.right('fine')) })),
  'the codec of an answer': http((by) => ({
    agent: entrypoint({ inbound: t.unknown, outbound: codec(by) }, () => TE.right('fine')),
  })),
  'the Standard Schema of an answer': http((by) => ({
    agent: entrypoint({ inbound: t.unknown, outbound: schema(by) as never }, () => TE.right('fine')),
  })),

  // options
  'load of a session store': store('load'),
  'save of a session store': store('save'),
  'remove of a session store': store('remove'),
  'sweep of a session store': store('sweep'),
  onEvict: http((by) => ({
    agent: counting,
    options: { session: { max: 1, onEvict: () => (by.isArmed() ? by.bad() : undefined) } },
  })),
  'a ping handler': http((by) => ({
    agent: pipe(
      answering,
      ping(() => (by.isArmed() ? by.bad() : 'Healthy')),
    ),
    options: { pingTimeout: 50 },
  })),
  'a log destination': http((by) => ({
    agent: answering,
    options: { log: { level: 'debug', destination: () => (by.isArmed() ? by.bad() : undefined) } },
  })),
  newId: http((by) => ({
    agent: answering,
    options: { newId: () => (by.isArmed() ? by.bad() : 'an-id') },
  })),
  'the time of a clock': http((by) => ({
    agent: answering,
    options: { deadline: 1000, clock: { ...systemClock, now: () => (by.isArmed() ? by.bad() : Date.now()) } },
  })),
  'the timers of a clock': http((by) => ({
    agent: counting,
    options: {
      deadline: 1000,
      clock: { ...systemClock, after: (ms, f) => (by.isArmed() ? by.bad() : systemClock.after(ms, f)) },
    },
  })),

  // sockets
  'a socket handler': socket((by) => ({
    agent: pipe(
      answering,
      websocket((_, __) => (by.isArmed() ? by.bad() : () => Promise.resolve(E.right(undefined)))),
    ),
  })),
  'the task of a socket handler': socket((by) => ({
    agent: pipe(
      answering,
      websocket(() => () => (by.isArmed() ? by.bad() : Promise.resolve(E.right(undefined)))),
    ),
  })),
  onMessage: socket((by) => ({
    agent: pipe(answering, websocket(Handler.onMessage((message) => (by.isArmed() ? by.bad() : E.right(message))))),
  })),
  'a later answer of onMessage': socket((by) => ({
    agent: pipe(
      answering,
      websocket(Handler.onMessage((message) => () => (by.isArmed() ? by.bad() : Promise.resolve(E.right(message))))),
    ),
  })),
  'what onMessage says': socket((by) => ({
    agent: pipe(answering, websocket(Handler.onMessage((message) => E.right(by.isArmed() ? by.value() : message)))),
  })),
  fromMessages: socket((by) => ({
    agent: pipe(
      answering,
      websocket(
        Handler.fromMessages(async function* (messages) {
          for await (const message of messages) yield by.isArmed() ? by.bad() : message
        }),
      ),
    ),
  })),
  'the source of fromMessages': socket((by) => ({
    agent: pipe(answering, websocket(Handler.fromMessages((messages) => (by.isArmed() ? by.bad() : messages)))),
  })),
  latest: socket((by) => ({
    agent: pipe(
      answering,
      websocket(
        Handler.latest(function* (message) {
          yield by.isArmed() ? by.bad() : message
        }),
      ),
    ),
  })),
  'send and close of a socket': socket((by) => ({
    agent: pipe(
      answering,
      websocket((peer) => async () => {
        const received = await peer.receive()
        if (E.isLeft(received) || O.isNone(received.right)) return E.right(undefined)
        await peer.send(by.isArmed() ? by.value() : received.right.value)()
        if (by.isArmed()) peer.close(by.value(), by.value())()
        return E.right(undefined)
      }),
    ),
  })),
  'the codecs of a socket': socket((by) => ({
    agent: pipe(
      answering,
      websocket(
        { inbound: codec(by), outbound: codec(by) },
        Handler.onMessage((message) => E.right(message)),
      ),
    ),
  })),
  'the codecs of a socket that reads': socket((by) => ({
    agent: pipe(
      answering,
      websocket(
        { inbound: schema(by) as never, outbound: schema(by) as never },
        Handler.fromMessages((messages) => messages),
      ),
    ),
  })),
  'a provider before an upgrade': socket((by) => ({
    agent: pipe(
      provide(() => (by.isArmed() ? by.bad() : TE.right({ a: 1 }))),
      answering,
      echo,
    ),
  })),
  'a wrap before an upgrade': socket((by) => ({
    agent: pipe(
      wrap((next) => (context) => (by.isArmed() ? by.bad() : next(context))),
      answering,
      echo,
    ),
  })),
  'a middleware before an upgrade': socket((by) => ({
    agent: pipe(
      answering,
      echo,
      use((_, next) => (by.isArmed() ? by.bad() : next())),
    ),
  })),
  'a middleware after an upgrade is granted': socket((by) => ({
    agent: pipe(
      answering,
      echo,
      use(async (_, next) => {
        await next()
        return by.isArmed() ? by.bad() : undefined
      }),
    ),
  })),
}
