/** Does what `DevState` decides: builds, starts and ends servers, aims the port, tells the developer. */
import { relative } from 'node:path'
import type { IO } from 'fp-ts/IO'
import * as E from 'fp-ts/Either'
import type { BuildError } from '../bundler/BuildError'
import { openLogFile } from '../../local/launch/LogFile'
import { newControl } from '../../local/dataplane/Control'
import { errorMessage } from '../../node/SystemError'
import { devLogIn } from '../logs/LocalLogs'
import { announceDev } from '../agent/RunningDev'
import { type Cli, note } from '../program/Cli'
import { fillProse } from '../program/layout/Fill'
import { logView } from '../terminal/LogEntry'
import { formatDuration } from '../terminal/Progress'
import type { Style } from '../program/Style'
import { type Compiled, createCompiler } from './watch/Compile'
import * as DevNews from './DevMessages'
import { isData, mayBeOwn } from './state/DataFiles'
import type { DevPlan } from './state/DevPlan'
import type { Exit, Shown } from './server/DevServer'
import { openInspectorPort } from './server/InspectorPort'
import { hasKeys, keyLine, listenToKeys } from './terminal/Keys'
import { begin, type DevCommand, type DevEvent, type DevState, isComing, type DevMessage, step } from './state/DevState'
import { createFleet } from './server/DevServers'
import { type Front, openFront, type Target } from './server/DevProxy'
import { createTypeWatch } from './watch/TypeWatch'
import { watch } from './watch/Watch'

/** How long a server may take to its first answer, and after what time that is remarked on. Milliseconds. */
const startLimit = 60_000
const slow = 5000

/** How long a server may take to finish: one that another replaces, one that never answered, and all at the end. */
const grace = { replaced: 10_000, discarded: 1000, end: 3000 } as const

/** A server that lived so long has not crashed at its start. */
const lasting = 10_000

/** What is known of the last build and of the servers, to be told when it matters. */
interface BuildRecord {
  compiled: Compiled | undefined
  failure: BuildError | undefined
  /** When what leads to the next server began: a build, or the restart after a crash. */
  begunAt: number
  readonly exits: Map<number, Exit>
  /** The ports of servers that listen elsewhere than they are asked at. */
  readonly misplaced: Map<number, number>
}

/** Log lines are for people in a terminal, for machines elsewhere. */
const shownOn = (cli: Cli, stream: 'stdout' | 'stderr', keep: Shown['keep']): Shown => ({
  sink: cli[stream],
  view: () => (cli[stream].isTTY && !cli.isJson ? logView(cli, stream) : undefined),
  keep,
})

/** Where connections go when no server is current. */
const toTarget = (state: DevState): Target =>
  isComing(state)
    ? { _tag: 'Starting' }
    : { _tag: 'Down', why: 'The agent is not running: see the output of agentcore dev' }

