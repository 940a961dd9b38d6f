/** Agents of Strands as handlers, by a stand-in with their structure; spec/frameworks has real ones. */
import { AgentError, createApp, entrypoint as functional, Handler } from '../../lib'
import { entrypoint, uiMessages } from '../../lib/plain'
import { type StrandsEvent, strands, toText, toUiMessages } from '../../lib/strands'

type Script = (input: unknown, history: ReadonlyArray<unknown>) => AsyncIterable<StrandsEvent>

const update = (event: object): StrandsEvent => ({ type: 'modelStreamUpdateEvent', ...{ event } })

const delta = (fields: object): StrandsEvent => update({ type: 'modelContentBlockDeltaEvent', delta: fields })

const text = (words: string): StrandsEvent => delta({ type: 'textDelta', text: words })

const events = async function* (...given: ReadonlyArray<StrandsEvent>): AsyncGenerator<StrandsEvent> {
  for (const event of given) yield await Promise.resolve(event)
}

/** An agent that keeps what it is given, as Strands keeps messages. */
const agentOf = (script: Script) => {
  let history: ReadonlyArray<unknown> = []
  return {
    stream: async function* (input: unknown): AsyncGenerator<StrandsEvent> {
      history = [...history, input]
      yield* script(input, history)
    },
    takeSnapshot: (options: { readonly exclude: ReadonlyArray<string> }) => ({ history, ...options }),
    loadSnapshot: (snapshot: { readonly history: ReadonlyArray<unknown> }) => {
      history = snapshot.history
    },
  }
}

const echo: Script = (_, history) => events(text(`turn ${history.length}`), { type: 'afterInvocationEvent' })

const session = (name: string): Readonly<Record<string, string>> => ({
  'x-amzn-bedrock-agentcore-runtime-session-id': name.padEnd(33, '-'),
})

const talk = (agent: Parameters<typeof createApp>[0]) => {
  const app = createApp(agent, { log: { level: 'silent' } })
  return async (payload: unknown, name = 'a'): Promise<string> => {
    const init = { method: 'POST', body: JSON.stringify(payload), headers: session(name) }
    return (await app.inject('/invocations', init)).text()
  }
}

describe('strands', () => {
  it.each([
    ['plain', entrypoint(strands(() => agentOf(echo)))],
    ['functional', functional(Handler.fromGenerator(strands(() => agentOf(echo))))],
  ])('streams text, and keeps the conversation by session, in the %s dialect', async (_, agent) => {
    const say = talk(agent)
    expect(await say({ prompt: 'x' })).toBe('data: "turn 1"\n\n')
    expect(await say({ prompt: 'x' })).toBe('data: "turn 2"\n\n')
    expect(await say({ prompt: 'x' }, 'b')).toBe('data: "turn 1"\n\n')
  })

  it('forgets a turn that failed, and tells of it as of any failure of a model', async () => {
    const throttled = Object.assign(new Error('secret'), { name: 'ModelThrottledError' })
    const script: Script = (input, history) =>
      input === 'fail'
        ? (async function* () {
            yield text('half')
            throw await Promise.resolve(throttled)
          })()
        : echo(input, history)
    const say = talk(entrypoint(strands(() => agentOf(script))))
    expect(await say({ prompt: 'x' })).toBe('data: "turn 1"\n\n')
    expect(await say({ prompt: 'fail' })).toMatch(/^data: "half"\n\nevent: error\ndata: .*"MODEL_THROTTLED"/)
    expect(await say({ prompt: 'x' })).toBe('data: "turn 2"\n\n')
  })

  it('lets the turns of a session wait for each other', async () => {
    let open: () => void = () => undefined
    const opened = new Promise<void>((resolve) => {
      open = resolve
    })
    const script: Script = async function* (input, history) {
      if (input === 'slow') await opened
      yield text(`turn ${history.length}`)
    }
    const say = talk(entrypoint(strands(() => agentOf(script))))
    const turns = [say({ prompt: 'slow' }), say({ prompt: 'x' }), say({ prompt: 'x' }, 'b').finally(() => open())]
    expect((await Promise.all(turns)).map((turn) => /\d/.exec(turn)?.[0])).toEqual(['1', '2', '1'])
  })

  it('refuses an agent that it has had before', async () => {
    const one = agentOf(echo)
    const say = talk(entrypoint(strands(() => one)))
    expect(await say({ prompt: 'x' })).toBe('data: "turn 1"\n\n')
    expect(await say({ prompt: 'x' })).toMatch(/INTERNAL_ERROR/)
  })

  it.each<readonly [string, unknown, unknown]>([
    ['a prompt', { prompt: 'hi' }, 'hi'],
    ['blocks of content', { prompt: [{ text: 'hi' }] }, [{ text: 'hi' }]],
    [
      'responses to questions',
      { responses: [{ interruptId: '1', response: true }] },
      [{ interruptResponse: { interruptId: '1', response: true } }],
    ],
    [
      'the messages of a page',
      { messages: [{ parts: [{ type: 'text', text: 'old' }] }, { parts: [{ type: 'text', text: 'hi' }] }] },
      'hi',
    ],
  ])('gives the agent %s', async (_, payload, input) => {
    const script: Script = (given) => events(text(JSON.stringify(given)))
    expect(await talk(entrypoint(strands(() => agentOf(script))))(payload)).toBe(
      `data: ${JSON.stringify(JSON.stringify(input))}\n\n`,
    )
  })

  it.each([null, 'hi', {}, { prompt: 7 }, { messages: [] }, { messages: [{ parts: [{ type: 'file' }] }] }])(
    'refuses the payload %j',
    async (payload) => {
      expect(await talk(entrypoint(strands(() => agentOf(echo))))(payload)).toMatch(/INVALID_PAYLOAD/)
    },
  )

  it('takes an input and an output of your own, and what the context provides', async () => {
    const agent = entrypoint(
      strands((context) => agentOf((input) => events(text(`${context.sessionId.slice(0, 1)} ${String(input)}`))), {
        input: (payload) => `got ${JSON.stringify(payload)}`,
        output: async function* (given) {
          for await (const { type } of given) yield { type }
        },
      }),
    )
    expect(await talk(agent)(7)).toBe('data: {"type":"modelStreamUpdateEvent"}\n\n')
  })

  it('keeps no system prompt, which is that of the program', async () => {
    const excluded: Array<unknown> = []
    const make = () => {
      const agent = agentOf(echo)
      return {
        ...agent,
        takeSnapshot: (options: Parameters<typeof agent.takeSnapshot>[0]) => {
          excluded.push(options)
          return agent.takeSnapshot(options)
        },
      }
    }
    await talk(entrypoint(strands(make)))({ prompt: 'x' })
    expect(excluded).toEqual([{ preset: 'session', exclude: ['systemPrompt'] }])
  })
})

