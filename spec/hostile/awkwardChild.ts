/**
 * A process of its own that tries awkward values at the hooks of agents, and prints what went wrong as JSON: with its
 * first argument, n, every nth case, with its second those of one hook. Whatever would end a process is caught and told.
 */
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { WebSocket } from 'ws'
import { type Agent, type App, createApp, entrypoint, use } from '../../lib'
import { type Awkward, awkward } from './awkwardValues'
import { hooksOfAuthorizers } from './awkwardAuthorizers'
import { type Hook, hooks as hooksOfAgents, type Misbehaviour } from './awkwardHooks'

const hooks: Readonly<Record<string, Hook>> = { ...hooksOfAgents, ...hooksOfAuthorizers }

/** How code misbehaves with a value. */
const manners: Readonly<Record<string, (value: unknown) => unknown>> = {
  throws: (value) => {
    throw value
  },
  returns: (value) => value,
  rejects: async (value) => {
    await Promise.resolve()
    throw value
  },
  'gives a left of': (value) => async () => ({ _tag: 'Left', left: value }),
  'gives a right of': (value) => async () => ({ _tag: 'Right', right: value }),
  'resolves with a left of': async (value) => ({ _tag: 'Left', left: value }),
  'resolves with a right of': async (value) => ({ _tag: 'Right', right: value }),
}

/** Agents that go the fast way, and those whose requests go through Koa. */
const lanes: Readonly<Record<string, (agent: Agent.Agent) => Agent.Agent>> = {
  directly: (agent) => agent,
  'through Koa': (agent) =>
    pipe(
      agent,
      use((_, next) => next()),
    ),
}

const failures: Array<string> = []
let current = 'the start'
let count = 0

const note = (what: string): void => {
  failures.push(`${current}: ${what}`)
  if (process.env['TELL'] === '1') process.stderr.write(`  ${what}\n`)
}

const reasonOf = (cause: unknown): string => {
  try {
    return (cause instanceof Error ? String(cause.stack) : (JSON.stringify(cause) ?? String(cause))).slice(0, 600)
  } catch {
    return 'something that has no text'
  }
}

process.on('unhandledRejection', (cause) => note(`an unhandled rejection: ${reasonOf(cause)}`))
process.on('uncaughtException', (cause) => note(`an uncaught exception: ${reasonOf(cause)}`))

/** How long an answer may take, in milliseconds: much longer than any does, unless its value never settles. */
const patience = 1000

const impatience = 30

const judgeFailure = (status: number, type: string | null, text: string): void => {
  try {
    const body = JSON.parse(text) as Readonly<Record<string, unknown>>
    const isInShape = ['error', 'code', 'requestId'].every((name) => typeof body[name] === 'string')
    if (isInShape && type === 'application/json') return
  } catch {
    // told below
  }
  note(`${status} is not in the one shape: ${String(type)} ${text.slice(0, 200)}`)
}

/** Fails a wait that has hung. */
const within = <A>(ms: number, wait: Promise<A>): Promise<A> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('hung')), ms)
    wait.then(resolve, reject).finally(() => clearTimeout(timer))
  })

const ask = async (app: App, path: string, body: unknown, ms: number, isQuiet: boolean): Promise<string> => {
  try {
    const leaving = new AbortController()
    const timer = setTimeout(() => leaving.abort(), ms)
    const [response, text] = await within(
      ms + 500,
      app
        .inject(path, { ...(body === undefined ? {} : { body }), signal: leaving.signal })
        .then(async (got) => [got, await got.text()] as const)
        .finally(() => clearTimeout(timer)),
    )
    if (response.status >= 400) judgeFailure(response.status, response.headers.get('content-type'), text)
    return `${response.status} ${text}`
  } catch (cause) {
    if (!isQuiet) note(`no answer: ${reasonOf(cause).slice(0, 200)}`)
    return 'none'
  }
}

