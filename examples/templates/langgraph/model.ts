/** The model: a scripted one that needs no network. Replace it by ChatBedrockConverse of @langchain/aws, for example. */
import { setTimeout } from 'node:timers/promises'
import type { CallbackManagerForLLMRun } from '@langchain/core/callbacks/manager'
import { BaseChatModel } from '@langchain/core/language_models/chat_models'
import { AIMessageChunk, type BaseMessage, HumanMessage, ToolMessage } from '@langchain/core/messages'
import { ChatGenerationChunk, type ChatResult } from '@langchain/core/outputs'

const say = (text: string): ChatGenerationChunk =>
  new ChatGenerationChunk({ text, message: new AIMessageChunk({ content: text }) })

/**
 * Calls the tool `clock` when the user mentions the time, and else repeats what the user said. The prompts "fail" and
 * "wait" make it fail and wait.
 */
export class ScriptedModel extends BaseChatModel {
  constructor() {
    super({})
  }

  override _llmType(): string {
    return 'scripted'
  }

  override bindTools(): this {
    return this
  }

  override async _generate(messages: Array<BaseMessage>, options: this['ParsedCallOptions']): Promise<ChatResult> {
    let answer = say('')
    for await (const chunk of this._streamResponseChunks(messages, options)) answer = answer.concat(chunk)
    return { generations: [answer] }
  }

  override async *_streamResponseChunks(
    messages: Array<BaseMessage>,
    options: this['ParsedCallOptions'],
    run?: CallbackManagerForLLMRun,
  ): AsyncGenerator<ChatGenerationChunk> {
    for await (const chunk of this.answer(messages, options.signal)) {
      yield chunk
      await run?.handleLLMNewToken(chunk.text, undefined, undefined, undefined, undefined, { chunk })
    }
  }

  async *answer(messages: ReadonlyArray<BaseMessage>, signal?: AbortSignal): AsyncGenerator<ChatGenerationChunk> {
    const last = messages.at(-1)
    const text = HumanMessage.isInstance(last) ? last.text : ''
    const turn = messages.filter((message) => HumanMessage.isInstance(message)).length
    if (text === 'fail') throw new Error('The scripted model has failed')
    if (/\btime\b/i.test(text)) {
      const call = { name: 'clock', args: '{"zone":"UTC"}', id: `call-${messages.length}`, index: 0 }
      yield new ChatGenerationChunk({
        text: '',
        message: new AIMessageChunk({ content: '', tool_call_chunks: [{ type: 'tool_call_chunk', ...call }] }),
      })
      return
    }
    if (text === 'wait') {
      yield say('Wait ')
      await setTimeout(60_000, undefined, { signal })
    }
    const said = ToolMessage.isInstance(last) ? 'Here is the time' : `You said: ${text}`
    yield* `${said} (turn ${turn})`.split(/(?<= )/).map(say)
  }
}
