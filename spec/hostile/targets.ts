/** Every listener of this package that a web page could reach, each before an agent that says when it runs. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pipe } from 'fp-ts/function'
import { createApp, entrypoint, Handler, websocket } from '../../lib'
import { startServer } from '../../lib/cli/dev/server/DevServer'
import { openFront } from '../../lib/cli/dev/server/DevProxy'
import type { GuardPolicy } from '../../lib/node/origin/LoopbackGuard'
import { processLauncher } from '../../lib/local'
import { type At, eventually, invoke, local, sessionId } from '../local/support'

/** The agent of a process of its own. */
export const agentFile = join(__dirname, 'agentChild.js')

/** A listener, and how often the handler behind it has run. */
export interface Target {
  readonly name: string
  readonly port: number
  readonly invocations: string
  readonly socket: string
  /** What can be read with GET. */
  readonly reads: ReadonlyArray<string>
  /** What else a request takes to stay in one session. */
  readonly fields: ReadonlyArray<readonly [name: string, value: string]>
  readonly ran: () => number
  /** How many sessions there are. */
  readonly sessions: () => number
  /** Whether it answers nobody but who started it. */
  readonly isPrivate: boolean
}

/** Counts how often an agent has said that it runs. */
const counter = (): { readonly hear: (part: string | Uint8Array) => void; readonly ran: () => number } => {
  let text = ''
  return {
    hear: (part) => (text += Buffer.from(part as Uint8Array).toString()),
    ran: () => text.split('RAN').length - 1,
  }
}

const plain = { invocations: '/invocations', socket: '/ws', reads: ['/ping'], fields: [] } as const

const withApp = async (policy: GuardPolicy, use: (target: Target) => Promise<void>): Promise<void> => {
  let count = 0
  const agent = pipe(
    entrypoint(Handler.fromSync(() => ({ secret: 'of the tool', count: (count += 1) }))),
    websocket(
      Handler.fromMessages(async function* (messages) {
        count += 1
        yield* messages
      }),
    ),
  )
  const app = createApp(agent, { ...policy, log: { level: 'silent' } })
  const { port, stop } = await app.run({ port: 0, host: '127.0.0.1' })
  try {
    await use({ ...plain, name: 'app.run', port, ran: () => count, sessions: () => 1, isPrivate: false })
  } finally {
    await stop({ timeout: 0 })
  }
}

const withDev = async (policy: GuardPolicy, use: (targets: ReadonlyArray<Target>) => Promise<void>): Promise<void> => {
  const { hear, ran } = counter()
  const sink = { isTTY: false, columns: 80, write: async (data: string | Uint8Array) => hear(Buffer.from(data)) }
  const front = await openFront(0, policy)
  const server = await startServer({
    main: agentFile,
    cwd: __dirname,
    env: process.env,
    stdout: { sink, view: () => undefined, keep: () => Promise.resolve() },
    stderr: { sink, view: () => undefined, keep: () => Promise.resolve() },
    hasInspector: false,
    onMisplaced: () => undefined,
    onUnhealthy: () => undefined,
  })
  try {
    if (!(await server.healthy)) throw new Error('the agent of dev does not start')
    front.aim({ _tag: 'Serving', ...server })
    await use([
      { ...plain, name: 'agentcore dev', port: front.port, ran, sessions: () => 1, isPrivate: false },
      { ...plain, name: 'the server behind agentcore dev', port: server.port, ran, sessions: () => 1, isPrivate: true },
    ])
  } finally {
    await server.stop(1000)
    await front.close(0)
  }
}

const session = sessionId('pages')

/** The port of the one session that runs, as the runtime has logged it. */
const portOf = async (at: At): Promise<number> =>
  Number((await at.logged(new RegExp(`^Session ${session} is ready`))).fields['port'])

const withLocal = (policy: GuardPolicy, use: (targets: ReadonlyArray<Target>) => Promise<void>): Promise<void> => {
  const { hear, ran } = counter()
  const launcher = processLauncher({ file: agentFile, show: (_, part) => hear(part) })
  return local({ ...policy, launcher }, async (at) => {
    const sessions = (): number => at.overview().sessions.length
    const header = 'x-amzn-bedrock-agentcore-runtime-session-id'
    await invoke(at, session, {})
    await eventually(() => ran() === 1, 'the agent has said that it ran')
    await use([
      {
        name: 'the data plane of deploy --local',
        port: at.port,
        invocations: at.path('invocations'),
        socket: `${at.path('ws')}?${header}=${session}`,
        fields: [[header, session]],
        reads: [at.path('invocations/.well-known/agent-card.json')],
        ran,
        sessions,
        isPrivate: false,
      },
      {
        ...plain,
        name: 'the plain paths of deploy --local',
        port: at.port,
        reads: ['/ping', '/'],
        ran,
        sessions,
        isPrivate: false,
      },
      { ...plain, name: 'the agent of a session', port: await portOf(at), ran, sessions, isPrivate: true },
    ])
  })
}

/** Uses all of them at once; `app.run`, `agentcore dev`, and the local runtime listen as users start them. */
export const withTargets = (
  policy: GuardPolicy,
  use: (targets: ReadonlyArray<Target>) => Promise<void>,
): Promise<void> =>
  withApp(policy, (app) => withDev(policy, (dev) => withLocal(policy, (ofLocal) => use([app, ...dev, ...ofLocal]))))

/** The port that a server listens on. */
export const portWhenListening = async (
  server: ReturnType<ReturnType<typeof createApp>['listen']>,
): Promise<number> => {
  await once(server, 'listening')
  return (server.address() as AddressInfo).port // a server that listens on a port has one
}
