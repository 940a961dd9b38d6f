/** Tells the log of header fields that were not sent as user code has set them. */
import { type AgentError, problem } from '../../core/AgentError'
import type { Log } from '../../core/Log'
import { carried } from './HeaderFields'

/** Logs an error for names of header fields that HTTP cannot carry as they were set; nothing if there is none. */
export const reportHeaders = (log: Log, names: ReadonlyArray<string>): void => {
  if (names.length === 0) return
  log.error('Response headers hold what HTTP cannot carry: they were encoded or dropped', { headers: names })()
}

/** The same for the header fields of a failure. */
export const reportFlaws = (log: Log, error: AgentError): void => {
  const { headers } = problem(error)
  if (headers !== undefined) reportHeaders(log, carried(headers).flaws)
}
