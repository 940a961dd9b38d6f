/** Starts the agent of a session, up to its first response to `/ping` or the reason for the failure. */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as T from 'fp-ts/Task'
import * as TE from 'fp-ts/TaskEither'
import type { Exit, Launched, Launcher } from '../launch/Launcher'
import type { Limits } from '../service/ServiceLimits'
import { ping } from './AgentPing'
import { type Connections, connections } from '../launch/Connections'
import { agentFailed, type Hint, notReady, type ServiceError } from '../service/ServiceError'
import type { Report } from './SessionLife'

/** An agent that has responded to `/ping`. */
export interface Agent {
  readonly launched: Launched
  readonly connections: Connections
  /** The first response to `/ping`. */
  readonly report: Report
}

/** How often to restart an agent whose port another process has taken in the meantime. */
const attempts = 3

/** The timeout of a ping during the start, in milliseconds. */
const pingTimeout = 2000

/** The delay before the next ping: a tenth of the time since the start. */
const pauseAfter = (elapsed: number): number => Math.min(250, Math.max(4, elapsed / 10))

/** The hint about a failed agent. */
export const toHint = (why: string, { log }: Launched): Hint => ({
  why,
  ...(O.isSome(log) ? { log: log.value } : {}),
})

/** What starting an agent depends on. */
export interface StartParts {
  readonly launcher: Launcher
  readonly limits: Limits
}

/** Starts the agent of a session. When the signal aborts, the agent is stopped and the start fails. */
export const startAgent = (
  parts: StartParts,
  session: string,
  signal: AbortSignal,
  attempt = 1,
): TE.TaskEither<ServiceError, Agent> =>
  pipe(
    parts.launcher.start(session),
    TE.mapLeft(({ message }) => agentFailed(500, { why: message })),
    TE.chain((launched) => {
      const open = connections(launched)
      return pipe(
        TE.fromTask<Outcome, ServiceError>(() => waitForFirst(launched, open, parts.limits.startTimeout, signal)),
        TE.chain((outcome) => {
          if (outcome._tag === 'Answered')
            return TE.right<ServiceError, Agent>({ launched, connections: open, report: outcome.report })
          open.close()
          return isPortTaken(outcome) && attempt < attempts
            ? startAgent(parts, session, signal, attempt + 1)
            : giveUp(launched, outcome, parts.limits)
        }),
      )
    }),
  )

type Failure =
  { readonly _tag: 'Exited'; readonly exit: Exit } | { readonly _tag: 'Late' } | { readonly _tag: 'Cancelled' }

type Outcome = { readonly _tag: 'Answered'; readonly report: Report } | Failure

const isPortTaken = (outcome: Failure): boolean => outcome._tag === 'Exited' && outcome.exit.isPortTaken

/** Stops an agent that did not become ready. Left: why it did not. */
const giveUp = (
  launched: Launched,
  outcome: Failure,
  { startTimeout, stopTimeout }: Limits,
): TE.TaskEither<ServiceError, never> => {
  switch (outcome._tag) {
    case 'Exited':
      return TE.left(
        outcome.exit.isPortTaken
          ? agentFailed(500, { why: `another process took its port ${attempts} times` })
          : agentFailed(500, toHint(`the agent ${outcome.exit.how} before it responded to /ping`, launched)),
      )
    case 'Late':
      return endWith(
        launched.stop(Math.min(stopTimeout, 1000)),
        notReady(toHint(`the agent did not respond to /ping within ${startTimeout} ms`, launched)),
      )
    case 'Cancelled':
      return endWith(
        launched.stop(stopTimeout),
        agentFailed(500, toHint('the runtime shut down during the start', launched)),
      )
  }
}

const endWith = (ended: T.Task<void>, error: ServiceError): TE.TaskEither<ServiceError, never> =>
  pipe(
    ended,
    T.map(() => E.left(error)),
  )

/** Waits for the first response, the agent's exit, the timeout or the signal, whichever comes first. */
const waitForFirst = (launched: Launched, open: Connections, limit: number, signal: AbortSignal): Promise<Outcome> =>
  new Promise((resolve) => {
    const began = performance.now()
    let next: NodeJS.Timeout | undefined
    let isOver = false
    const finish = (outcome: Outcome): void => {
      if (isOver) return
      isOver = true
      clearTimeout(next)
      clearTimeout(late)
      signal.removeEventListener('abort', onAbort)
      resolve(outcome)
    }
    const onAbort = (): void => finish({ _tag: 'Cancelled' })
    const late = limit > 0 ? setTimeout(() => finish({ _tag: 'Late' }), limit) : undefined
    const look = async (): Promise<void> => {
      const report = await ping(open, pingTimeout)
      if (isOver) return
      if (O.isSome(report)) return finish({ _tag: 'Answered', report: report.value })
      next = setTimeout(() => void look(), pauseAfter(performance.now() - began))
    }
    signal.addEventListener('abort', onAbort, { once: true })
    void launched.exited().then((exit) => finish({ _tag: 'Exited', exit }))
    if (signal.aborted) onAbort()
    else void look()
  })
