/** A model of Amazon Bedrock, by the Converse API: `npm install @aws-sdk/client-bedrock-runtime`. */
import {
  BedrockRuntimeClient,
  type ContentBlock,
  ConverseStreamCommand,
  type Message as BedrockMessage,
  type Tool as BedrockTool,
} from '@aws-sdk/client-bedrock-runtime'
import { type Message, type Model, parseInput, type Tool } from './model'

/** The client takes region and credentials from the environment, as every client of the AWS SDK does. */
export const bedrock = (modelId: string, client = new BedrockRuntimeClient()): Model =>
  async function* ({ system, messages, tools, signal }) {
    const command = new ConverseStreamCommand({
      modelId,
      system: [{ text: system }],
      messages: messages.map(toMessage),
      ...(tools.length === 0 ? {} : { toolConfig: { tools: tools.map(toTool) } }),
    })
    const { stream = [] } = await client.send(command, { abortSignal: signal })
    let call: { readonly id: string; readonly name: string; readonly json: string } | undefined
    for await (const { contentBlockStart, contentBlockDelta, contentBlockStop } of stream) {
      const { toolUse } = contentBlockStart?.start ?? {}
      if (toolUse !== undefined) call = { id: toolUse.toolUseId ?? '', name: toolUse.name ?? '', json: '' }
      const { text, toolUse: more } = contentBlockDelta?.delta ?? {}
      if (text !== undefined) yield text
      if (call !== undefined && more !== undefined) call = { ...call, json: call.json + (more.input ?? '') }
      if (call !== undefined && contentBlockStop !== undefined) {
        yield { id: call.id, name: call.name, input: parseInput(call.json) }
        call = undefined
      }
    }
  }

type Json = NonNullable<NonNullable<ContentBlock.ToolUseMember['toolUse']>['input']>

const toMessage = (message: Message): BedrockMessage => {
  if (message.role === 'user') return { role: 'user', content: [{ text: message.text }] }
  if (message.role === 'tool') {
    const content = message.results.map(({ id, output }): ContentBlock => ({
      toolResult: { toolUseId: id, content: [{ text: output }] },
    }))
    return { role: 'user', content }
  }
  const calls = message.calls.map(
    // The model sent this input as JSON.
    ({ id, name, input }): ContentBlock => ({ toolUse: { toolUseId: id, name, input: input as Json } }),
  )
  return { role: 'assistant', content: [...(message.text === '' ? [] : [{ text: message.text }]), ...calls] }
}

const toTool = ({ name, description, schema }: Tool): BedrockTool => ({
  toolSpec: { name, description, inputSchema: { json: schema as Json } }, // a JSON Schema is JSON
})
