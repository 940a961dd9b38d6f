/**
 * Finds effects of a context that a handler made and never ran, such as `log.info('x')` without `()`. In development
 * only: an app in production has none of this, and its contexts have the effects themselves.
 */
import { sep } from 'node:path'
import type { IO } from 'fp-ts/IO'
import type { Log, Write } from '../../core/Log'
import type { Access } from '../../core/Session'
import type { TaskRunner } from '../../core/Tasks'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** Watches the effects of the requests of an app. A request is known by its scope. */
export interface EffectWatch {
  readonly log: (scope: object, log: Log) => Log
  readonly session: (scope: object, session: Access) => Access
  readonly tasks: (scope: object, tasks: TaskRunner) => TaskRunner
  /** Ends a request: warns of each effect that was made in it and has not run. */
  readonly end: (scope: object, warn: Write) => void
}

/** An effect that has not run yet. */
interface Made {
  /** How it was made, such as `log.info(…)`. */
  readonly call: string
  readonly advice: string
  /** Its stack says where it was made. */
  readonly from: Error
}

/** The most effects of a request that are remembered: a socket may be open for long. */
const most = 100

const io = (call: string): string =>
  `Call what it returns, ${call}(), or chain it, as in TE.chainFirstIOK(() => ${call})`

const taskEither = (call: string): string =>
  `Return it from the handler or chain it, as in TE.chain(() => ${call}); to await it, call what it returns, await ${call}()`

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/** Whether an app runs in development: under `agentcore dev`, which sets `LOCAL_DEV`, or by `NODE_ENV`. */
export const isDevelopment = (variables: Readonly<Record<string, string | undefined>>): boolean =>
  variables['LOCAL_DEV'] === '1' || variables['NODE_ENV'] === 'development'

/** Watches effects. */
export const watchEffects = (): EffectWatch => {
  const pending = new WeakMap<object, Set<Made>>()

  const remember = (scope: object, call: string, advice: (call: string) => string): IO<void> => {
    const found = pending.get(scope) ?? new Set()
    pending.set(scope, found)
    if (found.size >= most) return () => undefined
    const made: Made = { call, advice: advice(call), from: new Error(call) }
    found.add(made)
    return () => void found.delete(made)
  }

  /** An effect that is forgotten once it has run. */
  const watched =
    <A>(effect: () => A, forget: IO<void>): (() => A) =>
    () => {
      forget()
      return effect()
    }

  /** A function that returns an effect. */
  const making =
    <Args extends ReadonlyArray<unknown>, A>(scope: object, call: string, make: (...args: Args) => IO<A>) =>
    (...args: Args): IO<A> =>
      watched(make(...args), remember(scope, call, io))

  return {
    log: (scope, log) => ({
      debug: making(scope, 'log.debug(…)', log.debug),
      info: making(scope, 'log.info(…)', log.info),
      warn: making(scope, 'log.warn(…)', log.warn),
      error: making(scope, 'log.error(…)', log.error),
    }),
    session: (scope, session) => ({
      ...session,
      save: (state) => watched(session.save(state), remember(scope, 'session.save(…)', taskEither)),
    }),
    tasks: (scope, tasks) => ({
      ...tasks,
      add: making(scope, 'tasks.add(…)', tasks.add),
      report: making(scope, 'tasks.report(…)', tasks.report),
      complete: making(scope, 'tasks.complete(…)', tasks.complete),
      fail: making(scope, 'tasks.fail(…)', tasks.fail),
      cancel: making(scope, 'tasks.cancel(…)', tasks.cancel),
      fork: (name, settings) => {
        const forgetName = remember(scope, 'tasks.fork(name)', ofWork)
        return (work) => {
          forgetName()
          return watched(tasks.fork(name, settings)(work), remember(scope, 'tasks.fork(name)(work)', io))
        }
      },
      track: (name, settings) => {
        const forgetName = remember(scope, 'tasks.track(name)', ofWork)
        return (work) => {
          forgetName()
          return watched(tasks.track(name, settings)(work), remember(scope, 'tasks.track(name)(work)', taskEither))
        }
      },
    }),
    end: (scope, warn) => {
      const left = pending.get(scope)
      pending.delete(scope)
      for (const { call, advice, from } of left ?? [])
        warn(`${call} was made and never run, so it had no effect. ${advice}`, { at: toPlace(from) })()
    },
  }
}

const ofWork = (call: string): string => `Pass it the work and run the result, as in ${call}(work)()`

// ---------------------------------------------------------------------------------------------------------------------
// where
// ---------------------------------------------------------------------------------------------------------------------

/** The folder of this package's code; undefined in a bundle, whose source map names the package. */
const own = /^.*[\\/]dist[\\/](?:lib|runtime)(?=[\\/]|$)/.exec(__dirname)?.[0]

const isOwn = (line: string): boolean =>
  /[\\/]node_modules[\\/]agentcore-fp[\\/]/.test(line) || (own !== undefined && line.includes(own + sep))

/** The first line of a stack that is neither of this package nor of Node. */
const toPlace = ({ stack = '' }: Error): string => {
  const lines = stack.split('\n').filter((line) => /^\s+at /.test(line))
  const line = lines.find((each) => !isOwn(each) && !each.includes('node:')) ?? lines[0] ?? 'unknown'
  return line.trim().replace(/^at /, '')
}
