/** Does what `DevState` decides: builds, starts and ends servers, aims the port, tells the developer. */
import { relative } from 'node:path'
import type { IO } from 'fp-ts/IO'
import * as E from 'fp-ts/Either'
import type { BuildError } from '../bundler/BuildError'
import type { Cli } from '../program/Cli'
import type { Style } from '../program/Style'
import { formatDuration } from '../terminal/Progress'
import * as DevMessages from './DevMessages'
import type { Front, Target } from './server/DevProxy'
import type { Exit } from './server/DevServer'
import type { Fleet } from './server/DevServers'
import type { InspectorPort } from './server/InspectorPort'
import { isData, mayBeOwn } from './state/DataFiles'
import type { DevPlan } from './state/DevPlan'
import { type DevCommand, type DevEvent, type DevMessage, type DevState, isComing, step } from './state/DevState'
import { hasKeys, keyLine } from './terminal/Keys'
import type { Compiled, Compiler } from './watch/Compile'
import type { TypeWatch } from './watch/TypeWatch'
import type { Watch } from './watch/Watch'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** What development uses. */
export interface DevParts {
  readonly cli: Cli
  readonly plan: DevPlan
  readonly say: (text: (style: Style) => string) => void
  readonly front: Front
  readonly url: string
  readonly inspector: InspectorPort | undefined
  readonly fleet: Fleet
  readonly compiler: Compiler
  readonly types: TypeWatch
}

/** Development in progress. Mutated only by the interpreter, and by the listeners of servers, which keep what they hear. */
export interface Dev extends DevParts {
  state: DevState
  /** Undefined until the source is watched. */
  watching: Watch | undefined
  compiled: Compiled | undefined
  failure: BuildError | undefined
  /** When what leads to the next server began: a build, or the restart after a crash. */
  begunAt: number
  /** When the current server became ready. */
  startedAt: number
  readonly exits: Map<number, Exit>
  /** The ports of servers that listen elsewhere than they are asked at. */
  readonly misplaced: Map<number, number>
  readonly timers: Set<NodeJS.Timeout>
  /** The files of the builds so far. */
  readonly inputs: Set<string>
  /** Data that the agent may have written itself; the developer has been notified once. */
  readonly doubted: Set<string>
}

/** How long a server may take to its first answer, and after what time that is remarked on. Milliseconds. */
export const startLimit = 60_000
const slow = 5000

/** How long a server may take to finish: one that another replaces, one that never answered, and all at the end. */
export const grace = { replaced: 10_000, discarded: 1000, end: 3000 } as const

// ---------------------------------------------------------------------------------------------------------------------
// interpreter
// ---------------------------------------------------------------------------------------------------------------------

/** Moves the state by an event, then runs its commands. */
export const dispatch = (dev: Dev, event: DevEvent): void => {
  const [state, commands] = step(dev.state, event)
  dev.state = state
  if (!state.isOver) {
    aim(dev)
    aimInspector(dev)
  }
  performAll(dev, commands)
}

/** Runs commands in order. */
export const performAll = (dev: Dev, commands: ReadonlyArray<DevCommand>): void =>
  commands.forEach((command) => perform(dev, command))

const perform = (dev: Dev, command: DevCommand): void => {
  const { fleet, cli } = dev
  switch (command._tag) {
    case 'Build':
      return void build(dev)
    case 'Start':
      remarkIfSlow(dev, command.server.id)
      return void fleet.start(command.server, dev.compiled?.variables ?? cli.env).then(() => aimInspector(dev))
    case 'Retire':
      return void fleet.stop(command.id, grace.replaced)
    case 'Discard':
      return void fleet.stop(command.id, grace.discarded)
    case 'Wait':
      return after(dev, command.ms, () => {
        dev.begunAt = performance.now()
        dispatch(dev, { _tag: 'Waited', program: command.program })
      })
    case 'Tell':
      return tell(dev, command.news)
  }
}

const after = ({ timers }: Dev, ms: number, f: IO<void>): void => {
  const timer = setTimeout(() => {
    timers.delete(timer)
    f()
  }, ms)
  timers.add(timer)
}

