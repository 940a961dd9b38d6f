/**
 * A chat of the AI SDK with an agent: its own client over its own transport, in Node and in a browser, with an agent that
 * fails before, amid and after its answer, that is stopped and left, on its own and as it is deployed on this machine.
 */
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { build } from 'esbuild'
import * as E from 'fp-ts/Either'
import { explain } from '../../lib/cli/bundler/BuildError'
import { typeCheck } from '../../lib/cli/bundler/TypeCheck'
import { isAlive } from '../../lib/node/process/Processes'
import { node, until, using } from '../cli/support'
import { agentcore } from '../cli/world'
import { type Browser, describeHere, launch, type Page } from '../examples/chromium'
import { deriveSessionId } from '../../lib/client/browser'
import { chatId, expected, inNode } from './chat'
import { type FrameworkProject, inFramework, installed, installing, node22 } from './installed'

/** Waits until both turns that did not complete are over for the agent too. */
const bothEnded = async (url: string): Promise<void> => {
  const ended = async (): Promise<unknown> => {
    const headers = { 'x-amzn-bedrock-agentcore-runtime-session-id': deriveSessionId(chatId) }
    const response = await fetch(`${url}/invocations`, { method: 'POST', headers, body: '{"ended":true}' })
    return ((await response.json()) as { readonly ended: unknown }).ended
  }
  let last = await ended()
  for (let n = 0; n < 100 && last !== 2; n += 1) last = await ended()
  expect(last).toBe(2)
}

const built = async ({ folder, out }: FrameworkProject): Promise<void> => {
  const { code, stderr } = await agentcore(folder, ['build', '--entrypoint', 'agent.mjs', '--outdir', out])
  expect([code, stderr]).toEqual([0, ''])
}

