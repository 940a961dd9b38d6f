/** One server of `agentcore dev`: a process of the agent, its output passed on, asked for its health until it answers. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import * as E from 'fp-ts/Either'
import type { Sink } from '../../program/Cli'
import { launchSecret } from '../../../core/Protocol'
import { get } from '../../../node/http/BoundedGet'
import { lifeline } from '../../../local/launch/ChildProcess'
import { newSecret } from '../../../local/launch/Launcher'
import { ask, killGroup, leadsGroup } from '../../../node/process/Processes'

/** How a process ended. */
export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** How long it lived, in milliseconds. */
  readonly lived: number
}

/** A started server. */
export interface DevServer {
  readonly port: number
  /** What the server asks every request for. */
  readonly secret: string
  /** Resolves with true at its first healthy answer, with false when it ends before. */
  readonly healthy: Promise<boolean>
  readonly exited: Promise<Exit>
  /** Asks it to finish, and ends it, with all that it started, after the given milliseconds. */
  readonly stop: (grace: number) => Promise<void>
}

/** What a server is started with. */
export interface Launch {
  readonly main: string
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdout: Sink
  readonly stderr: Sink
  /** Something answers, but not as the service asks for: told once. */
  readonly onUnhealthy: (status: number) => void
}

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** Passes a stream on, no faster than it is taken. */
const pass = (stream: Readable, to: Sink): void => {
  stream.setEncoding('utf8')
  stream.on('data', (text: string) => {
    stream.pause()
    void to.write(text).finally(() => stream.resume())
  })
  stream.on('error', () => stream.destroy()) // the process is gone
}

/** The status of `GET /ping`; undefined where nobody answers. */
const ping = async ({ port, secret }: Pick<DevServer, 'port' | 'secret'>): Promise<number | undefined> => {
  const headers = { [launchSecret.header]: secret }
  const got = await get(`http://127.0.0.1:${port}/ping`, { headers, timeout: 2000, maxBytes: 65_536 })
  return E.isRight(got) ? got.right.status : undefined
}

const awaitHealth = async (
  server: Pick<DevServer, 'port' | 'secret'>,
  hasEnded: () => boolean,
  onUnhealthy: Launch['onUnhealthy'],
): Promise<boolean> => {
  let isTold = false
  for (let pause = 5; !hasEnded(); pause = Math.min(200, pause * 1.2)) {
    const status = await ping(server)
    if (status === 200) return true
    if (status !== undefined && !isTold) {
      isTold = true
      onUnhealthy(status)
    }
    await sleep(pause)
  }
  return false
}

const waitForExit = (child: ChildProcess, began: number): Promise<Exit> =>
  new Promise((resolve) => {
    child.once('error', () => {
      if (child.pid === undefined) resolve({ code: 1, signal: null, lived: 0 })
    })
    child.once('exit', (code, signal) => {
      if (child.pid !== undefined) killGroup(child.pid) // what it has left behind
      const over = (): void => {
        clearTimeout(late)
        resolve({ code, signal, lived: performance.now() - began })
      }
      // Its last words may come after its end; what it has started may hold the streams open.
      const late = setTimeout(over, 300)
      child.once('close', over)
    })
  })

/** Starts a server on a port of its own. Rejects where the process cannot be started at all. */
export const startServer = async ({ main, cwd, env, stdout, stderr, onUnhealthy }: Launch): Promise<DevServer> => {
  const port = await freePort()
  const secret = newSecret()
  const child = spawn(process.execPath, ['--enable-source-maps', ...lifeline, main], {
    cwd,
    env: { ...env, PORT: String(port), HOST: '127.0.0.1', [launchSecret.variable]: secret },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    detached: leadsGroup,
    windowsHide: true,
  })
  if (child.stdout !== null) pass(child.stdout, stdout)
  if (child.stderr !== null) pass(child.stderr, stderr)
  const ended = waitForExit(child, performance.now())
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null
  return {
    port,
    secret,
    exited: ended,
    healthy: awaitHealth({ port, secret }, hasEnded, onUnhealthy),
    stop: async (grace) => {
      if (!hasEnded() && child.pid !== undefined) {
        const { pid } = child
        ask(pid)
        const late = setTimeout(() => killGroup(pid), grace)
        void ended.then(() => clearTimeout(late))
      }
      await ended
    },
  }
}