/** Talks over the socket until it is answered, refused or closed. */
const talk = (app: App, ms: number, isQuiet: boolean): Promise<string> =>
  new Promise((resolve) => {
    const ws = new WebSocket('ws://localhost/ws', {
      perMessageDeflate: false,
      createConnection: () => app.connect() as never, // ws types it as a socket, and takes any duplex
    })
    const timer = setTimeout(() => {
      if (!isQuiet) note('no answer on the socket')
      done('none')
    }, ms)
    const done = (outcome: string): void => {
      clearTimeout(timer)
      ws.on('error', () => undefined)
      ws.once('close', () => resolve(outcome))
      if (ws.readyState === ws.CLOSED) resolve(outcome)
      else ws.terminate()
    }
    ws.once('open', () => ws.send('"hello"'))
    ws.once('message', (data: Buffer) => done(`message ${data.toString()}`))
    ws.once('close', (code) => done(`closed ${code}`))
    ws.once('error', (error) => done(`error ${error.message}`))
    ws.once('unexpected-response', (_, response) => {
      const parts: Array<Buffer> = []
      response.on('data', (part: Buffer) => void parts.push(part))
      response.once('end', () => {
        const status = response.statusCode ?? 0
        if (status >= 400) {
          judgeFailure(status, response.headers['content-type'] ?? null, Buffer.concat(parts).toString())
        }
        done(`refused ${status}`)
      })
    })
  })

/** What code gives, as it is. */
const given: { value: unknown; how: (value: unknown) => unknown; isArmed: boolean } = {
  value: undefined,
  how: (value) => value,
  isArmed: false,
}

const by: Misbehaviour = {
  isArmed: () => given.isArmed,
  bad: () => given.how(given.value) as never,
  value: () => given.value as never,
}

/** A socket may say nothing to a message, and a middleware or a stream may wait for ever where the user has it so. */
const isPatient = (name: string, hook: Hook, { isEndless = false }: Awkward): boolean =>
  !isEndless && hook.mayWait !== true && !(name === 'what onMessage says' && given.value === undefined)

/** A rejection that nobody listens to is told of after the turn it came in. */
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0))

const tryOne = async (app: App, name: string, hook: Hook, manner: string, value: Awkward): Promise<void> => {
  count += 1
  given.value = value.make()
  given.how = manners[manner] ?? given.how
  given.isArmed = true
  const isQuiet = !isPatient(name, hook, value)
  const ms = isQuiet ? impatience : patience
  if (hook.over === 'socket') await talk(app, ms, isQuiet)
  else await ask(app, '/invocations', { prompt: 'bad' }, ms, isQuiet)
  await ask(app, '/ping', undefined, ms, isQuiet)
  given.isArmed = false
  await turn()
  const [pinged, answered] = [
    await ask(app, '/ping', undefined, patience, false),
    await ask(app, '/invocations', { prompt: 'good' }, patience, false),
  ]
  if (!pinged.startsWith('200 ')) note(`/ping says ${pinged.slice(0, 100)}`)
  if (answered !== '200 "fine"') note(`the next invocation says ${answered.slice(0, 100)}`)
}

/** One app for a hook on a lane: it takes all manners and values, one after the other. */
const tryHook = async (name: string, hook: Hook, lane: string, every: number): Promise<void> => {
  const { agent, options, prepare } = hook.make(by)
  const app = createApp((lanes[lane] ?? ((same) => same))(agent), {
    stopTimeout: 500,
    ...options,
    log: { level: 'debug', format: 'pretty', destination: () => undefined, ...options?.log },
  })
  prepare?.(app)
  let at = Object.keys(hooks).indexOf(name) * 7 // each hook begins elsewhere, so that together they see all values
  for (const manner of Object.keys(manners))
    for (const [what, value] of Object.entries(awkward)) {
      at += 1
      if (at % every !== 0 || (manner === 'rejects' && hook.isUnheard === true)) continue
      if (value.isEndless === true && hook.isForked === true) continue
      if (value.isHuge === true && hook.isHeader === true) continue
      current = `${name} ${manner} ${what}, ${lane}`
      if (process.env['TELL'] === '1') process.stderr.write(`${current}\n`)
      await tryOne(app, name, hook, manner, value)
    }
  current = `${name}, ${lane}`
  const began = performance.now()
  await within(3000, app.stop({ timeout: 400 })).catch((cause: unknown) => note(`stop: ${reasonOf(cause)}`))
  if (performance.now() - began > 390) note('something was in flight still')
  if (app.tasks.list().some(({ outcome }) => outcome._tag === 'Running')) note('a task runs still')
}

