/** The model: Amazon Bedrock when MODEL names one, else a scripted one that needs no network. */
import { BedrockModel, type Message, Model, type ModelStreamEvent } from '@strands-agents/sdk'

/** Asks for the tool `clock` when the user mentions the time, and else repeats what the user said. Fails when told to. */
export class ScriptedModel extends Model {
  override updateConfig(): void {}

  override getConfig(): { modelId: string } {
    return { modelId: 'scripted' }
  }

  override async *stream(messages: Array<Message>): AsyncIterable<ModelStreamEvent> {
    const last = messages.at(-1)?.content[0]
    const turn = messages.filter(({ role, content }) => role === 'user' && content[0]?.type === 'textBlock').length
    if (last?.type === 'textBlock' && last.text === 'fail') throw new Error('The scripted model has failed')
    yield { type: 'modelMessageStartEvent', role: 'assistant' }
    if (last?.type === 'textBlock' && /\btime\b/i.test(last.text)) {
      const start = { type: 'toolUseStart', name: 'clock', toolUseId: `call-${messages.length}` } as const
      yield { type: 'modelContentBlockStartEvent', start }
      yield { type: 'modelContentBlockDeltaEvent', delta: { type: 'toolUseInputDelta', input: '{"zone":"UTC"}' } }
      yield { type: 'modelContentBlockStopEvent' }
      yield { type: 'modelMessageStopEvent', stopReason: 'toolUse' }
      return
    }
    yield { type: 'modelContentBlockStartEvent' }
    const said =
      last?.type === 'toolResultBlock' ? 'Here is the time' : `You said: ${last?.type === 'textBlock' ? last.text : ''}`
    for (const text of `${said} (turn ${turn})`.split(/(?<= )/)) {
      yield { type: 'modelContentBlockDeltaEvent', delta: { type: 'textDelta', text } }
    }
    yield { type: 'modelContentBlockStopEvent' }
    yield { type: 'modelMessageStopEvent', stopReason: 'endTurn' }
  }
}

export const chooseModel = ({ MODEL: modelId }: NodeJS.ProcessEnv): Model =>
  modelId === undefined ? new ScriptedModel() : new BedrockModel({ modelId })
