/** What the specs of the local runtime stand on: a runtime with real agents, left clean, and clients for it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { request, type IncomingHttpHeaders } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as E from 'fp-ts/Either'
import type { Fields, Log } from '../../lib/core/Log'
import {
  type LocalOptions,
  type LocalRuntime,
  pathOf,
  type ProcessOptions,
  processLauncher,
  type SessionOverview,
  startLocalRuntime,
} from '../../lib/local'

// ---------------------------------------------------------------------------------------------------------------------
// runtimes
// ---------------------------------------------------------------------------------------------------------------------

/** The agent with every vice. */
export const agentFile = join(__dirname, 'agentChild.js')

/** A line of the runtime's log. */
export interface Line {
  readonly level: string
  readonly message: string
  readonly fields: Fields
}

/** A runtime that runs, and what it has logged. */
export interface At extends LocalRuntime {
  readonly folder: string
  readonly lines: ReadonlyArray<Line>
  /** Resolves when a line was logged that matches, now or earlier. */
  readonly logged: (what: RegExp) => Promise<Line>
  /** The path of an operation on the data plane. */
  readonly path: (operation: string) => string
}

/** A session id of the data plane. */
export const sessionId = (name: string): string => `spec-session-${name}`.padEnd(40, '-0')

/** A folder that is gone afterwards. */
export const withFolder = async <A>(use: (folder: string) => Promise<A>): Promise<A> => {
  const folder = mkdtempSync(join(tmpdir(), 'agentcore-local-'))
  try {
    return await use(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** Whether a process is there; one that has ended and waits for its parent is not. */
export const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** Waits for what an event out of reach will make true. */
export const eventually = async (
  isTrue: () => boolean | Promise<boolean>,
  what: string,
  within = 10_000,
): Promise<void> => {
  for (const end = performance.now() + within; !(await isTrue());) {
    if (performance.now() > end) throw new Error(`not within ${within} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

const recorder = (): Pick<At, 'lines' | 'logged'> & { readonly log: Log } => {
  const lines: Array<Line> = []
  const waiting = new Set<() => void>()
  const write =
    (level: string) =>
    (message: string, fields: Fields = {}) =>
    () => {
      lines.push({ level, message, fields })
      for (const look of [...waiting]) look()
    }
  return {
    lines,
    log: { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') },
    logged: (what) =>
      new Promise((resolve, reject) => {
        const late = setTimeout(() => {
          waiting.delete(look)
          reject(new Error(`not logged: ${String(what)}, but ${JSON.stringify(lines)}`))
        }, 10_000)
        const look = (): void => {
          const found = lines.find(({ message }) => what.test(message))
          if (found === undefined) return
          clearTimeout(late)
          waiting.delete(look)
          resolve(found)
        }
        waiting.add(look)
        look()
      }),
  }
}

/** Options of a spec; the agent is the one with every vice. */
export interface Init extends Partial<LocalOptions> {
  readonly agent?: Partial<ProcessOptions>
  readonly in?: string
}

const started = async (options: Init, folder: string): Promise<At> => {
  const { log, lines, logged } = recorder()
  const runtime = await startLocalRuntime({
    name: 'spec',
    folder,
    launcher: processLauncher({ file: agentFile, ...options.agent }),
    log,
    ...options,
  })()
  if (E.isLeft(runtime)) throw new Error(JSON.stringify(runtime.left))
  const path = (operation: string): string => `${pathOf(runtime.right.arn)}/${operation}`
  return { ...runtime.right, folder, lines, logged, path }
}

/** A runtime while `use` runs; afterwards it is stopped, and no agent may be left. */
export const local = (options: Init, use: (at: At) => Promise<void>): Promise<void> =>
  withFolder(async (made) => {
    const at = await started(options, options.in ?? made)
    const seen = new Set<number>()
    const look = (): void => at.overview().sessions.forEach(({ pid }) => pid !== null && seen.add(pid))
    const looking = setInterval(look, 20)
    try {
      await use(at)
      look()
    } finally {
      clearInterval(looking)
      await at.stop()
    }
    expect([...seen].filter(isAlive)).toEqual([])
    expect(at.lines.filter(({ message }) => message === 'A request could not be answered')).toEqual([])
  })

/** The session of an id, as `/` shows it. */
export const seen = (at: At, id: string): SessionOverview | undefined =>
  at.overview().sessions.find((session) => session.id === id)

// ---------------------------------------------------------------------------------------------------------------------
// clients
// ---------------------------------------------------------------------------------------------------------------------

/** What was answered. */
export interface Got {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  /** False where the connection broke before the answer was whole. */
  readonly isWhole: boolean
}

/** What to ask. */
export interface Ask {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  readonly onPart?: (text: string) => void
}

/** Asks with `node:http`, which adds no headers of its own. */
export const ask = (
  at: Pick<At, 'port'>,
  path: string,
  { method = 'POST', headers = {}, body, onPart }: Ask = {},
): Promise<Got> =>
  new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port: at.port, path, method, headers: { ...headers }, agent: false })
    asked.once('error', reject)
    asked.once('response', (res) => {
      const parts: Array<Buffer> = []
      res.on('data', (part: Buffer) => {
        parts.push(part)
        onPart?.(part.toString())
      })
      res.on('error', () => undefined) // `close` tells, and whether the answer was whole
      res.once('close', () =>
        resolve({
          status: res.statusCode ?? 0,
          headers: res.headers,
          text: Buffer.concat(parts).toString(),
          isWhole: res.complete,
        }),
      )
    })
    asked.end(body)
  })

/** The header of a session. */
export const ofSession = (id: string): Readonly<Record<string, string>> => ({
  'x-amzn-bedrock-agentcore-runtime-session-id': id,
})

/** Invokes the agent through the data plane. */
export const invoke = (
  at: At,
  id: string | undefined,
  wish: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Got> =>
  ask(at, at.path('invocations?qualifier=DEFAULT'), {
    headers: { 'content-type': 'application/json', ...(id === undefined ? {} : ofSession(id)), ...headers },
    body: JSON.stringify(wish),
  })

/** Stops a session through the data plane. */
export const stopSession = (at: At, id: string): Promise<Got> =>
  ask(at, at.path('stopruntimesession?qualifier=DEFAULT'), {
    headers: { 'content-type': 'application/json', ...ofSession(id) },
    body: JSON.stringify({ clientToken: 'c'.repeat(36) }),
  })

/** The value in an answer of the agent, which must be one. */
export const valueOf = ({ status, text }: Got): Readonly<Record<string, unknown>> => {
  expect({ status, text }).toMatchObject({ status: 200 })
  return JSON.parse(text) as Readonly<Record<string, unknown>>
}

/** What an error says: status, type and message. */
export const errorOf = ({ status, headers, text }: Got): readonly [number, unknown, unknown] => [
  status,
  headers['x-amzn-errortype'],
  (JSON.parse(text) as { readonly message: unknown }).message,
]
