/**
 * Types are behaviour: which agents compile and which do not, and that the compiler's words name what is missing. One
 * run of the compiler over small files that exist only in memory, with the settings of this repository.
 */
import { join, resolve } from 'node:path'
import * as ts from 'typescript'

// ---------------------------------------------------------------------------------------------------------------------
// the cases
// ---------------------------------------------------------------------------------------------------------------------

/** What every case begins with. */
const prelude = `
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'
import { z } from 'zod'
import { type Agent, empty, entrypoint, type Middleware, ping, provide, use, websocket, wrap } from '../../../lib/core/Agent'
import { rejected } from '../../../lib/core/AgentError'
import type { Context } from '../../../lib/core/Context'
import type { Status } from '../../../lib/core/Health'
import { fromAsync, fromGenerator, fromMessages, fromReader, fromSync, latest, stateful, statefulGenerator } from '../../../lib/core/Handlers'

declare const createApp: <Needs extends object, Has extends Needs>(agent: Agent<Needs, {}, Has>) => void
declare const mw: Middleware
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
declare const holds: <T extends true>() => T
interface User { readonly user: string }
const needsUser = entrypoint((_: unknown, { state }: Context<User>) => TE.right(state.user))
const givesUser = provide(() => TE.right({ user: 'ann' }))
const needsUserToGive = provide(({ state }: Context<User>) => TE.right({ greeting: state.user }))
`

/** Source that does not compile, and what the compiler must say of it. */
interface Bad {
  readonly source: string
  readonly says: RegExp
}

