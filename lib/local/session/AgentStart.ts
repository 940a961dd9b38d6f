/** From a session that has no agent to one whose agent answers `/ping`, or to the reason why not. */
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import { type Connections, connections } from './Connections'
import type { Exit, Launched, Launcher } from '../launch/Launcher'
import type { Limits } from '../service/ServiceLimits'
import { ping } from './AgentPing'
import { agentFailed, type Hint, notReady, type ServiceError } from '../service/ServiceError'
import type { Report } from './SessionLife'

/** An agent that answers. */
export interface Agent {
  readonly launched: Launched
  readonly connections: Connections
  /** What it said to the first ping. */
  readonly report: Report
}

/** How often an agent is started anew whose port someone else has taken meanwhile. */
const attempts = 3

/** How long a ping may take while the agent starts, in milliseconds. */
const pingTimeout = 2000

/** The wait before the next ping: a tenth of what the start has taken so far. */
const pauseAfter = (elapsed: number): number => Math.min(250, Math.max(4, elapsed / 10))

/** What to tell of a failure of an agent. */
export const toHint = (why: string, { log }: Launched): Hint => ({
  why,
  ...(O.isSome(log) ? { log: log.value } : {}),
})

type Outcome =
  | { readonly _tag: 'Answered'; readonly report: Report }
  | { readonly _tag: 'Exited'; readonly exit: Exit }
  | { readonly _tag: 'Late' }
  | { readonly _tag: 'Cancelled' }

/** Waits for the first answer, the end of the agent, the limit or the signal, whichever is first. */
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

const startOnce = async (
  launcher: Launcher,
  session: string,
  { startTimeout, stopTimeout }: Limits,
  signal: AbortSignal,
): Promise<E.Either<ServiceError | 'again', Agent>> => {
  const tried = await launcher.start(session)()
  if (E.isLeft(tried)) return E.left(agentFailed(500, { why: tried.left.message }))
  const launched = tried.right
  const open = connections(launched)
  const outcome = await waitForFirst(launched, open, startTimeout, signal)
  if (outcome._tag === 'Answered') return E.right({ launched, connections: open, report: outcome.report })
  open.close()
  switch (outcome._tag) {
    case 'Exited': {
      if (outcome.exit.isPortTaken) return E.left('again')
      return E.left(agentFailed(500, toHint(`the agent ${outcome.exit.how} before it answered /ping`, launched)))
    }
    case 'Late':
      await launched.stop(Math.min(stopTimeout, 1000))()
      return E.left(notReady(toHint(`the agent did not answer /ping within ${startTimeout} ms`, launched)))
    case 'Cancelled':
      await launched.stop(stopTimeout)()
      return E.left(agentFailed(500, toHint('the runtime was stopped meanwhile', launched)))
  }
}

/** Starts the agent of a session. */
export const startAgent = async (
  launcher: Launcher,
  session: string,
  limits: Limits,
  signal: AbortSignal,
): Promise<E.Either<ServiceError, Agent>> => {
  for (let i = 0; i < attempts; i++) {
    const started = await startOnce(launcher, session, limits, signal)
    if (E.isRight(started)) return started
    if (started.left !== 'again') return E.left(started.left)
  }
  return E.left(agentFailed(500, { why: `its port was taken by another process ${attempts} times` }))
}
