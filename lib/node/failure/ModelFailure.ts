/**
 * Failures of models and agent frameworks, at the time of this machine: `Retry-After` may be a date.
 *
 * @since 0.2.0
 */
import type { AgentError } from '../../core/AgentError'
import { fromModelAt } from '../../core/ModelError'
import { systemClock } from '../Clock'

/**
 * Converts what a model or an agent framework threw: an abort is `Interrupted`, a timeout `DeadlineExceeded`, a provider
 * that limits the rate or is overloaded `ModelThrottled` with its `Retry-After` in seconds, a conversation that is too long
 * `ContextTooLong`, a limit of steps or tokens `BudgetExceeded`, a second call of a busy agent a rejection with 409, and any
 * other failure of the provider `ModelFailed`. The status of the provider never becomes that of the response. Anything else
 * is converted as by `fromUnknown`. Knows the errors of the AI SDK, the AWS SDK, OpenAI, Anthropic, LangChain, LangGraph,
 * Strands, the OpenAI Agents SDK and Mastra, also inside others as `cause`. Never throws, whatever the value.
 *
 * @example
 * ```ts
 * import { AgentError, entrypoint } from 'agentcore-fp'
 * import { TE } from 'agentcore-fp/fp'
 *
 * declare const ask: (prompt: unknown) => Promise<string>
 *
 * export const agent = entrypoint((prompt) => TE.tryCatch(() => ask(prompt), AgentError.fromModel))
 * ```
 */
export const fromModel = (thrown: unknown): AgentError => fromModelAt(systemClock.now())(thrown)
