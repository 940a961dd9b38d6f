/**
 * What the compilers say of a function in the wrong dialect: it must name what to import or what to do. Both the
 * TypeScript 5.9 and the 7 of this repository are asked, over the same small files.
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

const root = resolve(__dirname, '../../..')

const prelude = `
import * as E from 'fp-ts/Either'
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'
import { z } from 'zod'
import { asyncTask, cancellable, type Context, createApp, entrypoint, latest, onEvents, onMessage, onSocket, pipe, provide, rejected, Sse, stateful, websocket, wrap } from '../lib/plain'
import * as F from '../lib'
import { run } from '../lib/testing'

const Prompt = z.object({ prompt: z.string() })
const Words = z.array(z.string())
const greet = entrypoint((_, { state }: Context<{ user: string }>) => state.user)
export { asyncTask, cancellable, createApp, E, entrypoint, F, greet, latest, onEvents, onMessage, onSocket, pipe, Prompt, provide, rejected, run, Sse, stateful, t, TE, websocket, Words, wrap, z }
`

const usePlain = 'import the descriptor from agentcore-fp/plain'
const useFunctional = 'import the descriptor from agentcore-fp, not from agentcore-fp/plain'

/** Source that does not compile, and what both compilers must say of it. */
const bad: Readonly<Record<string, readonly [source: string, says: string]>> = {
  'a TaskEither from a plain entrypoint': ['entrypoint((p) => TE.right(p))', useFunctional],
  'a promise of a TaskEither': ['entrypoint(async (p) => TE.right(p))', useFunctional],
  'a TaskEither beside a codec': ['entrypoint(Prompt, ({ prompt }) => TE.right(prompt))', useFunctional],
  'a TaskEither beside a pair of codecs': [
    'entrypoint({ inbound: Prompt, outbound: z.string() }, ({ prompt }) => TE.right(prompt))',
    useFunctional,
  ],
  'an Either from a plain entrypoint': [
    'entrypoint(() => E.right(1))',
    'return the value itself and throw what is a left',
  ],
  'a TaskEither from a plain provider': ["provide(() => TE.right({ user: 'ann' }))", useFunctional],
  'arrows in a plain wrap': ['wrap((next) => (context: Context) => [next, context])', useFunctional],
  'a TaskEither from onMessage': ['onMessage((m) => TE.right(m))', useFunctional],
  'a functional lift in a plain entrypoint': ['entrypoint(F.Handler.fromAsync(async () => 1))', useFunctional],
  'a functional lift in a plain websocket': [
    'websocket(F.Handler.fromMessages(async function* (m) { yield* m }))',
    useFunctional,
  ],
  'a socket function that sends nothing': [
    'websocket(async (messages) => { for await (const m of messages) void m })',
    'onSocket',
  ],
  'an async function in the functional entrypoint': ['F.entrypoint(async (p) => [p])', usePlain],
  'a sync function in the functional entrypoint': ['F.entrypoint((p) => [p])', usePlain],
  'an async function beside a codec': ['F.entrypoint(Prompt, async ({ prompt }) => prompt)', usePlain],
  'an async function in the functional provide': ["F.provide(async () => ({ user: 'ann' }))", usePlain],
  'an async function in the functional wrap': [
    'F.wrap(async (_: unknown, next: () => Promise<unknown>) => next())',
    usePlain,
  ],
  'a generator in the functional websocket': ['F.websocket(async function* () { yield 1 })', usePlain],
  'what is no codec, plain': [
    "entrypoint({ type: 'object' }, () => 1)",
    'This is not a codec: pass an io-ts codec, a Standard Schema',
  ],
  'what is no codec, functional': [
    "F.entrypoint({ type: 'object' }, () => TE.right(1))",
    'This is not a codec: pass an io-ts codec, a Standard Schema',
  ],
  'an effect that is called twice': [
    "F.entrypoint(F.Handler.fromAsync(async (_, { log }) => { log.info('x')() }))",
    "Type 'void' has no call signatures",
  ],
  'a yield that the outbound schema does not take': [
    'entrypoint({ inbound: Prompt, outbound: z.string() }, async function* () { yield 1 })',
    "Type 'number' is not assignable to type 'string'",
  ],
  'a yield that the outbound codec does not take, functional': [
    'F.entrypoint({ inbound: Prompt, outbound: z.number() }, F.Handler.fromGenerator(async function* ({ prompt }) { yield prompt }))',
    "Type 'string' is not assignable to type 'number",
  ],
  'an answer that the outbound schema does not take': [
    'entrypoint({ inbound: Prompt, outbound: z.object({ a: z.number() }) }, ({ prompt }) => ({ a: prompt }))',
    "Type 'string' is not assignable to type 'number'",
  ],
  'an answer on a socket that the codec does not take': [
    'websocket({ inbound: z.string(), outbound: z.number() }, onMessage((text) => text))',
    "Type 'string' is not assignable to type 'number'",
  ],
  'a next state of another type': [
    'entrypoint(Prompt, stateful(Words, [], ({ prompt }, words) => [prompt, words.length]))',
    "Type 'number' is not assignable to type 'string[]'",
  ],
  'a turn without a next state': [
    "entrypoint(Prompt, stateful(Words, [], async () => 'x'))",
    "is not assignable to type 'readonly [answer: unknown, next: string[]]'",
  ],
  'a generator without a next state': [
    'entrypoint(Prompt, stateful(Words, [], async function* ({ prompt }) { yield prompt }))',
    "Type 'void' is not assignable to type 'string[]'",
  ],
  'an initial state of another type': [
    'stateful(Words, [1], (_: unknown, words) => [1, words])',
    "Type 'number' is not assignable to type 'string'",
  ],
  'state that nobody provides': ['createApp(greet)', "Property 'user' is missing"],
  'a payload that no codec has decoded': ['entrypoint(({ prompt }) => [prompt])', "to type '{ prompt: any; }'"],
}

