/** Agents on popular frameworks: bundled by `agentcore build`, and run as one file without `node_modules`. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/Either'
import { explain } from '../../lib/cli/bundler/BuildError'
import { typeCheck } from '../../lib/cli/bundler/TypeCheck'
import { node, root, using } from '../cli/support'
import { agentcore } from '../cli/world'
import { fences } from '../package/support'
import { inFramework, installed, installing, node22 } from './installed'

const post = (url: string, body: unknown): Promise<Response> =>
  fetch(`${url}/invocations`, { method: 'POST', body: JSON.stringify(body) })

/** The values of a stream whose frames are nothing but data. */
const valuesOf = async (response: Response): Promise<ReadonlyArray<unknown>> =>
  (await response.text())
    .split('\n\n')
    .filter((frame) => frame !== '')
    .map((frame): unknown => JSON.parse(frame.replace(/^data: /, '')))

interface Report {
  readonly format: string
  readonly native: ReadonlyArray<string>
  readonly external: ReadonlyArray<string>
  readonly missing: ReadonlyArray<string>
}

/** Builds the agent, and uses what runs of it. */
const running = (name: string, use: (url: string, report: Report, note: string) => Promise<void>): Promise<void> =>
  inFramework(name, async ({ folder, out }) => {
    const built = await agentcore(folder, ['build', '--entrypoint', 'agent.mjs', '--outdir', out, '--json'])
    if (built.code !== 0) throw new Error(`${built.stdout}\n${built.stderr}`)
    expect(existsSync(join(out, 'node_modules'))).toBe(false)
    const agent = node(['main.js'], out, { PORT: '0', HOST: '127.0.0.1', NODE_OPTIONS: undefined }, node22())
    await using(agent, async ({ says }) => {
      const [, url = ''] = await says(/Listening on (http:\S+?)"/)
      await use(url, JSON.parse(built.stdout) as Report, built.stderr)
    })
  })

beforeAll(() => void node22(), installing)

describe.each(['strands', 'ai6', 'ai7', 'langgraph', 'openai-agents', 'mastra'])('an agent on %s', (name) => {
  beforeAll(() => void installed(name), installing)

  it(
    'runs as one file: its loop calls a tool, and its tokens are streamed',
    () =>
      running(name, async (url, { native, external }) => {
        expect([...native, ...external]).toEqual([])
        expect(await (await post(url, { prompt: 'hi' })).json()).toEqual({ answer: 'Tool said HI' })
        const stream = await post(url, { prompt: 'hi', stream: true })
        expect(stream.headers.get('content-type')).toMatch('text/event-stream')
        expect((await valuesOf(stream)).join('')).toBe('Tool said HI')
        expect(await (await fetch(`${url}/ping`)).json()).toMatchObject({ status: 'Healthy' })
      }),
    60_000,
  )
})

describe('an agent with a client of MCP, OpenTelemetry and pino', () => {
  beforeAll(() => void installed('libraries'), installing)

  it(
    'runs as one file',
    () =>
      running('libraries', async (url, { native, external }) => {
        expect([native, external]).toEqual([['thread-stream'], []]) // which nothing asks for without a transport
        expect(await (await post(url, { prompt: 'hi' })).json()).toEqual({ answer: 'Tool said HI', spans: ['call'] })
      }),
    60_000,
  )
})

describe('the code of the guide', () => {
  const guide = readFileSync(join(root, 'docs/guides/frameworks.md'), 'utf8')
  const agents = fences(guide).flatMap(({ info, text }) => {
    const name = /^ts with (\S+)$/.exec(info)?.[1]
    return name === undefined ? [] : [[name, text] as const]
  })
  beforeAll(() => agents.forEach(([name]) => installed(name)), installing)

  it('is there for every framework', () => {
    expect(agents.map(([name]) => name)).toEqual(['ai7', 'strands', 'strands', 'langgraph', 'openai-agents', 'mastra'])
  })

  it.each(agents)(
    'of %s has the right types, is bundled without a remark, and starts',
    (name, text) =>
      inFramework(name, async ({ folder, out }) => {
        writeFileSync(join(folder, 'agent.ts'), text)
        const file = join(folder, 'agent.ts')
        const checked = await typeCheck({ project: folder, file, cache: join(folder, '.cache') })()
        expect(E.isLeft(checked) ? explain(checked.left).details : checked.right._tag).toBe('Checked')
        const built = await agentcore(folder, ['build', '--entrypoint', 'agent.ts', '--outdir', out])
        expect([built.code, built.stderr]).toEqual([0, ''])
        expect(built.stdout).toMatch(/^\S+main\.js \([^)]+\)\n$/)
        const env = { PORT: '0', HOST: '127.0.0.1', NODE_OPTIONS: undefined, OPENAI_API_KEY: 'none' }
        await using(node(['main.js'], out, env, node22()), ({ says }) => says(/Listening on/))
      }),
    90_000,
  )
})
