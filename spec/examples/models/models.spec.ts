import { BedrockRuntimeClient } from '@aws-sdk/client-bedrock-runtime'
import { z } from 'zod'
import { bedrock } from '../../../examples/models/bedrock'
import { chooseModel } from '../../../examples/models/choose'
import { type Message, type Model, runTool, tool, type ToolCall } from '../../../examples/models/model'
import { openai } from '../../../examples/models/openai'
import { scripted } from '../../../examples/models/scripted'
import { bedrockStandIn, openAiStandIn, type StandIn } from './standIns'

const double = tool({
  name: 'double',
  description: 'Twice a number',
  input: z.object({ n: z.number() }),
  run: ({ n }) => 2 * n,
})

/** All that a model says to a conversation. */
const said = async (
  model: Model,
  messages: ReadonlyArray<Message>,
  signal = new AbortController().signal,
): Promise<ReadonlyArray<string | ToolCall>> => {
  const pieces: Array<string | ToolCall> = []
  for await (const piece of model({ system: 'Be brief', messages, tools: [double], signal })) pieces.push(piece)
  return pieces
}

const using = async (standIn: Promise<StandIn>, use: (standIn: StandIn) => Promise<void>): Promise<void> => {
  const started = await standIn
  try {
    await use(started)
  } finally {
    started.close()
  }
}

const question: Message = { role: 'user', text: 'Twice 21 and twice 4?' }

const calls: ReadonlyArray<ToolCall> = [
  { id: 'c-1', name: 'double', input: { n: 21 } },
  { id: 'c-2', name: 'double', input: { n: 4 } },
]

const conversation: ReadonlyArray<Message> = [
  question,
  { role: 'assistant', text: 'Let me see. ', calls: [...calls] },
  { role: 'tool', results: [{ id: 'c-1', output: '42' }, { id: 'c-2', output: '8' }] }, // prettier-ignore
]

