/** Logs headers of user code that could not be sent unchanged. */
import type { AgentError } from '../../core/AgentError'
import { problem } from '../../core/Problem'
import type { Log } from '../../core/Log'
import { carried } from './HeaderFields'

/** Logs an error for headers that HTTP does not allow; nothing if there are none. */
export const reportHeaders = (log: Log, names: ReadonlyArray<string>): void => {
  if (names.length === 0) return
  log.error('Response headers are invalid in HTTP: they were encoded or dropped', { headers: names })()
}

/** The same for the headers of a failure. */
export const reportFlaws = (log: Log, error: AgentError): void => {
  const { headers } = problem(error)
  if (headers !== undefined) reportHeaders(log, carried(headers).flaws)
}
