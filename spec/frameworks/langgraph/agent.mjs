/** An agent on LangGraph and LangChain: a graph with a checkpointer and a tool, over LangChain's own fake model. */
import { fakeModel } from '@langchain/core/testing'
import { AIMessage, HumanMessage } from '@langchain/core/messages'
import { tool } from '@langchain/core/tools'
import { MemorySaver } from '@langchain/langgraph'
import { createAgent } from 'langchain'
import { createApp, entrypoint } from 'agentcore-fp/plain'

const shout = tool(({ text }) => text.toUpperCase(), {
  name: 'shout',
  description: 'Says it louder',
  schema: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] },
})

const model = () =>
  fakeModel()
    .respondWithTools([{ name: 'shout', args: { text: 'hi' }, id: 'call-1' }])
    .respond((messages) => new AIMessage(`Tool said ${messages.at(-1).content}`))

const checkpointer = new MemorySaver()

export const app = createApp(
  entrypoint(async ({ prompt, stream }, { sessionId, signal }) => {
    const agent = createAgent({ model: model(), tools: [shout], checkpointer })
    const input = { messages: [new HumanMessage(prompt)] }
    const config = { configurable: { thread_id: sessionId }, signal }
    if (!stream) return { answer: (await agent.invoke(input, config)).messages.at(-1).content }
    return tokens(await agent.stream(input, { ...config, streamMode: 'messages' }))
  }),
)

async function* tokens(chunks) {
  for await (const [chunk] of chunks)
    if (AIMessage.isInstance(chunk) && chunk.tool_calls.length === 0) yield chunk.content
}