describe('a model of Bedrock', () => {
  const client = (url: string): BedrockRuntimeClient =>
    new BedrockRuntimeClient({
      endpoint: url,
      region: 'us-west-2',
      credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'not-a-secret' },
      maxAttempts: 1,
    })

  const asking = async (url: string, messages: ReadonlyArray<Message>): Promise<ReadonlyArray<string | ToolCall>> => {
    const made = client(url)
    try {
      return await said(bedrock('some.model-v1:0', made), messages)
    } finally {
      made.destroy()
    }
  }

  it('gives text and tool calls of its event stream', () =>
    using(
      bedrockStandIn([
        ['messageStart', { role: 'assistant' }],
        ['contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'Let me ' } }],
        ['contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'see. ' } }],
        ['contentBlockStop', { contentBlockIndex: 0 }],
        ['contentBlockStart', { contentBlockIndex: 1, start: { toolUse: { toolUseId: 'c-1', name: 'double' } } }],
        ['contentBlockDelta', { contentBlockIndex: 1, delta: { toolUse: { input: '{"n":' } } }],
        ['contentBlockDelta', { contentBlockIndex: 1, delta: { toolUse: { input: '21}' } } }],
        ['contentBlockStop', { contentBlockIndex: 1 }],
        ['contentBlockStart', { contentBlockIndex: 2, start: { toolUse: { toolUseId: 'c-2', name: 'double' } } }],
        ['contentBlockDelta', { contentBlockIndex: 2, delta: { toolUse: { input: '{"n":4}' } } }],
        ['contentBlockStop', { contentBlockIndex: 2 }],
        ['messageStop', { stopReason: 'tool_use' }],
      ]),
      async ({ url, asked }) => {
        expect(await asking(url, [question])).toEqual(['Let me ', 'see. ', ...calls])
        expect(asked[0]?.path).toBe('/model/some.model-v1%3A0/converse-stream')
        expect(asked[0]?.body).toEqual({
          system: [{ text: 'Be brief' }],
          messages: [{ role: 'user', content: [{ text: question.text }] }],
          toolConfig: {
            tools: [
              {
                toolSpec: {
                  name: 'double',
                  description: 'Twice a number',
                  inputSchema: { json: expect.objectContaining({ properties: { n: { type: 'number' } } }) },
                },
              },
            ],
          },
        })
      },
    ))

  it('calls a tool without parameters with an empty object', () =>
    using(
      bedrockStandIn([
        ['contentBlockStart', { contentBlockIndex: 0, start: { toolUse: { toolUseId: 'c-1', name: 'now' } } }],
        ['contentBlockStop', { contentBlockIndex: 0 }],
      ]),
      async ({ url }) => {
        expect(await asking(url, [question])).toEqual([{ id: 'c-1', name: 'now', input: {} }])
      },
    ))

  it('is told the results of tools in one message of the user', () =>
    using(
      bedrockStandIn([['contentBlockDelta', { contentBlockIndex: 0, delta: { text: '42 and 8' } }]]),
      async ({ url, asked }) => {
        expect(await asking(url, conversation)).toEqual(['42 and 8'])
        expect(asked[0]?.body).toMatchObject({
          messages: [
            { role: 'user' },
            {
              role: 'assistant',
              content: [
                { text: 'Let me see. ' },
                { toolUse: { toolUseId: 'c-1', name: 'double', input: { n: 21 } } },
                { toolUse: { toolUseId: 'c-2', name: 'double', input: { n: 4 } } },
              ],
            },
            {
              role: 'user',
              content: [
                { toolResult: { toolUseId: 'c-1', content: [{ text: '42' }] } },
                { toolResult: { toolUseId: 'c-2', content: [{ text: '8' }] } },
              ],
            },
          ],
        })
      },
    ))

  it('throws what breaks its stream', () =>
    using(
      bedrockStandIn([
        ['contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'Let ' } }],
        ['throttlingException', { message: 'Slow down' }],
      ]),
      async ({ url }) => {
        await expect(asking(url, [question])).rejects.toMatchObject({
          name: 'ThrottlingException',
          message: 'Slow down',
        })
      },
    ))
})

describe('a model behind an OpenAI-style endpoint', () => {
  const chunk = (delta: object): object => ({ choices: [{ index: 0, delta }] })

  it('gives text and tool calls of its stream, wherever it is cut', () =>
    using(
      openAiStandIn([
        chunk({ role: 'assistant', content: '' }),
        chunk({ content: 'Let me ' }),
        chunk({ content: 'see. ' }),
        chunk({ tool_calls: [{ index: 0, id: 'c-1', function: { name: 'double', arguments: '' } }] }),
        chunk({ tool_calls: [{ index: 0, function: { arguments: '{"n":' } }] }),
        chunk({ tool_calls: [{ index: 1, id: 'c-2', function: { name: 'double', arguments: '{"n":4}' } }] }),
        chunk({ tool_calls: [{ index: 0, function: { arguments: '21}' } }] }),
        chunk({}),
        { choices: [], usage: { total_tokens: 7 } },
      ]),
      async ({ url, asked }) => {
        const model = openai({ model: 'small', baseUrl: `${url}/v1`, apiKey: 'a-key' })
        expect(await said(model, [question])).toEqual(['Let me ', 'see. ', ...calls])
        expect(asked[0]).toMatchObject({
          path: '/v1/chat/completions',
          headers: { authorization: 'Bearer a-key' },
          body: {
            model: 'small',
            stream: true,
            messages: [
              { role: 'system', content: 'Be brief' },
              { role: 'user', content: question.text },
            ],
            tools: [{ type: 'function', function: { name: 'double', parameters: { type: 'object' } } }],
          },
        })
      },
    ))

  it('is told each result of a tool in a message of its own', () =>
    using(openAiStandIn([chunk({ content: '42 and 8' })]), async ({ url, asked }) => {
      expect(await said(openai({ model: 'small', baseUrl: url }), conversation)).toEqual(['42 and 8'])
      expect(asked[0]?.headers.authorization).toBeUndefined()
      expect(asked[0]?.body).toMatchObject({
        messages: [
          { role: 'system' },
          { role: 'user' },
          {
            role: 'assistant',
            content: 'Let me see. ',
            tool_calls: [
              { id: 'c-1', type: 'function', function: { name: 'double', arguments: '{"n":21}' } },
              { id: 'c-2', type: 'function', function: { name: 'double', arguments: '{"n":4}' } },
            ],
          },
          { role: 'tool', tool_call_id: 'c-1', content: '42' },
          { role: 'tool', tool_call_id: 'c-2', content: '8' },
        ],
      })
    }))

  it('throws the status and the text of a failure', () =>
    using(openAiStandIn(429), async ({ url }) => {
      await expect(said(openai({ model: 'small', baseUrl: url }), [question])).rejects.toThrow(
        'The model responded with 429: {"error":"too many requests"}',
      )
    }))

  it('is asked no more once the caller has left', () =>
    using(openAiStandIn([chunk({ content: 'x' })]), async ({ url, asked }) => {
      await expect(
        said(openai({ model: 'small', baseUrl: url }), [question], AbortSignal.abort()),
      ).rejects.toMatchObject({
        name: 'AbortError',
      })
      expect(asked).toEqual([])
    }))
})

describe('the choice of a model', () => {
  it('is the script unless MODEL says otherwise', () => {
    expect([{}, { MODEL: '' }, { MODEL: 'scripted' }, { OPENAI_API_KEY: 'a-key' }].map(chooseModel)).toEqual(
      Array(4).fill(scripted),
    )
  })

  it('finds an OpenAI-style endpoint by the environment', () =>
    using(openAiStandIn([{ choices: [{ delta: { content: 'Hi' } }] }]), async ({ url, asked }) => {
      const env = { MODEL: 'openai:llama3.2:3b', OPENAI_BASE_URL: `${url}/`, OPENAI_API_KEY: 'k' }
      expect(await said(chooseModel(env), [question])).toEqual(['Hi'])
      expect(asked[0]).toMatchObject({ path: '/chat/completions', body: { model: 'llama3.2:3b' } })
    }))

  it.each(['gpt', 'openai:', 'bedrock'])('rejects %s, and says what it may be', (MODEL) => {
    expect(() => chooseModel({ MODEL })).toThrow(
      `MODEL is ${MODEL}: set it to bedrock:<model id>, openai:<model> or scripted`,
    )
  })
})

describe('a tool', () => {
  const call = (name: string, input: unknown): Promise<unknown> => runTool([double], { id: 'c', name, input })

  it('gives its result as JSON', async () => {
    expect(await call('double', { n: 21 })).toEqual({ id: 'c', output: '42' })
  })

  it.each([
    ['an unknown name', 'triple', { n: 1 }, 'There is no tool triple'],
    ['an input that does not fit', 'double', { n: 'one' }, 'expected number'],
  ])('tells the model of %s', async (_, name, input, message) => {
    expect(await call(name, input)).toEqual({ id: 'c', output: expect.stringContaining(message) })
  })
})