/** Develops until a signal comes. Resolves when nothing of it is left. Rejects where no port can be had. */
export const develop = async (cli: Cli, plan: DevPlan): Promise<void> => {
  const say = (text: (style: Style) => string): void => {
    const columns = cli.stderr.isTTY ? cli.stderr.columns : undefined
    void note((style) => fillProse(columns, text(style)))(cli)
  }
  const control = newControl()
  const front: Front = await openFront(plan.port, plan.guard, control)
  const url = `http://127.0.0.1:${front.port}`
  const inspector =
    plan.inspect === undefined
      ? undefined
      : await openInspectorPort(plan.inspect).catch(async (cause: unknown) => {
          await front.close(0)
          throw cause
        })
  const withdraw = await announceDev(plan.folder, { agent: plan.agent, endpoint: url, control }).catch(
    (cause: unknown) => {
      say(({ yellow }) => yellow(`invoke --dev and status will not find this agent: ${errorMessage(cause)}`))
      return () => Promise.resolve()
    },
  )
  const log = await openLogFile(devLogIn(plan.state)).catch(() => undefined) // a record of what is shown here
  const keep: Shown['keep'] = (lines) => log?.write(Buffer.from(lines)) ?? Promise.resolve()
  const compiler = createCompiler(plan, cli.env)
  const types = createTypeWatch(plan, say)
  const known: BuildRecord = {
    compiled: undefined,
    failure: undefined,
    begunAt: performance.now(),
    exits: new Map(),
    misplaced: new Map(),
  }
  const timers = new Set<NodeJS.Timeout>()
  let state: DevState = begin[0]

  const after = (ms: number, f: IO<void>): void => {
    const timer = setTimeout(() => {
      timers.delete(timer)
      f()
    }, ms)
    timers.add(timer)
  }

  const fleet = createFleet({
    cwd: plan.package,
    stdout: shownOn(cli, 'stdout', keep),
    stderr: shownOn(cli, 'stderr', keep),
    hasInspector: inspector !== undefined,
    limit: inspector === undefined ? startLimit : undefined,
    onAnswer: (id) => send({ _tag: 'Answered', id }),
    onLate: (id) => send({ _tag: 'Late', id }),
    onExit: (id, exit) => {
      known.exits.set(id, exit)
      send({ _tag: 'Exited', id, hasLasted: exit.lived > lasting })
      known.exits.delete(id)
      known.misplaced.delete(id)
    },
    onMisplaced: (id, port) => void known.misplaced.set(id, port),
    onUnhealthy: (_, status) =>
      say(({ yellow }) => yellow(`/ping responds with ${status}; AgentCore accepts only 200`)),
  })

  const inputs = new Set<string>()
  const doubted = new Set<string>()
  let startedAt = performance.now()

  /** Data restarts the agent, unless it may have written that itself. */
  const onFiles = (paths: ReadonlyArray<string>): void => {
    const data = known.compiled === undefined ? [] : paths.filter(isData(inputs))
    const activity = {
      sinceStart: state.next === undefined ? performance.now() - startedAt : 0,
      sinceRequest: front.sinceRequest(),
    }
    if (data.length > 0 && !mayBeOwn(activity)) compiler.renew()
    else {
      const fresh = data.filter((path) => !doubted.has(path))
      fresh.forEach((path) => doubted.add(path))
      if (fresh.length > 0) say(DevNews.describeOwn(fresh.map((path) => relative(plan.folder, path))))
    }
    send({ _tag: 'Changed' })
  }

  const watching = await watch(plan.folder, onFiles, (cause) =>
    say(({ red }) => red(`Could not watch the source: ${String(cause)}`)),
  )

  const build = async (): Promise<void> => {
    known.begunAt = performance.now()
    const readAt = Date.now()
    types.breakOff()
    const built = await compiler.compile()
    if (E.isLeft(built)) {
      known.failure = built.left
      if (built.left._tag === 'SourceErrors') void watching.add(built.left.inputs, readAt)
      return send({ _tag: 'NotBuilt' })
    }
    built.right.bundle.inputs.forEach((path) => inputs.add(path))
    void watching.add(built.right.bundle.inputs, readAt)
    known.compiled = built.right
    send({ _tag: 'Built', program: built.right.program })
  }

  const tellReady = (isFirst: boolean): void => {
    startedAt = performance.now()
    const took = formatDuration(performance.now() - known.begunAt)
    say(({ green, bold }) => green(`${isFirst ? 'Ready' : 'Restarted'} at ${bold(url)} in ${took}`))
    if (isFirst) {
      say(DevNews.describeFirstStart(plan, front.port, known.compiled))
      say(hasKeys(cli) ? keyLine : DevNews.describeEnd)
    }
    types.check()
  }

  const tell = (news: DevMessage): void => {
    switch (news._tag) {
      case 'Ready':
        return tellReady(news.isFirst)
      case 'Unchanged':
        return say(({ dim }) => dim('No change; not restarting'))
      case 'NotBuilt':
        return known.failure === undefined ? undefined : say(DevNews.describeBuild(known.failure, news.isKept))
      case 'NotStarted':
        return say(
          DevNews.describeStart(
            news.why === 'late' ? startLimit : known.exits.get(news.id),
            known.misplaced.get(news.id),
            news.isKept,
          ),
        )
      case 'Crashed':
        return say(DevNews.describeCrash(known.exits.get(news.id), news.again))
    }
  }

  const remarkIfSlow = (id: number): void =>
    after(slow, () => {
      if (state.next?.id === id) say(DevNews.describeWait(known.misplaced.get(id)))
    })

  const perform = (command: DevCommand): void => {
    switch (command._tag) {
      case 'Build':
        return void build()
      case 'Start':
        remarkIfSlow(command.server.id)
        return void fleet.start(command.server, known.compiled?.variables ?? cli.env).then(aimInspector)
      case 'Retire':
        return void fleet.stop(command.id, grace.replaced)
      case 'Discard':
        return void fleet.stop(command.id, grace.discarded)
      case 'Wait':
        return after(command.ms, () => {
          known.begunAt = performance.now()
          send({ _tag: 'Waited', program: command.program })
        })
      case 'Tell':
        return tell(command.news)
    }
  }

  const aim = (): void => {
    const server = state.current === undefined ? undefined : fleet.find(state.current.id)
    front.aim(server === undefined ? toTarget(state) : { _tag: 'Serving', port: server.port, secret: server.secret })
  }

  /** A server that starts can be debugged where no other one serves. */
  const aimInspector = (): void => {
    const { id } = state.current ?? state.next ?? {}
    inspector?.aim(id === undefined ? undefined : fleet.find(id)?.inspector)
  }

  const send = (event: DevEvent): void => {
    const [next, commands] = step(state, event)
    state = next
    if (!state.isOver) {
      aim()
      aimInspector()
    }
    commands.forEach(perform)
  }

  const ended = new Promise<void>((resolve) => {
    let asked = 0
    cli.outliveOutput()
    const end = (): void => {
      asked += 1
      if (asked > 1) return void fleet.stopAll(0)
      send({ _tag: 'Ended' })
      timers.forEach(clearTimeout)
      say(({ dim }) => dim('Stopping'))
      const closing = [
        withdraw(),
        inspector?.close() ?? Promise.resolve(),
        watching.close(),
        types.end(),
        compiler.dispose(),
        fleet.stopAll(grace.end),
      ]
      void Promise.allSettled(closing)
        .then(() => Promise.all([front.close(0), log?.close()]))
        .then(() => {
          offKeys()
          off()
          resolve()
        })
    }
    const off = cli.onSignal(end)
    const restart = (): void => send({ _tag: 'Requested' })
    const offKeys = listenToKeys(cli, { url, restart, quit: end, say })
  })

  if (plan.port !== 0 && front.port !== plan.port) {
    say(({ yellow }) => yellow(`Port ${plan.port} is in use; using port ${front.port}`))
  }
  if (inspector !== undefined && plan.inspect !== undefined)
    say(DevNews.describeInspector(plan.inspect, inspector.port))
  begin[1].forEach(perform)
  await ended
}
