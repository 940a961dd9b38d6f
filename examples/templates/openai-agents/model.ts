/** The model: one of OpenAI when OPENAI_API_KEY is set, else a scripted one that needs no network. */
import type { Model, ModelRequest } from '@openai/agents'
import { assistantMessage, functionCall, modelResponder, ScriptedModel } from '@openai/agents-core/testing'

const next = ({ request: { input } }: { readonly request: ModelRequest }) => {
  const items = typeof input === 'string' ? [] : input
  const said = items.flatMap((item) => ('role' in item && item.role === 'user' ? [item] : []))
  const text = typeof input === 'string' ? input : JSON.stringify(said.at(-1)?.content ?? '')
  if (items.at(-1)?.type === 'function_call_result') return [assistantMessage(`Here is the time (turn ${said.length})`)]
  if (/\bfail\b/.test(text)) throw new Error('The scripted model has failed')
  return /\btime\b/i.test(text)
    ? [functionCall('clock', { zone: 'UTC' }, { callId: `call-${items.length}` })]
    : [assistantMessage(`You said: ${text.replaceAll('"', '')} (turn ${said.length})`)]
}

/** Asks for the tool `clock` when the user mentions the time, and else repeats what the user said. Fails when told to. */
export const scriptedModel = (): Model => new ScriptedModel(Array.from({ length: 20 }, () => modelResponder(next)))

/** The name of a model, or a scripted one. */
export const chooseModel = ({ OPENAI_API_KEY: key, MODEL: name = 'gpt-5-mini' }: NodeJS.ProcessEnv) =>
  key === undefined ? scriptedModel : () => name
