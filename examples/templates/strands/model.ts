/** The model: Amazon Bedrock when MODEL names one, else a scripted one that needs no network. */
import { setTimeout } from 'node:timers/promises'
import { BedrockModel, type Message, Model, type ModelStreamEvent, type StreamOptions } from '@strands-agents/sdk'

const say = (text: string): ModelStreamEvent => ({
  type: 'modelContentBlockDeltaEvent',
  delta: { type: 'textDelta', text },
})

/**
 * Calls the tool `clock` when the user mentions the time, and else repeats what the user said. The prompts "fail" and
 * "wait" make it fail and wait.
 */
export class ScriptedModel extends Model {
  override updateConfig(): void {}

  override getConfig(): { modelId: string } {
    return { modelId: 'scripted' }
  }

  override async *stream(messages: Array<Message>, options?: StreamOptions): AsyncIterable<ModelStreamEvent> {
    const last = messages.at(-1)?.content[0]
    const text = last?.type === 'textBlock' ? last.text : ''
    const turn = messages.filter(({ role, content }) => role === 'user' && content[0]?.type === 'textBlock').length
    if (text === 'fail') throw new Error('The scripted model has failed')
    yield { type: 'modelMessageStartEvent', role: 'assistant' }
    if (/\btime\b/i.test(text)) {
      const start = { type: 'toolUseStart', name: 'clock', toolUseId: `call-${messages.length}` } as const
      yield { type: 'modelContentBlockStartEvent', start }
      yield { type: 'modelContentBlockDeltaEvent', delta: { type: 'toolUseInputDelta', input: '{"zone":"UTC"}' } }
      yield { type: 'modelContentBlockStopEvent' }
      yield { type: 'modelMessageStopEvent', stopReason: 'toolUse' }
      return
    }
    yield { type: 'modelContentBlockStartEvent' }
    if (text === 'wait') {
      yield say('Wait ')
      await setTimeout(60_000, undefined, { signal: options?.cancelSignal })
    }
    const said = last?.type === 'toolResultBlock' ? 'Here is the time' : `You said: ${text}`
    yield* `${said} (turn ${turn})`.split(/(?<= )/).map(say)
    yield { type: 'modelContentBlockStopEvent' }
    yield { type: 'modelMessageStopEvent', stopReason: 'endTurn' }
  }
}

export const chooseModel = ({ MODEL: modelId }: NodeJS.ProcessEnv): Model =>
  modelId === undefined ? new ScriptedModel() : new BedrockModel({ modelId })
