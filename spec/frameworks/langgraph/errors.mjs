/** What LangGraph and LangChain really throw, and the failure that each is. */
import { AIMessage } from '@langchain/core/messages'
import { ContextOverflowError } from '@langchain/core/errors'
import { fakeModel } from '@langchain/core/testing'
import { tool } from '@langchain/core/tools'
import { createAgent } from 'langchain'
import { AgentError } from 'agentcore-fp'

const tagOf = async (f) => {
  try {
    await f()
    return 'none'
  } catch (thrown) {
    return AgentError.fromModel(thrown)._tag
  }
}

const again = tool(() => 'again', { name: 'again', description: '', schema: { type: 'object', properties: {} } })

const asking = (model, config) => createAgent({ model, tools: [again] }).invoke({ messages: 'hi' }, config)

const endless = () => {
  const calls = Array.from({ length: 20 }, (_, n) => [{ name: 'again', args: {}, id: `call-${n}` }])
  return asking(
    calls.reduce((model, call) => model.respondWithTools(call), fakeModel()),
    { recursionLimit: 5 },
  )
}

const limited = Object.assign(new Error('secret'), { status: 429, headers: { 'retry-after': '7' } })

const aborted = new AbortController()
aborted.abort()

const tags = {
  'too many steps': await tagOf(endless),
  aborted: await tagOf(() => asking(fakeModel().respond(new AIMessage('late')), { signal: aborted.signal })),
  throttled: await tagOf(() => asking(fakeModel().alwaysThrow(limited))),
  'too long': await tagOf(() => asking(fakeModel().alwaysThrow(new ContextOverflowError('secret')))),
}

process.stdout.write(JSON.stringify(tags), () => process.exit(0))