const question: StrandsEvent = {
  type: 'interruptEvent',
  ...{ interrupt: { id: '1', name: 'confirm', source: 'tool' } },
}

describe('toText', () => {
  it('is the text, and the questions to a person as events', async () => {
    const say = talk(
      entrypoint(() => toText(events(text('a'), delta({ type: 'reasoningContentDelta', text: 'b' }), question))),
    )
    expect(await say({})).toBe('data: "a"\n\nevent: interrupt\ndata: {"id":"1","name":"confirm"}\n\n')
  })
})

describe('toUiMessages', () => {
  const chunksOf = async (...given: ReadonlyArray<StrandsEvent>): Promise<ReadonlyArray<unknown>> => {
    const say = talk(entrypoint(uiMessages(() => toUiMessages(events(...given)))))
    return (await say({}))
      .split('\n\n')
      .flatMap((frame) => (frame.startsWith('data: {') ? [JSON.parse(frame.slice(6))] : []))
  }

  const start = (fields?: object): StrandsEvent => update({ type: 'modelContentBlockStartEvent', start: fields })
  const stop = update({ type: 'modelContentBlockStopEvent' })
  const result = (status: string, ...content: ReadonlyArray<object>): StrandsEvent => ({
    type: 'toolResultEvent',
    ...{ result: { toolUseId: 'c', status, content } },
  })
  const call = { toolCallId: 'c', dynamic: true }

  it('has text and thoughts as blocks, and messages of the model as steps', async () => {
    const [begun, ended] = [update({ type: 'modelMessageStartEvent' }), update({ type: 'modelMessageStopEvent' })]
    const thought = delta({ type: 'reasoningContentDelta', text: 'hm' })
    const signature = delta({ type: 'reasoningContentDelta', signature: 'x' })
    expect(
      await chunksOf(begun, start(), thought, signature, stop, start(), text('a'), text('b'), stop, ended),
    ).toEqual([
      { type: 'start' },
      { type: 'start-step' },
      { type: 'reasoning-start', id: '1' },
      { type: 'reasoning-delta', id: '1', delta: 'hm' },
      { type: 'reasoning-end', id: '1' },
      { type: 'text-start', id: '2' },
      { type: 'text-delta', id: '2', delta: 'a' },
      { type: 'text-delta', id: '2', delta: 'b' },
      { type: 'text-end', id: '2' },
      { type: 'finish-step' },
      { type: 'finish' },
    ])
  })

  it('has calls of tools with their inputs and outputs', async () => {
    const begun = start({ type: 'toolUseStart', toolUseId: 'c', name: 'add' })
    const input = ['{"a"', ':1}'].map((piece) => delta({ type: 'toolUseInputDelta', input: piece }))
    const before: StrandsEvent = {
      type: 'beforeToolCallEvent',
      ...{ toolUse: { toolUseId: 'c', name: 'add', input: { a: 1 } } },
    }
    expect((await chunksOf(begun, ...input, stop, before, result('success', { json: { b: 2 } }))).slice(1, -1)).toEqual(
      [
        { ...call, type: 'tool-input-start', toolName: 'add' },
        { type: 'tool-input-delta', toolCallId: 'c', inputTextDelta: '{"a"' },
        { type: 'tool-input-delta', toolCallId: 'c', inputTextDelta: ':1}' },
        { ...call, type: 'tool-input-available', toolName: 'add', input: { a: 1 } },
        { ...call, type: 'tool-output-available', output: { b: 2 } },
      ],
    )
  })

  it('announces a call that was asked about in an earlier turn', async () => {
    const before: StrandsEvent = {
      type: 'beforeToolCallEvent',
      ...{ toolUse: { toolUseId: 'c', name: 'add', input: 1 } },
    }
    expect((await chunksOf(before, result('error', { text: 'secret' }))).slice(1, -1)).toEqual([
      { ...call, type: 'tool-input-available', toolName: 'add', input: 1 },
      { ...call, type: 'tool-output-error', errorText: 'The tool failed' },
    ])
  })

  it('has the questions to a person as parts', async () => {
    expect((await chunksOf(question)).slice(1, -1)).toEqual([
      { type: 'data-interrupt', id: '1', data: { id: '1', name: 'confirm' } },
    ])
  })

  it('passes failures on', async () => {
    const broken = {
      [Symbol.asyncIterator]: () => ({
        next: () => Promise.reject(Object.assign(new Error('no'), AgentError.rejected(409, 'no'))),
      }),
    }
    const say = talk(entrypoint(uiMessages(() => toUiMessages(broken))))
    expect(await say({})).toBe('data: {"type":"start"}\n\ndata: {"type":"error","errorText":"no"}\n\ndata: [DONE]\n\n')
  })
})
