/** The model: a scripted one that needs no network. Replace it by ChatBedrockConverse of @langchain/aws, for example. */
import type { BaseChatModel } from '@langchain/core/language_models/chat_models'
import { AIMessage, type BaseMessage, HumanMessage, ToolMessage } from '@langchain/core/messages'
import { fakeModel } from '@langchain/core/testing'

const next = (messages: ReadonlyArray<BaseMessage>): AIMessage => {
  const last = messages.at(-1)
  const turn = messages.filter((message) => HumanMessage.isInstance(message)).length
  if (last !== undefined && ToolMessage.isInstance(last)) return new AIMessage(`Here is the time (turn ${turn})`)
  const text = String(last?.content)
  if (text === 'fail') throw new Error('The scripted model has failed')
  return /\btime\b/i.test(text)
    ? new AIMessage({
        content: '',
        tool_calls: [{ name: 'clock', args: { zone: 'UTC' }, id: `call-${messages.length}` }],
      })
    : new AIMessage(`You said: ${text} (turn ${turn})`)
}

/** Asks for the tool `clock` when the user mentions the time, and else repeats what the user said. Fails when told to. */
export const scriptedModel = (): BaseChatModel => {
  const model = fakeModel()
  for (let calls = 0; calls < 20; calls += 1) model.respond(next)
  return model
}