const bad: Readonly<Record<string, Bad>> = {
  'a handler that needs state nobody provides': {
    source: `createApp(needsUser)`,
    says: /'user' is missing/,
  },
  'the same, piped': {
    source: `createApp(pipe(ping(() => 'Healthy'), needsUser, use(mw)))`,
    says: /'user' is missing/,
  },
  'a socket handler that needs state nobody provides': {
    source: `createApp(websocket((_, { state }: Context<User>) => TE.right(void state.user)))`,
    says: /'user' is missing/,
  },
  'state of another type': {
    source: `createApp(pipe(provide(() => TE.right({ user: 7 })), needsUser))`,
    says: /'user' are incompatible|types of property 'user'/i,
  },
  'state of another type, from middleware': {
    source: `createApp(pipe(use(mw, z.object({ user: z.number() })), needsUser))`,
    says: /'user' are incompatible|types of property 'user'/i,
  },
  'state of another name': {
    source: `createApp(pipe(provide(() => TE.right({ usr: 'ann' })), needsUser))`,
    says: /'user' is missing/,
  },
  'a provider before what it builds on': {
    source: `pipe(needsUserToGive, givesUser)`,
    says: /'user' is missing/,
  },
  'a provider before what it builds on, further back': {
    source: `pipe(empty, needsUserToGive, givesUser)`,
    says: /'user' is missing/,
  },
  'a provider that builds on nothing there': {
    source: `createApp(needsUserToGive)`,
    says: /'user' is missing/,
  },
  'a wrap that asks for state nobody provides': {
    source: `pipe(empty, wrap<User>((next) => (context) => next(context)))`,
    says: /'user' is missing/,
  },
  'a wrap that reads state nobody provides': {
    source: `wrap((next) => (context) => { void context.state.user; return next(context) })`,
    says: /'user' does not exist/,
  },
  'a key that is provided twice': {
    source: `pipe(empty, givesUser, givesUser)`,
    says: /'user' are incompatible|types of property 'user'/i,
  },
  'a key that is provided twice, in a bundle': {
    source: `pipe(givesUser, pipe(empty, use(mw), givesUser))`,
    says: /'user' are incompatible|types of property 'user'/i,
  },
  'a key that is provided and read from middleware': {
    source: `pipe(givesUser, use(mw, t.type({ user: t.string })))`,
    says: /'user' are incompatible|types of property 'user'/i,
  },
  'a key that is read from middleware and provided': {
    source: `pipe(use(mw, z.object({ user: z.string() })), givesUser)`,
    says: /'user' are incompatible|types of property 'user'/i,
  },
  'a codec and a handler that disagree': {
    source: `entrypoint(t.type({ prompt: t.string }), ({ prompt }: { prompt: number }) => TE.right(prompt))`,
    says: /'prompt' are incompatible|types of property 'prompt'/i,
  },
  'a schema and a handler that disagree': {
    source: `entrypoint(z.object({ prompt: z.string() }), ({ prompt }: { prompt: number }) => TE.right(prompt))`,
    says: /Types of property 'prompt' are incompatible/,
  },
  'a handler that reads what the codec does not give': {
    source: `entrypoint(t.type({ prompt: t.string }), ({ question }) => TE.right(question))`,
    says: /'question' does not exist/,
  },
  'a payload that nothing has decoded': {
    source: `entrypoint(({ prompt }) => TE.right(prompt))`,
    says: /'unknown' is not assignable to type '\{ prompt: any; \}'/,
  },
  'an answer that its codec does not encode': {
    source: `entrypoint({ inbound: t.string, outbound: t.type({ result: t.number }) }, (text) => TE.right({ result: text }))`,
    says: /'result' are incompatible|types of property 'result'|Type 'string' is not assignable to type 'number'/i,
  },
  'a left that is no AgentError': {
    source: `entrypoint(() => TE.left('no'))`,
    says: /'string' is not assignable to type 'AgentError'/,
  },
  'a left that only looks like an AgentError': {
    source: `entrypoint(() => TE.left({ _tag: 'Rejected' as const, status: 400, message: 'no' }))`,
    says: /\[brand\]/,
  },
  'a bare promise as a handler': {
    source: `entrypoint(() => Promise.resolve(1))`,
    says: /Promise<number>.* is not assignable to type 'TaskEither/,
  },
  'an async function as a handler': {
    source: `entrypoint(async () => 1)`,
    says: /Promise<number>.* is not assignable to type 'TaskEither/,
  },
  'a plain value as an answer': {
    source: `entrypoint(() => 'hi')`,
    says: /'string' is not assignable to type 'TaskEither/,
  },
  'a provider that gives no TaskEither': {
    source: `provide(() => ({ user: 'ann' }))`,
    says: /is not assignable to type 'TaskEither/,
  },
  'a socket handler that says what its codec does not encode': {
    source: `websocket({ inbound: t.string, outbound: t.number }, (socket) => socket.send('seven'))`,
    says: /'string' is not assignable to parameter of type 'number'/,
  },
  'a socket generator that says what its codec does not encode': {
    source: `websocket({ inbound: t.string, outbound: t.type({ n: t.number }) }, fromMessages(async function* (messages: AsyncIterable<string>) { for await (const text of messages) yield { n: text } }))`,
    says: /types of property 'n'|'n' are incompatible|Type 'string' is not assignable to type 'number'/i,
  },
  'a socket handler that reads what its codec does not give': {
    source: `websocket({ inbound: t.string, outbound: t.string }, fromMessages(async function* (messages: AsyncIterable<number>) { for await (const n of messages) yield String(n) }))`,
    says: /'string' is not assignable to type 'number'|'number' is not assignable to type 'string'/,
  },
  'an untyped message that is taken for a string': {
    source: `websocket(fromMessages(async function* (messages: AsyncIterable<string>) { yield* messages }))`,
    says: /'unknown' is not assignable to type 'string'/,
  },
  'a ping with another status': {
    source: `ping(() => 'Busy')`,
    says: /'"Busy"' is not assignable/,
  },
  'state that a handler writes to': {
    source: `entrypoint((_: unknown, { state }: Context<User>) => { state.user = 'bob'; return TE.right(1) })`,
    says: /'user' because it is a read-only property/,
  },
  'the state of a session of another type': {
    source: `stateful(t.number, 0)((_: unknown) => (n) => () => TE.right([n, String(n)]))`,
    says: /'string' is not assignable to type 'number'/,
  },
  'a generator that returns no next state': {
    source: `statefulGenerator(t.number, 0)((_: unknown) => (n) => async function* () { yield n })`,
    says: /AsyncGenerator<number, void, undefined>' is not assignable to type 'StatefulSource<number, number>'/,
  },
}

