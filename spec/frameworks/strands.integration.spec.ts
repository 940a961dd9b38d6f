/** `agentcore-fp/strands` with real agents of Strands: what a session sees, and what Strands' own types say of it. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { node, root, using } from '../cli/support'
import { agentcore } from '../cli/world'
import { inFramework, installed, installing, node22 } from './installed'
import { expected, inNode } from './chat'

beforeAll(() => {
  node22()
  ;['strands', 'ai7'].forEach(installed)
}, installing)

const session = (name: string): string => name.padEnd(36, name)

const post = async (url: string, body: unknown, name: string, signal?: AbortSignal): Promise<string> => {
  const response = await fetch(`${url}/invocations`, {
    method: 'POST',
    headers: { 'x-amzn-bedrock-agentcore-runtime-session-id': session(name) },
    body: JSON.stringify(body),
    ...(signal === undefined ? {} : { signal }),
  })
  return response.text()
}

const frames = (...values: ReadonlyArray<unknown>): string =>
  values.map((value) => `data: ${JSON.stringify(value)}\n\n`).join('')

describe('an agent of Strands', () => {
  const served = (use: (url: string) => Promise<void>): Promise<void> =>
    inFramework(
      'strands-chat',
      async ({ folder, out }) => {
        const { code, stderr } = await agentcore(folder, ['build', '--entrypoint', 'agent.mjs', '--outdir', out])
        expect([code, stderr]).toEqual([0, ''])
        const env = { PORT: '0', HOST: '127.0.0.1', NODE_OPTIONS: undefined }
        await using(node(['main.js'], out, env, node22()), async ({ says }) => {
          const [, url = ''] = await says(/Listening on (http:\S+?)"/)
          await use(url)
        })
      },
      'strands',
    )

  it(
    'remembers across turns, apart by session, and calls tools',
    () =>
      served(async (url) => {
        expect(await post(url, { prompt: 'hi' }, 'a')).toBe(frames('You said: ', 'hi'))
        expect(await post(url, { prompt: 'shout' }, 'a')).toBe(frames('Tool said TEA'))
        expect(await post(url, { prompt: 'count' }, 'a')).toBe(frames('7 messages'))
        expect(await post(url, { prompt: 'count' }, 'b')).toBe(frames('1 messages'))
      }),
    60_000,
  )

  it(
    'has the turns of a session one after the other',
    () =>
      served(async (url) => {
        const turns = ['count', 'count', 'count'].map((prompt) => post(url, { prompt }, 'a'))
        expect((await Promise.all(turns)).sort()).toEqual([1, 3, 5].map((n) => frames(`${n} messages`)))
      }),
    60_000,
  )

  it(
    'forgets a turn that failed, was cancelled or was left',
    () =>
      served(async (url) => {
        expect(await post(url, { prompt: 'fail' }, 'a')).toMatch(/"code":"MODEL_THROTTLED"/)
        expect(await post(url, { prompt: 'fail amid' }, 'a')).toMatch(/^data: "Half"\n\nevent: error\n/)
        const waiting = post(url, { prompt: 'wait' }, 'a')
        while ((await post(url, { stop: true }, 'a')) !== '{"cancelled":1}') await Promise.resolve()
        expect(await waiting).toMatch(/INTERRUPTED/)
        await expect(post(url, { prompt: 'wait' }, 'a', AbortSignal.timeout(300))).rejects.toThrow()
        expect(await post(url, { prompt: 'count' }, 'a')).toBe(frames('1 messages'))
      }),
    60_000,
  )

  it(
    'asks a person, and goes on with the answer',
    () =>
      served(async (url) => {
        const asked = await post(url, { prompt: 'confirm' }, 'a')
        const { id } = JSON.parse(/^event: interrupt\ndata: (.*)$/m.exec(asked)?.[1] ?? '') as { readonly id: string }
        const responses = [{ interruptId: id, response: 'yes' }]
        expect(await post(url, { responses }, 'a')).toBe(frames('Tool said tea: yes'))
      }),
    60_000,
  )

  it(
    "is read by the AI SDK's own client",
    () =>
      served((url) => inFramework('chat', async (page) => expect(await inNode(url, page)).toEqual(expected), 'ai7')),
    60_000,
  )
})

describe('the types of Strands', () => {
  const source = `import { Agent, type AgentStreamEvent } from '@strands-agents/sdk'
import { createApp, entrypoint, uiMessages } from 'agentcore-fp/plain'
import { strands, toText, toUiMessages } from 'agentcore-fp/strands'
import { z } from 'zod'

const make = () => new Agent({ printer: false })
export const text = createApp(entrypoint(z.object({ prompt: z.string() }), strands(make)))
export const chat = createApp(entrypoint(uiMessages(strands(make, { output: toUiMessages }))))
export const own = strands(async ({ sessionId }) => new Agent({ id: sessionId }), {
  input: (payload: string) => payload,
  output: async function* (events) {
    for await (const event of events) {
      const known: AgentStreamEvent = event
      if (known.type === 'agentResultEvent') yield known.result.stopReason
    }
  },
})
export const direct = toText(make().stream('hi'))
`

  it.each([
    ['admit agents, inputs and events', source, []],
    ['tell an input that no agent takes', source.replace('=> payload,', '=> ({ wrong: payload }),'), ['TS2322']],
  ])(
    '%s',
    (_, text, codes) =>
      inFramework('strands', async ({ folder }) => {
        writeFileSync(join(folder, 'types.mts'), text)
        const settings = {
          module: 'nodenext',
          target: 'es2022',
          strict: true,
          noEmit: true,
          types: [],
          skipLibCheck: true,
        }
        writeFileSync(
          join(folder, 'tsconfig.json'),
          JSON.stringify({ compilerOptions: settings, files: ['types.mts'] }),
        )
        const { ended, stdout } = node([join(root, 'node_modules/typescript/bin/tsc'), '-p', '.'], folder)
        await ended
        expect([...stdout().matchAll(/error (TS\d+)/g)].map(([, code]) => code)).toEqual(codes)
      }),
    60_000,
  )
})
