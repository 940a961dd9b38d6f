/** The health of an app: any override, and the last status with the time of its change. */
import type { IO } from 'fp-ts/IO'
import * as O from 'fp-ts/Option'
import type { Task } from 'fp-ts/Task'
import type { PingHandler } from '../../core/Agent'
import { type Health, healthy, isStatus, observe, resolve, type Status } from '../../core/Health'
import type { Clock } from '../../node/Clock'

/** The health of an app: `app.health`. */
export interface HealthControl {
  /** The current health, as `/ping` would report it. */
  readonly current: Task<Health>
  /** Reports `HealthyBusy`, whatever is running. */
  readonly forceBusy: IO<void>
  /** Reports `Healthy`, whatever is running. */
  readonly forceHealthy: IO<void>
  /** Returns to the custom or automatic status. */
  readonly clearForced: IO<void>
}

/** The state behind `app.health`. */
export interface HealthCell extends HealthControl {
  /** The current health if it is available synchronously, without a custom handler. */
  readonly peek: IO<O.Option<Health>>
  /** Updates the automatic status after a possible change. */
  readonly refresh: IO<void>
}

/** The status from a custom handler; none if it is late or invalid. */
const ask = (
  handler: PingHandler,
  automatic: Status,
  clock: Clock,
  timeout: number,
  warn: (cause: unknown) => void,
): Promise<O.Option<Status>> =>
  new Promise((settle) => {
    const cancel = clock.after(timeout, () => {
      warn(`it took longer than ${timeout} ms`)
      settle(O.none)
    })
    const run = async (): Promise<O.Option<Status>> => {
      const said: unknown = await handler(automatic)
      if (isStatus(said)) return O.some(said)
      warn(`it returned ${typeof said === 'string' ? `'${said.slice(0, 40)}'` : `a value of type ${typeof said}`}`)
      return O.none
    }
    run()
      .catch((cause: unknown) => {
        warn(cause)
        return O.none
      })
      .then((said) => {
        cancel()
        settle(said)
      }, warn)
  })

/** Healthy as of now. `automatic` is the status by the tasks, `warn` receives why a custom handler was ignored. */
export const createHealth = (
  handler: O.Option<PingHandler>,
  automatic: IO<Status>,
  { clock, pingTimeout }: { readonly clock: Clock; readonly pingTimeout: number },
  warn: (cause: unknown) => void,
): HealthCell => {
  let health: Health = healthy(clock.now())
  let forced: O.Option<Status> = O.none

  const see = (custom: O.Option<Status>): Health => {
    health = observe(resolve({ forced, custom, automatic: automatic() }), clock.now())(health)
    return health
  }

  const force = (status: O.Option<Status>): void => {
    forced = status
    if (O.isSome(forced) || O.isNone(handler)) see(O.none)
  }

  return {
    current: async () =>
      see(
        O.isSome(handler) && O.isNone(forced)
          ? await ask(handler.value, automatic(), clock, pingTimeout, warn)
          : O.none,
      ),
    peek: () => (O.isSome(handler) && O.isNone(forced) ? O.none : O.some(see(O.none))),
    forceBusy: () => force(O.some('HealthyBusy')),
    forceHealthy: () => force(O.some('Healthy')),
    clearForced: () => force(O.none),
    refresh: () => {
      if (O.isNone(handler)) see(O.none)
    },
  }
}