const remarkIfSlow = (dev: Dev, id: number): void =>
  after(dev, slow, () => {
    if (dev.state.next?.id === id) dev.say(DevMessages.describeWait(dev.misplaced.get(id)))
  })

const aim = ({ state, fleet, front }: Dev): void => {
  const server = state.current === undefined ? undefined : fleet.find(state.current.id)
  front.aim(server === undefined ? toTarget(state) : { _tag: 'Serving', port: server.port, secret: server.secret })
}

/** Where connections go when no server is current. */
const toTarget = (state: DevState): Target =>
  isComing(state)
    ? { _tag: 'Starting' }
    : { _tag: 'Down', why: 'The agent is not running: see the output of agentcore dev' }

/** A server that starts can be debugged where no other one serves. */
const aimInspector = ({ state, fleet, inspector }: Dev): void => {
  const { id } = state.current ?? state.next ?? {}
  inspector?.aim(id === undefined ? undefined : fleet.find(id)?.inspector)
}

// ---------------------------------------------------------------------------------------------------------------------
// the source
// ---------------------------------------------------------------------------------------------------------------------

const build = async (dev: Dev): Promise<void> => {
  dev.begunAt = performance.now()
  const readAt = Date.now()
  dev.types.breakOff()
  const built = await dev.compiler.compile()
  if (E.isLeft(built)) {
    dev.failure = built.left
    if (built.left._tag === 'SourceErrors') void dev.watching?.add(built.left.inputs, readAt)
    return dispatch(dev, { _tag: 'NotBuilt' })
  }
  const { program, bundle } = built.right
  bundle.inputs.forEach((path) => dev.inputs.add(path))
  void dev.watching?.add(bundle.inputs, readAt)
  dev.compiled = built.right
  dispatch(dev, { _tag: 'Built', program })
}

/** Files have changed. Data restarts the agent, unless it may have written that itself. */
export const onFiles = (dev: Dev, paths: ReadonlyArray<string>): void => {
  const { compiler, doubted, plan, say, front } = dev
  const data = dev.compiled === undefined ? [] : paths.filter(isData(dev.inputs))
  const activity = {
    sinceStart: dev.state.next === undefined ? performance.now() - dev.startedAt : 0,
    sinceRequest: front.sinceRequest(),
  }
  if (data.length > 0 && !mayBeOwn(activity)) compiler.renew()
  else {
    const fresh = data.filter((path) => !doubted.has(path))
    fresh.forEach((path) => doubted.add(path))
    if (fresh.length > 0) say(DevMessages.describeOwn(fresh.map((path) => relative(plan.folder, path))))
  }
  dispatch(dev, { _tag: 'Changed' })
}

// ---------------------------------------------------------------------------------------------------------------------
// the developer
// ---------------------------------------------------------------------------------------------------------------------

const tell = (dev: Dev, news: DevMessage): void => {
  const { say, failure, exits, misplaced } = dev
  switch (news._tag) {
    case 'Ready':
      return tellReady(dev, news.isFirst)
    case 'Unchanged':
      return say(({ dim }) => dim('No change; not restarting'))
    case 'NotBuilt':
      return failure === undefined ? undefined : say(DevMessages.describeBuild(failure, news.isKept))
    case 'NotStarted': {
      const why = news.why === 'late' ? startLimit : exits.get(news.id)
      return say(DevMessages.describeStart(why, misplaced.get(news.id), news.isKept))
    }
    case 'Crashed':
      return say(DevMessages.describeCrash(exits.get(news.id), news.again))
  }
}

const tellReady = (dev: Dev, isFirst: boolean): void => {
  const { cli, plan, say, url, front, types } = dev
  dev.startedAt = performance.now()
  const took = formatDuration(performance.now() - dev.begunAt)
  say(({ green, bold }) => green(`${isFirst ? 'Ready' : 'Restarted'} at ${bold(url)} in ${took}`))
  if (isFirst) {
    say(DevMessages.describeFirstStart(plan, front.port, dev.compiled))
    say(hasKeys(cli) ? keyLine : DevMessages.describeEnd)
  }
  types.check()
}
