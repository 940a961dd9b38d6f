/**
 * The bundle in a real browser: out of the packed package into a page, by esbuild for browsers without a word of
 * configuration, and from there over the browser's own WebSocket to a running agent, which judges each signature.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { pipe } from 'fp-ts/function'
import type * as Koa from 'koa'
import { Handler, use, websocket } from '../../lib'
import { type Browser, describeHere, launch, type Page } from '../examples/chromium'
import { served, type Served } from '../http/support'
import { root } from '../package/support'
import { isSigned } from './signature'
import { keys } from './support'

const page = `import { createClient } from 'agentcore-fp/client/browser'

const hear = ({ url, protocols }, say) =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(url, protocols)
    socket.onopen = () => socket.send(JSON.stringify(say))
    socket.onmessage = ({ data }) => {
      socket.close(1000)
      resolve({ heard: JSON.parse(data), protocol: socket.protocol })
    }
    socket.onclose = ({ code }) => reject(new Error('closed with ' + code))
  })

const client = (options) => createClient({ url: location.origin, ...options })

window.presigned = async (credentials, options, say) => {
  const connection = await client({ credentials }).generatePresignedUrl(options)
  return { ...(await hear(connection, say)), sessionId: connection.sessionId }
}
window.byToken = async (bearerToken, say) => {
  const connection = await client({ bearerToken }).generateWsConnectionBrowser()
  return { ...(await hear(connection, say)), sessionId: connection.sessionId }
}
window.refusal = (options) =>
  client({ credentials: { accessKeyId: 'a', secretAccessKey: 'b' } })
    .generatePresignedUrl(options)
    .then(() => 'none', ({ name, message, failure }) => ({ name, message, tag: failure._tag }))
`

const temporary = mkdtempSync(join(tmpdir(), 'agentcore-fp-browser-'))
afterAll(() => rmSync(temporary, { recursive: true, force: true, maxRetries: 10 }))

/** The page's script, of what npm would install. */
const bundled = async (): Promise<string> => {
  const pack = ['pack', '--ignore-scripts', '--json', '--pack-destination', temporary]
  const [packed] = JSON.parse(execFileSync('npm', pack, { cwd: root, encoding: 'utf8' })) as ReadonlyArray<{
    readonly filename: string
  }>
  const installed = join(temporary, 'node_modules/agentcore-fp')
  mkdirSync(installed, { recursive: true })
  execFileSync('tar', ['-xzf', join(temporary, packed?.filename ?? ''), '--strip-components=1', '-C', installed])
  const [entry, outfile] = [join(temporary, 'page.js'), join(temporary, 'out.js')]
  writeFileSync(entry, page)
  await build({ entryPoints: [entry], outfile, bundle: true, platform: 'browser', format: 'iife', logLevel: 'silent' })
  return readFileSync(outfile, 'utf8')
}

/** The page, and before every socket the judge of its signature; what has no signature has a token. */
const around =
  (script: string): Koa.Middleware =>
  async (ctx, next) => {
    if (ctx.path === '/') {
      ctx.type = 'html'
      ctx.body = `<!doctype html><title>page</title><script>${script}</script>`
    } else if (ctx.path === '/ws') {
      const token = /^base64UrlBearerAuthorization\.([\w-]+),/.exec(ctx.get('sec-websocket-protocol'))?.[1] ?? ''
      const isKnown = Buffer.from(token, 'base64url').toString() === 'a.token'
      if (isKnown || (await isSigned(ctx.url, ctx.host))) return next()
      ctx.status = 403
    } else await next()
  }

const agent = (script: string) =>
  pipe(
    use(around(script)),
    websocket(
      Handler.fromMessages(async function* (messages: AsyncIterable<unknown>, context) {
        for await (const said of messages) {
          const name = context.headers.get('x-amzn-bedrock-agentcore-runtime-custom-name') ?? null
          yield { said, name, sessionId: context.sessionId }
        }
      }),
    ),
  )

describeHere('agentcore-fp/client/browser in a browser', () => {
  let browser: Browser | undefined
  let script = ''

  beforeAll(async () => {
    script = await bundled()
    browser = await launch()
  }, 60_000)

  afterAll(() => browser?.close(), 30_000)

  /** The page, opened from the agent, while `look` looks at it. */
  const onPage = (look: (open: Page, at: Served) => Promise<void>): Promise<void> =>
    served(
      agent(script),
      async (at) => {
        const open = await browser?.newPage()
        if (open === undefined) throw new Error('no browser')
        await open.goto(`${at.url}/`)
        try {
          await look(open, at)
        } finally {
          await open.goto('about:blank') // so that it leaves no connection
        }
      },
      { websocket: { protocols: ['base64UrlBearerAuthorization'] } },
    )

  const call = (open: Page, name: string, ...args: ReadonlyArray<unknown>): Promise<unknown> =>
    open.evaluate(`${name}(${args.map((arg) => JSON.stringify(arg)).join(', ')})`)

  it('presigns, and talks to an agent that takes the signature', () =>
    onPage(async (open) => {
      const params = { 'X-Amzn-Bedrock-AgentCore-Runtime-Custom-Name': 'Zoë', 'a b': ['*', '+', "'~"] }
      const options = { sessionId: 's'.repeat(40), expires: 60, params }
      expect(await call(open, 'presigned', keys, options, { hi: 1 })).toEqual({
        ...{ protocol: '', sessionId: 's'.repeat(40) },
        heard: { said: { hi: 1 }, name: 'Zoë', sessionId: 's'.repeat(40) },
      })
    }))

  it('makes a session id where none is given', () =>
    onPage(async (open) => {
      const { sessionId, heard } = (await call(open, 'presigned', keys, {}, 1)) as {
        readonly sessionId: string
        readonly heard: object
      }
      expect(sessionId).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/)
      expect(heard).toEqual({ said: 1, name: null, sessionId })
    }))

  it('is refused with a signature of other keys', () =>
    onPage(async (open) => {
      const other = { ...keys, secretAccessKey: 'other' }
      await expect(call(open, 'presigned', other, {}, 1)).rejects.toThrow(/closed with 1006/)
    }))

  it('brings a token in a subprotocol', () =>
    onPage(async (open) => {
      expect(await call(open, 'byToken', 'a.token', 'hi')).toMatchObject({
        ...{ heard: { said: 'hi' }, protocol: 'base64UrlBearerAuthorization' },
      })
      await expect(call(open, 'byToken', 'no.token', 'hi')).rejects.toThrow(/closed with 1006/)
    }))

  it('refuses what cannot be signed, with a typed error', () =>
    onPage(async (open) => {
      const tag = async (options: unknown): Promise<unknown> =>
        ((await call(open, 'refusal', options)) as { readonly tag: unknown }).tag
      expect(await tag({ expires: 301 })).toBe('InvalidExpiry')
      expect(await tag({ sessionId: 'short' })).toBe('InvalidSessionId')
      expect(await tag({ params: { a: 'b\r\nc' } })).toBe('InvalidParameter')
    }))
})
