/** One agent for all sessions: started once, or already running. Unlike in the cloud, sessions share its process. */
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import * as T from 'fp-ts/Task'
import * as TE from 'fp-ts/TaskEither'
import type { Exit, Launched, LaunchError, Launcher, LauncherOf } from './Launcher'

interface Shared {
  readonly launching: Promise<E.Either<LaunchError, Launched>>
}

/** The session under which the shared agent is started. */
const everyone = 'shared'

/** Shares one agent of another launcher between all sessions; it stops with the last of them. */
export const shared =
  (make: LauncherOf): LauncherOf =>
  (surroundings): Launcher => {
    const launcher = make(surroundings)
    let current: Shared | undefined
    const users = new Set<symbol>()

    const launch = (): Shared => {
      const made: Shared = { launching: launcher.start(everyone)() }
      const forget = (): void => {
        if (current === made) current = undefined
      }
      void made.launching.then((launched) => {
        if (E.isLeft(launched)) forget()
        else void launched.right.exited().then(forget)
      })
      return made
    }

    /** The agent as seen by one session: stopping it ends that session, and the agent only with the last one. */
    const lent = (agent: Launched, user: symbol): Launched => {
      let end: (exit: Exit) => void = () => undefined
      const left = new Promise<Exit>((resolve) => (end = resolve))
      const exited = Promise.race([agent.exited(), left])
      void exited.then(() => users.delete(user))
      return {
        ...agent,
        exited: () => exited,
        stop: (grace) => async () => {
          users.delete(user)
          if (users.size === 0) {
            current = undefined
            await agent.stop(grace)()
          }
          end({ how: 'was released', isPortTaken: false })
        },
      }
    }

    const join = async (user: symbol): Promise<E.Either<LaunchError, Launched>> => {
      users.add(user)
      const launched = await (current ??= launch()).launching
      if (E.isLeft(launched)) users.delete(user)
      return E.map((agent: Launched) => lent(agent, user))(launched)
    }

    return { ...launcher, isolation: 'none', start: () => () => join(Symbol('session')) }
  }

/** Uses an agent that is already running for every session, and never stops it. */
export const running =
  ({ host = '127.0.0.1', port }: { readonly host?: string; readonly port: number }): LauncherOf =>
  (): Launcher => ({
    isolation: 'none',
    open: TE.right([]),
    start: () => {
      let end: (exit: Exit) => void = () => undefined
      const exited = new Promise<Exit>((resolve) => (end = resolve))
      return TE.right({
        host,
        port,
        pid: O.none,
        log: O.none,
        exited: () => exited,
        stop: () => async () => end({ how: 'was released', isPortTaken: false }),
        memory: T.of(O.none),
      })
    },
    close: T.of(undefined),
    kill: () => undefined,
  })
