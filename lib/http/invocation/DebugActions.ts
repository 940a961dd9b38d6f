/** The debug actions of the Python SDK, `{"_agent_core_app_action": …}`, available only with `debug`. */
import * as E from 'fp-ts/Either'
import { type AgentError, unknownAction } from '../../core/AgentError'
import { toPing } from '../../core/Health'
import * as Tasks from '../../core/Tasks'
import type { Runtime } from '../request/Runtime'

const key = '_agent_core_app_action'

const actions: Readonly<Record<string, (runtime: Runtime) => unknown>> = {
  ping_status: async ({ health }) => toPing(await health.current()),
  job_status: ({ taskCell, settings }) => {
    const running = taskCell.list().filter(({ outcome }) => outcome._tag === 'Running')
    const seconds = (task: Tasks.Task): number => Tasks.duration(settings.clock.now())(task) / 1000
    return {
      active_count: running.length,
      running_jobs: running.map((task) => ({ name: task.name, duration: seconds(task) })),
    }
  },
  force_healthy: ({ health }) => {
    health.forceHealthy()
    return { forced_status: 'Healthy' }
  },
  force_busy: ({ health }) => {
    health.forceBusy()
    return { forced_status: 'HealthyBusy' }
  },
  clear_forced_status: ({ health }) => {
    health.clearForced()
    return { forced_status: 'Cleared' }
  },
}

/** The result of a payload's debug action; undefined if the payload is not one. Left `UnknownAction`. */
export const runAction = (runtime: Runtime, payload: unknown): Promise<E.Either<AgentError, unknown>> | undefined => {
  if (typeof payload !== 'object' || payload === null || !(key in payload)) return undefined
  const asked = payload[key]
  const name = typeof asked === 'string' ? asked : JSON.stringify(asked)
  const action = Object.hasOwn(actions, name) ? actions[name] : undefined
  if (action === undefined) return Promise.resolve(E.left(unknownAction(name)))
  return Promise.resolve(action(runtime)).then(E.right)
}
