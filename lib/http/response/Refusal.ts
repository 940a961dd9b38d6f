/**
 * Deliberate refusals as responses with status 200: AgentCore passes the body of a success to its callers, and replaces
 * everything else by a fixed text.
 */
import type { AgentError } from '../../core/AgentError'
import { refusalType } from '../../core/Protocol'
import type { Settings } from '../state/Options'
import type { Answer } from './WireResponse'

/** Whether refusals of a request are sent with status 200. `accept` is its `Accept`. */
export const isEnveloped = ({ refusals }: Pick<Settings, 'refusals'>, accept: string | undefined): boolean =>
  refusals === 'body' || (refusals === 'auto' && accept?.includes(refusalType) === true)

/** Whether an agent refuses on purpose, or because of the request: what is thrown remains a failure of the agent. */
const isDeliberate = (error: AgentError, status: number): boolean =>
  error._tag === 'Rejected' || (status < 500 && error._tag !== 'Cancelled')

/** The response for a failure; one for a deliberate refusal has status 200, and its own status in the body. */
export const enveloped = (error: AgentError, answer: Answer): Answer => {
  const { status, headers, content } = answer
  if (content._tag !== 'Text' || !isDeliberate(error, status)) return answer
  return {
    status: 200,
    headers: { ...headers, 'content-type': refusalType },
    content: { _tag: 'Text', text: `{"status":${status},${content.text.slice(1)}` },
  }
}
