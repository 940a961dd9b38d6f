/** `agentcore dev` from its first build to its end: opens what development uses, and closes it. */
import { errorMessage } from '../../node/SystemError'
import { newControl } from '../../local/dataplane/Control'
import { type LogFile, openLogFile } from '../../local/launch/LogFile'
import { announceDev } from '../agent/RunningDev'
import { devLogIn } from '../logs/LocalLogs'
import { type Cli, note } from '../program/Cli'
import { logView } from '../terminal/LogEntry'
import { type Dev, type DevParts, dispatch, grace, onFiles, performAll, startLimit } from './DevInterpreter'
import * as DevMessages from './DevMessages'
import { openFront } from './server/DevProxy'
import type { Shown } from './server/DevServer'
import { createFleet, type FleetOptions } from './server/DevServers'
import { openInspectorPort } from './server/InspectorPort'
import type { DevPlan } from './state/DevPlan'
import { begin } from './state/DevState'
import { listenToKeys } from './terminal/Keys'
import { createCompiler } from './watch/Compile'
import { createTypeWatch } from './watch/TypeWatch'
import { watch } from './watch/Watch'

/** Develops until a signal comes. Resolves when nothing of it is left. Rejects where no port can be had. */
export const develop = async (cli: Cli, plan: DevPlan): Promise<void> => {
  const { parts, withdraw, log } = await openParts(cli, plan)
  const dev = newDev(parts, log)
  dev.watching = await watch(
    plan.folder,
    (paths) => onFiles(dev, paths),
    (cause) => parts.say(({ red }) => red(`Could not watch the source: ${String(cause)}`)),
  )
  const ended = untilEnd(dev, async () => {
    const closing = [
      withdraw(),
      dev.inspector?.close() ?? Promise.resolve(),
      dev.watching?.close() ?? Promise.resolve(),
      dev.types.end(),
      dev.compiler.dispose(),
      dev.fleet.stopAll(grace.end),
    ]
    await Promise.allSettled(closing)
    await Promise.all([dev.front.close(0), log?.close()])
  })
  tellPorts(dev)
  performAll(dev, begin[1])
  await ended
}

// ---------------------------------------------------------------------------------------------------------------------
// the beginning
// ---------------------------------------------------------------------------------------------------------------------

/** Opens ports and files, and announces the agent to other commands. */
const openParts = async (cli: Cli, plan: DevPlan) => {
  const say: DevParts['say'] = (text) => void note(text)(cli)
  const control = newControl()
  const front = await openFront(plan.port, plan.guard, control)
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
  const compiler = createCompiler(plan, cli.env)
  const types = createTypeWatch(plan, say)
  return { parts: { cli, plan, say, front, url, inspector, compiler, types }, withdraw, log }
}

const newDev = (parts: Omit<DevParts, 'fleet'>, log: LogFile | undefined): Dev => {
  const dev: Dev = {
    ...parts,
    fleet: createFleet(fleetOptions(parts, log, () => dev)),
    state: begin[0],
    watching: undefined,
    compiled: undefined,
    failure: undefined,
    begunAt: performance.now(),
    startedAt: performance.now(),
    exits: new Map(),
    misplaced: new Map(),
    timers: new Set(),
    inputs: new Set(),
    doubted: new Set(),
  }
  return dev
}

/** A server that lived so long, in milliseconds, has not crashed at its start. */
const lasting = 10_000

/** `toDev` is called only once a server runs. */
const fleetOptions = (
  { cli, plan, say, inspector }: Omit<DevParts, 'fleet'>,
  log: LogFile | undefined,
  toDev: () => Dev,
): FleetOptions => {
  const keep: Shown['keep'] = (lines) => log?.write(Buffer.from(lines)) ?? Promise.resolve()
  return {
    cwd: plan.package,
    stdout: shownOn(cli, 'stdout', keep),
    stderr: shownOn(cli, 'stderr', keep),
    hasInspector: inspector !== undefined,
    limit: inspector === undefined ? startLimit : undefined,
    onAnswer: (id) => dispatch(toDev(), { _tag: 'Answered', id }),
    onLate: (id) => dispatch(toDev(), { _tag: 'Late', id }),
    onExit: (id, exit) => {
      const dev = toDev()
      dev.exits.set(id, exit)
      dispatch(dev, { _tag: 'Exited', id, hasLasted: exit.lived > lasting })
      dev.exits.delete(id)
      dev.misplaced.delete(id)
    },
    onMisplaced: (id, port) => void toDev().misplaced.set(id, port),
    onUnhealthy: (_, status) =>
      say(({ yellow }) => yellow(`/ping responds with ${status}; AgentCore accepts only 200`)),
  }
}

/** Log lines are for people in a terminal, for machines elsewhere. */
const shownOn = (cli: Cli, stream: 'stdout' | 'stderr', keep: Shown['keep']): Shown => ({
  sink: cli[stream],
  view: () => (cli[stream].isTTY && !cli.isJson ? logView(cli, stream) : undefined),
  keep,
})

const tellPorts = ({ plan, front, inspector, say }: Dev): void => {
  if (plan.port !== 0 && front.port !== plan.port)
    say(({ yellow }) => yellow(`Port ${plan.port} is in use; using port ${front.port}`))
  if (inspector !== undefined && plan.inspect !== undefined)
    say(DevMessages.describeInspector(plan.inspect, inspector.port))
}

// ---------------------------------------------------------------------------------------------------------------------
// the end
// ---------------------------------------------------------------------------------------------------------------------

/** Waits for a signal or the key for the end, then closes everything. A second signal ends the servers at once. */
const untilEnd = (dev: Dev, close: () => Promise<void>): Promise<void> =>
  new Promise<void>((resolve) => {
    const { cli, url, say, fleet, timers } = dev
    let asked = 0
    cli.outliveOutput()
    const end = (): void => {
      asked += 1
      if (asked > 1) return void fleet.stopAll(0)
      dispatch(dev, { _tag: 'Ended' })
      timers.forEach(clearTimeout)
      say(({ dim }) => dim('Stopping'))
      void close().then(() => {
        offKeys()
        off()
        resolve()
      })
    }
    const off = cli.onSignal(end)
    const restart = (): void => dispatch(dev, { _tag: 'Requested' })
    const offKeys = listenToKeys(cli, { url, restart, quit: end, say })
  })