const good: Readonly<Record<string, string>> = {
  'each descriptor as a whole': `
    createApp(empty)
    createApp(entrypoint(() => TE.right(1)))
    createApp(ping(() => 'Healthy'))
    createApp(ping(async (): Promise<Status> => 'HealthyBusy'))
    createApp(websocket(() => TE.right(undefined)))
    createApp(use(mw))
    createApp(use(mw, t.type({ user: t.string })))
    createApp(givesUser)
    createApp(wrap((next) => next))`,
  'a handler whose branches answer differently': `
    createApp(entrypoint((payload) => payload === 1 ? TE.right({ a: 1 }) : TE.right('b')))
    createApp(entrypoint(t.number, (n) => n === 1 ? TE.right({ a: 1 }) : n === 2 ? TE.left(rejected(400, 'no')) : TE.right('b')))`,
  'each descriptor as a head and as a link': `
    const [e, p, w, u] = [entrypoint(() => TE.right(1)), ping(() => 'Healthy'), websocket(() => TE.right(undefined)), use(mw)]
    const around = wrap((next) => (context) => next(context))
    createApp(pipe(e, p, w, u, givesUser, around))
    createApp(pipe(around, e, p, w, u, givesUser))
    createApp(pipe(givesUser, around, e, p, w, u))
    createApp(pipe(u, givesUser, around, e, p, w))
    createApp(pipe(w, u, givesUser, around, e, p))
    createApp(pipe(p, w, u, givesUser, around, e))`,
  'a need that is met, before or after the handler, from a provider or from middleware': `
    createApp(pipe(givesUser, needsUser))
    createApp(pipe(needsUser, givesUser))
    createApp(pipe(use(mw, t.type({ user: t.string })), needsUser))
    createApp(pipe(needsUser, use(mw, z.object({ user: z.string() }))))`,
  'a bundle as a link of another pipe': `
    const bundle = pipe(use(mw), givesUser)
    createApp(pipe(bundle, needsUser))
    createApp(pipe(needsUser, bundle))
    createApp(pipe(pipe(bundle, needsUserToGive), needsUser))`,
  'a provider after what it builds on': `
    createApp(pipe(givesUser, needsUserToGive, entrypoint((_, { state }: Context<{ greeting: string }>) => TE.right(state.greeting))))
    createApp(pipe(givesUser, wrap<User>((next) => (context) => { void context.state.user.length; return next(context) })))`,
  'keys of the state that do not meet': `
    createApp(pipe(givesUser, provide(() => TE.right({ tenant: 7 })), use(mw, t.type({ locale: t.string })), needsUser))`,
  'state that is inferred': `
    const agent = pipe(givesUser, provide(() => TE.right({ tenant: 7 })))
    type Has = typeof agent extends Agent<{}, {}, infer H> ? { [K in keyof H]: H[K] } : never
    holds<Equal<Has, { user: string; tenant: number }>>()`,
  'a payload that is inferred from io-ts': `
    entrypoint(t.type({ prompt: t.string, n: t.number }), (payload, context) => {
      holds<Equal<typeof payload, { prompt: string; n: number }>>()
      holds<Equal<typeof context, Context<{}>>>()
      return TE.right(payload.prompt.length + payload.n)
    })`,
  'a payload that is inferred from zod': `
    entrypoint(z.object({ prompt: z.string(), n: z.coerce.number() }), (payload) => {
      holds<Equal<typeof payload, { prompt: string; n: number }>>()
      return TE.right(payload.prompt.length + payload.n)
    })`,
  'an answer that is checked against its codec': `
    entrypoint({ inbound: t.string, outbound: t.type({ n: t.number }) }, (text) => TE.right({ n: text.length }))
    entrypoint({ inbound: z.string(), outbound: z.object({ n: z.number() }) }, (text) => TE.right({ n: text.length }))`,
  'state and payload together': `
    createApp(pipe(givesUser, entrypoint(t.string, (text, { state }: Context<User>) => TE.right(text + state.user))))`,
  'each lift': `
    entrypoint(t.string, fromSync((text) => text.length))
    entrypoint(t.string, fromAsync(async (text) => text.length))
    entrypoint(t.string, fromReader((text) => ({ requestId }) => TE.right(text + requestId)))
    entrypoint(t.string, fromGenerator(function* (text) { yield text.length }))
    entrypoint(t.string, fromGenerator(async function* (text) { yield text.length }))
    entrypoint(t.string, stateful(t.number, 0)((text: string) => (n) => () => TE.right([text, n + text.length])))
    entrypoint(t.string, statefulGenerator(t.number, 0)((text: string) => (n) => async function* () { yield text; return n + 1 }))
    websocket({ inbound: t.string, outbound: t.number }, fromMessages(async function* (texts) { for await (const text of texts) yield text.length }))
    websocket({ inbound: t.string, outbound: t.number }, latest(async function* (text) { yield text.length }))`,
  'messages that are inferred from codecs': `
    websocket({ inbound: t.type({ ask: t.string }), outbound: z.object({ say: z.string() }) }, (socket) => pipe(
      socket.receive,
      TE.chain((message) => {
        holds<Equal<typeof message extends { readonly value: infer M } | { readonly _tag: 'None' } ? M : never, { ask: string }>>()
        return socket.send({ say: 'hi' })
      })))`,
  'a left that is an AgentError': `entrypoint(() => TE.left(rejected(403, 'no')))`,
}

