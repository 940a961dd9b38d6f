/** Log lines about the sessions of a runtime. */
import * as O from 'fp-ts/Option'
import type { IO } from 'fp-ts/IO'
import type { Log } from '../../core/Log'
import type { ServiceError } from '../service/ServiceError'
import type { Agent } from './AgentStart'
import type { Why } from './SessionLife'

/** Session events that are logged. */
export type SessionNews =
  | { readonly _tag: 'Ready' }
  | { readonly _tag: 'NotStarted'; readonly error: ServiceError }
  | { readonly _tag: 'Stopping'; readonly why: Why }
  | { readonly _tag: 'Exited'; readonly how: string }
  | { readonly _tag: 'Silent' }
  /**
   * The reported time of the status changes but the status does not: in the cloud, too, such a session never becomes
   * idle.
   */
  | { readonly _tag: 'NeverIdle' }

/** Logs a session event; `agent` is undefined until its first response. */
export const logNews =
  (log: Log) =>
  (session: string, agent: Agent | undefined, news: SessionNews): IO<void> => {
    switch (news._tag) {
      case 'Ready':
        return log.info(`Session ${session} is ready`, { session, port: agent?.launched.port })
      case 'NotStarted': {
        const hint = 'hint' in news.error ? news.error.hint : undefined
        return log.error(`Session ${session} failed to start: ${hint?.why ?? news.error._tag}`, {
          session,
          ...(hint?.log === undefined ? {} : { output: hint.log }),
        })
      }
      case 'Stopping':
        return log.info(`Session ${session} is stopped: ${reasons[news.why]}`, { session, why: news.why })
      case 'Exited': {
        const output = O.toUndefined(agent?.launched.log ?? O.none)
        return log.error(`The agent of session ${session} ${news.how}`, {
          session,
          ...(output === undefined ? {} : { output }),
        })
      }
      case 'Silent':
        return log.warn(`The agent of session ${session} does not respond to /ping`, { session })
      case 'NeverIdle':
        return log.warn(
          'time_of_last_update of /ping changes although the status does not; this session never becomes idle',
          { session },
        )
    }
  }

/** Why a session is stopped, as text. */
export const reasons: Readonly<Record<Why, string>> = {
  idle: 'it was idle for idleRuntimeSessionTimeout',
  maxLifetime: 'it reached maxLifetime',
  asked: 'a client stopped it',
  memory: 'its agent exceeded maxMemory',
  shutdown: 'the runtime is shutting down',
}