const good: Readonly<Record<string, string>> = {
  'a payload as an answer': 'entrypoint((p) => p)',
  'a function that always throws': "entrypoint(async () => { throw rejected(400, 'no') })",
  'a function that returns nothing': 'entrypoint(() => {})',
  'a function of any': 'entrypoint((): any => 1)',
  'an io-ts codec and a generator':
    'entrypoint(t.type({ prompt: t.string }), async function* ({ prompt }, { log }) { log.info(prompt); yield prompt.length })',
  'a stream of outbound values and comments':
    "entrypoint({ inbound: Prompt, outbound: z.string() }, async function* ({ prompt }) { yield prompt; yield Sse.comment('.') })",
  'a turn whose payload the entrypoint types':
    'entrypoint(Prompt, stateful(Words, [], async ({ prompt }, words, { log }) => { log.info(prompt); return [words.length, [...words, prompt]] }))',
  'a streamed turn with an outbound schema':
    'entrypoint({ inbound: Prompt, outbound: z.number() }, stateful(Words, [], async function* ({ prompt }, words) { yield words.length; return [...words, prompt] }))',
  'an asynchronous task': 'entrypoint(Prompt, asyncTask("x", async ({ prompt }) => prompt.length))',
  'a stop button':
    'entrypoint(z.union([z.object({ stop: z.literal(true) }), Prompt]), cancellable(z.object({ stop: z.literal(true) }), async ({ prompt }: z.infer<typeof Prompt>) => prompt))',
  'sockets typed by their codecs': `
    const codecs = { inbound: z.string(), outbound: z.number() }
    websocket(codecs, async function* (messages) { for await (const text of messages) yield text.length })
    websocket(codecs, onMessage((text) => text.length))
    websocket(codecs, latest(async function* (text) { yield text.length }))
    websocket(codecs, onEvents({ open: (_, socket) => socket.send(1), message: (text) => text.length, close: ({ log }) => log.info('x') }))
    websocket(codecs, onSocket(async (socket) => socket.send((await socket.receive())?.length ?? 0)))`,
  'both dialects in a pipe': `createApp(pipe(F.provide(() => TE.right({ user: 'ann' })), greet, wrap(async (_, next) => next())))`,
  'a Standard Schema for the state of a functional handler':
    'F.entrypoint(Prompt, F.Handler.stateful(Words, [])(({ prompt }: { prompt: string }) => (words) => () => TE.right([words.length, [...words, prompt]])))',
  'what run gives': `
    const answer: Promise<number> = run(stateful(z.number(), 0, (_: unknown, n) => [n, n + 1]))(1)
    const values: Promise<ReadonlyArray<string>> = run(stateful(z.number(), 0, async function* (_: unknown, n) { yield String(n); return n }))(1)
    void [answer, values]`,
}

/** What a compiler says of each source, by its name. */
type Said = ReadonlyMap<string, string>

const compilers = { '5.9': 'typescript', '7': 'typescript-7' } as const

const names = [...Object.keys(good), ...Object.keys(bad)]

const sources = [...Object.values(good), ...Object.values(bad).map(([source]) => source)]

const toSaid = (output: string): Said => {
  const said = new Map<string, string>()
  let current: string | undefined
  for (const line of output.split('\n')) {
    const index = /case(\d+)\.ts\(/.exec(line)?.[1]
    if (index !== undefined) current = names[Number(index)]
    if (current !== undefined) said.set(current, `${said.get(current) ?? ''}${line}\n`)
  }
  return said
}

const compile = async (folder: string, name: string): Promise<Said> => {
  const args = [join(root, 'node_modules', name, 'bin/tsc'), '-p', folder]
  const output = await promisify(execFile)(process.execPath, args, { cwd: root, maxBuffer: 1e8 }).then(
    ({ stdout }) => stdout,
    (failure: unknown) => (failure as { readonly stdout: string }).stdout,
  )
  return toSaid(output)
}

describe.each(Object.entries(compilers))('TypeScript %s', (_, name) => {
  let said: Said = new Map()

  beforeAll(async () => {
    const folder = mkdtempSync(join(root, '.tmp-dialects-'))
    try {
      writeFileSync(join(folder, 'prelude.ts'), prelude)
      const imported = [...prelude.matchAll(/^export \{ (.*) \}$/gm)].map(([, list = '']) => list).join(', ')
      sources.forEach((source, index) =>
        writeFileSync(
          join(folder, `case${index}.ts`),
          `import { ${imported} } from './prelude'\nimport type { Context } from '../lib/plain'\n${source}\nexport {}\n`,
        ),
      )
      const compilerOptions = {
        noEmit: true,
        rootDir: '..',
        skipLibCheck: true,
        noUnusedLocals: false,
        types: ['node'],
      }
      writeFileSync(
        join(folder, 'tsconfig.json'),
        JSON.stringify({ extends: '../tsconfig.json', compilerOptions, include: ['*.ts'] }),
      )
      said = await compile(folder, name)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }, 120_000)

  it.each(Object.keys(good))('accepts %s', (what) => {
    expect(said.get(what)).toBeUndefined()
  })

  it.each(Object.entries(bad))('says of %s what to do', (what, [, says]) => {
    expect(said.get(what)).toContain(says)
  })
})
