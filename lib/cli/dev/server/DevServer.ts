/** One server of `agentcore dev`: a process of the agent, its output passed on, asked for its health until it answers. */
import { setTimeout as sleep } from 'node:timers/promises'
import * as E from 'fp-ts/Either'
import { developmentSecret, launchSecret } from '../../../core/Protocol'
import { get } from '../../../node/exchange/BoundedGet'
import { newSecret } from '../../../local/launch/Launcher'
import { freePort } from '../../../node/network/Port'
import { type GroupExit, lifeline, startGroup } from '../../../node/process/ProcessGroup'
import { type AgentOutput, passOutput } from '../terminal/AgentOutput'

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
  /** The port of its inspector, if it has one. */
  readonly inspector: number | undefined
  /** Resolves with true at its first healthy answer, with false when it ends before. */
  readonly healthy: Promise<boolean>
  readonly exited: Promise<Exit>
  /** Asks it to finish, and ends it, with all that it started, after the given milliseconds. */
  readonly stop: (grace: number) => Promise<void>
}

/** Where a stream of a server goes. */
export type Shown = Omit<AgentOutput, 'onListening'>

/** What a server is started with. */
export interface Launch {
  readonly main: string
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdout: Shown
  readonly stderr: Shown
  readonly hasInspector: boolean
  /** It says that it listens on another port than it was given. */
  readonly onMisplaced: (port: number) => void
  /** Something answers, but not as the service asks for: told once. */
  readonly onUnhealthy: (status: number) => void
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

/** Its address is not for people: they connect to that of `agentcore dev`. */
const inspectorOptions = (port: number | undefined): ReadonlyArray<string> =>
  port === undefined ? [] : [`--inspect=127.0.0.1:${port}`, '--inspect-publish-uid=http']

const notStarted: Exit = { code: 1, signal: null, lived: 0 }

/** Starts a server on a port of its own. */
export const startServer = async (launch: Launch): Promise<DevServer> => {
  const { main, cwd, env, stdout, stderr, hasInspector, onMisplaced, onUnhealthy } = launch
  const port = await freePort()
  const inspector = hasInspector ? await freePort() : undefined
  const secret = developmentSecret + newSecret()
  const began = performance.now()
  const server = startGroup({
    file: process.execPath,
    args: [...inspectorOptions(inspector), '--enable-source-maps', ...lifeline, main],
    cwd,
    env: { ...env, PORT: String(port), HOST: '127.0.0.1', [launchSecret.variable]: secret },
    hasLifeline: true,
  })
  const onListening = (at: number): void => (at === port ? undefined : onMisplaced(at))
  if (server.stdout !== null) passOutput(server.stdout, { ...stdout, onListening })
  if (server.stderr !== null) passOutput(server.stderr, { ...stderr, onListening })
  const toExit = (exit: GroupExit): Exit => ({ ...exit, lived: performance.now() - began })
  return {
    port,
    secret,
    inspector,
    exited: server.started.then(
      () => server.exited.then(toExit),
      () => notStarted,
    ),
    healthy: awaitHealth({ port, secret }, () => server.pid === undefined || server.hasExited(), onUnhealthy),
    stop: server.stop,
  }
}