/** Uses the agent as one process. */
const served = (packages: string, use: (url: string, project: FrameworkProject) => Promise<void>): Promise<void> =>
  inFramework(
    'chat',
    async (project) => {
      await built(project)
      const env = { PORT: '0', HOST: '127.0.0.1', NODE_OPTIONS: undefined }
      await using(node(['main.js'], project.out, env, node22()), async ({ says }) => {
        const [, url = ''] = await says(/Listening on (http:\S+?)"/)
        await use(url, project)
        await bothEnded(url)
      })
    },
    packages,
  )

const yaml = `default_agent: chat
agents:
  chat:
    name: chat
    entrypoint: agent.mjs
    deployment_type: direct_code_deploy
    aws:
      region: eu-west-1
`

/** An agent as `agentcore deploy --local` reports it. */
interface Deployment {
  readonly pid: number
  readonly endpoint: string
  readonly arn: string
}

/** Uses the agent as it is deployed on this machine, with further flags. */
const deployed = (
  packages: string,
  use: (deployment: Deployment, project: FrameworkProject) => Promise<void>,
  flags: ReadonlyArray<string> = [],
): Promise<void> =>
  inFramework(
    'chat',
    async (project) => {
      writeFileSync(join(project.folder, '.bedrock_agentcore.yaml'), yaml)
      const { code, stdout, stderr } = await agentcore(project.folder, [
        'deploy',
        '--local',
        '--detach',
        '--json',
        ...flags,
      ])
      if (code !== 0) throw new Error(`${stdout}\n${stderr}`)
      const deployment = JSON.parse(stdout) as Deployment
      const { pid, endpoint } = deployment
      try {
        await use(deployment, project)
        await bothEnded(endpoint)
      } finally {
        process.kill(pid, 'SIGTERM')
        await until(
          () => (isAlive(pid) ? undefined : true),
          () => `${pid} is gone`,
          20_000,
        )
      }
    },
    packages,
  )

const versions = ['ai6', 'ai7']

beforeAll(() => {
  node22()
  versions.forEach(installed)
}, installing)

describe.each(versions)('a chat of %s in Node', (version) => {
  it(
    'shows every outcome as it is',
    () => served(version, async (url, project) => expect(await inNode(url, project)).toEqual(expected)),
    60_000,
  )

  it(
    'shows the same of an agent that is deployed on this machine',
    () => deployed(version, async ({ endpoint }, project) => expect(await inNode(endpoint, project)).toEqual(expected)),
    60_000,
  )
})

describe('the types of the AI SDK', () => {
  it.each(versions)(
    'admit the options of chatTransport, and chunks of its streams, in %s',
    (version) =>
      inFramework(
        'chat',
        async ({ folder }) => {
          const file = join(folder, 'types.ts')
          writeFileSync(file, types)
          const checked = await typeCheck({ project: folder, file, cache: join(folder, '.cache') })()
          expect(E.isLeft(checked) ? explain(checked.left).details : checked.right._tag).toBe('Checked')
        },
        version,
      ),
    60_000,
  )

  const types = `import { createUIMessageStream, DefaultChatTransport, type UIMessage, type UIMessageChunk } from 'ai'
import { chatTransport } from 'agentcore-fp/client/browser'
import { Handler, Reply } from 'agentcore-fp'
import { uiMessages } from 'agentcore-fp/plain'

export const transport = new DefaultChatTransport<UIMessage>(chatTransport({ url: 'http://localhost:8080' }))

const stream = (): ReadableStream<UIMessageChunk> =>
  createUIMessageStream({ execute: ({ writer }) => writer.write({ type: 'text-start', id: '1' }) })

export const plain = uiMessages(async () => stream())
export const functional = Handler.uiMessages(Handler.fromAsync(async () => stream()))
export const reply = Reply.uiMessages(stream())
`
})

describeHere('a chat of the AI SDK in a browser', () => {
  let browser: Browser

  beforeAll(async () => {
    browser = await launch()
  }, 60_000)
  afterAll(() => browser.close(), 30_000)

  /** The client, as a script of a page. */
  const scriptOf = async ({ folder }: FrameworkProject): Promise<string> => {
    const { outputFiles } = await build({
      entryPoints: [join(folder, 'page.mjs')],
      bundle: true,
      write: false,
      platform: 'browser',
      format: 'iife',
      globalName: 'chat',
      logLevel: 'silent',
    })
    return outputFiles[0]?.text ?? ''
  }

  const play = async (page: Page, agent: object, project: FrameworkProject): Promise<unknown> => {
    await page.evaluate(`${await scriptOf(project)};globalThis.chat = chat`)
    return page.evaluate(`chat.playAll(${JSON.stringify(agent)}, ${JSON.stringify(chatId)})`)
  }

  /** A page of the agent's own origin. */
  const ownPage = async (url: string): Promise<Page> => {
    const page = await browser.newPage()
    await page.goto(`${url}/ping`)
    return page
  }

  /** Uses a page of another port, as the server of a frontend has it. */
  const withFrontend = async (use: (origin: string, open: () => Promise<Page>) => Promise<void>): Promise<void> => {
    const server = createServer((_, res) => res.setHeader('content-type', 'text/html').end('<!doctype html>'))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const origin = `http://localhost:${(server.address() as AddressInfo).port}` // it listens on a port
    try {
      await use(origin, async () => {
        const page = await browser.newPage()
        await page.goto(origin)
        return page
      })
    } finally {
      server.closeAllConnections()
      server.close()
    }
  }

  it.each(versions)(
    'shows every outcome as it is, with %s',
    (version) =>
      served(version, async (url, project) =>
        expect(await play(await ownPage(url), { url }, project)).toEqual(expected),
      ),
    60_000,
  )

  it.each(versions)(
    'shows the same of an agent that is deployed on this machine, with %s',
    (version) =>
      deployed(version, async ({ endpoint }, project) =>
        expect(await play(await ownPage(endpoint), { url: endpoint }, project)).toEqual(expected),
      ),
    60_000,
  )

  it.each(versions)(
    'shows the same in a page of another port that is allowed, by URL and by ARN, with %s',
    (version) =>
      withFrontend(async (origin, open) => {
        const shows = (agentOf: (deployment: Deployment) => object): Promise<void> =>
          deployed(
            version,
            async (deployment, project) =>
              expect(await play(await open(), agentOf(deployment), project)).toEqual(expected),
            ['--allow-origin', origin],
          )
        await shows(({ endpoint }) => ({ url: endpoint }))
        await shows(({ arn, endpoint }) => ({ runtimeArn: arn, endpoint }))
      }),
    120_000,
  )
})