// ---------------------------------------------------------------------------------------------------------------------
// one run of the compiler
// ---------------------------------------------------------------------------------------------------------------------

const root = resolve(__dirname, '../../..') // of the compiled spec: dist/spec/types

const settings = (): ts.CompilerOptions => {
  const { config, error } = ts.readConfigFile(join(root, 'tsconfig.json'), (file) => ts.sys.readFile(file)) as {
    config: unknown
    error?: ts.Diagnostic
  }
  if (error !== undefined) throw new Error(ts.flattenDiagnosticMessageText(error.messageText, '\n'))
  const { options } = ts.parseJsonConfigFileContent({ ...(config as object), include: [], files: [] }, ts.sys, root)
  // Of the libraries' own types nothing is judged here, and a case may leave an import of the prelude unused.
  return {
    ...options,
    noEmit: true,
    skipLibCheck: true,
    noUnusedLocals: false,
    types: ['node'],
    typeRoots: [join(root, 'node_modules/@types')],
  }
}

/** What the compiler says of each source. */
const check = (sources: Readonly<Record<string, string>>): ReadonlyMap<string, string> => {
  const options = settings()
  const folder = join(root, 'spec/types/in-memory')
  const files = new Map(
    Object.entries(sources).map(([name, source], i) => [join(folder, `case${i}.ts`), { name, source }]),
  )
  const host = ts.createCompilerHost(options)
  const program = ts.createProgram([...files.keys()], options, {
    ...host,
    fileExists: (file) => files.has(file) || host.fileExists(file),
    readFile: (file) => files.get(file)?.source ?? host.readFile(file),
    directoryExists: (directory) => directory === folder || ts.sys.directoryExists(directory),
    getSourceFile: (file, language, ...rest) => {
      const found = files.get(file)
      if (found === undefined) return host.getSourceFile(file, language, ...rest)
      return ts.createSourceFile(file, `${prelude}\n${found.source}\nexport {}\n`, language)
    },
  })
  return new Map(
    [...files].map(([file, { name }]) => {
      const source = program.getSourceFile(file)
      const diagnostics = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)]
      return [name, diagnostics.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n')).join('\n')]
    }),
  )
}

const controls = {
  'control: nothing but the prelude': '',
  'control: what is plainly wrong': `export const n: number = 'one'`,
  'control: what only strict settings refuse': `export const n: number = [1][0]`,
}

describe('an agent', () => {
  let said: ReadonlyMap<string, string> = new Map()

  beforeAll(() => {
    said = check({
      ...controls,
      ...good,
      ...Object.fromEntries(Object.entries(bad).map(([name, { source }]) => [name, source])),
    })
  }, 60_000)

  it('is judged by a compiler that finds faults, and none where there are none', () => {
    expect(said.get('control: nothing but the prelude')).toBe('')
    expect(said.get('control: what is plainly wrong')).toMatch(/'string' is not assignable to type 'number'/)
    expect(said.get('control: what only strict settings refuse')).toMatch(/'undefined' is not assignable/)
  })

  it.each(Object.keys(good))('compiles with %s', (name) => expect(said.get(name)).toBe(''))

  it.each(Object.entries(bad))('does not compile with %s', (name, { says }) => expect(said.get(name)).toMatch(says))
})