// ---------------------------------------------------------------------------------------------------------------------
// the life of a server
// ---------------------------------------------------------------------------------------------------------------------

const quiet = { level: 'debug', format: 'pretty', destination: () => undefined } as const

const plain = (): Agent.Agent => entrypoint(() => TE.right('fine'))

/** `onStop` may do as it likes: `stop` settles, and a second one does too. */
const tryOnStop = async (): Promise<void> => {
  const app = createApp(plain(), { onStop: () => by.bad(), log: quiet })
  await ask(app, '/invocations', {}, patience, false)
  for (const _ of ['once', 'again']) await within(3000, Promise.allSettled([app.stop({ timeout: 100 })])).catch(note)
}

const exited = Symbol('the process exits')

/** `onStart` that throws or rejects ends the process with a line in the log; otherwise the server serves. */
const tryOnStart = async (): Promise<void> => {
  const lines: Array<string> = []
  const app = createApp(plain(), {
    onStart: () => by.bad(),
    log: { ...quiet, destination: (line) => void lines.push(line) },
  })
  const exit = process.exit.bind(process)
  process.exit = () => {
    throw exited
  }
  try {
    const running = await within(3000, app.run({ port: 0, host: '127.0.0.1' }))
    if ((await fetch(`${running.url}/ping`)).status !== 200) note('it does not serve')
    await running.stop({ timeout: 100 })
  } catch (thrown) {
    if (thrown !== exited) note(`run: ${reasonOf(thrown)}`)
    else if (!lines.join().includes('onStart failed')) note(`nothing is said of it: ${lines.join()}`)
  } finally {
    process.exit = exit
  }
}

const lives: Readonly<Record<string, () => Promise<void>>> = { onStart: tryOnStart, onStop: tryOnStop }

const tryLife = async (name: string, life: () => Promise<void>, every: number): Promise<void> => {
  let at = 0
  for (const manner of Object.keys(manners))
    for (const [what, value] of Object.entries(awkward)) {
      at += 1
      if (at % every !== 0 || value.isEndless === true) continue
      count += 1
      current = `${name} ${manner} ${what}`
      given.value = value.make()
      given.how = manners[manner] ?? given.how
      await life()
      await turn()
    }
}

/** Connections in memory do not keep a process alive while it waits for an answer. */
const alive = setInterval(() => undefined, 1000)

const main = async (every: number, hookName: string | undefined): Promise<void> => {
  const isMeant = (name: string): boolean => hookName === undefined || hookName === name
  for (const [name, hook] of Object.entries(hooks).filter(([name]) => isMeant(name)))
    for (const lane of Object.keys(lanes)) await tryHook(name, hook, lane, every)
  for (const [name, life] of Object.entries(lives).filter(([name]) => isMeant(name)))
    await tryLife(name, life, Math.ceil(every / 2)) // they have no lanes
  current = 'the end'
  await new Promise((resolve) => setTimeout(resolve, 20)) // a rejection is told of after the turn it came in
  clearInterval(alive)
  process.stdout.write(JSON.stringify({ count, failures }))
}

main(Number(process.argv[2] ?? 1), process.argv[3]).catch((cause: unknown) => {
  process.stderr.write(`${reasonOf(cause)}\n`)
  process.exit(1)
})
