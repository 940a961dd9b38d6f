/** What an open socket keeps of its request: as little as can be, and yet `context.request` tells all of it when asked. */
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import type * as Koa from 'koa'
import { type App, type Context, createApp, Handler, provide, use, websocket } from '../../../lib'
import { dial, logSink, type Peer, quiet, requestHeader, served, turns } from '../socketSupport'

/** Koa's request, as it is at run time. */
const koaOf = ({ request }: Context.Context): Koa.Request => request as unknown as Koa.Request

const told = (context: Context.Context): object => {
  const { method, url, path, querystring, ip, headers, req, ctx } = koaOf(context)
  const { rawHeaders, headersDistinct, httpVersion, httpVersionMajor, complete, readableEnded } = req
  const wire = { rawHeaders, headersDistinct, httpVersion, httpVersionMajor, complete, readableEnded }
  return {
    method,
    url,
    path,
    querystring,
    ip,
    headers,
    wire,
    state: ctx.state,
    agent: koaOf(context).get('User-Agent'),
  }
}

const asked = async (
  app: App,
  options: { readonly headers?: Record<string, string | Array<string>> } = {},
): Promise<unknown> =>
  served(app, async ({ ws }) => {
    const peer = await dial(`${ws}?a=1&x-amzn-bedrock-agentcore-runtime-custom-b=2`, options as object)
    peer.say('?')
    return peer.next()
  })

/** Tells of the request when it has let go of it, and when a provider has asked for it before. */
const late = createApp(websocket(Handler.onMessage((_, context) => E.right(told(context)))), quiet)
const early = createApp(
  pipe(
    provide((context) => TE.fromIO(() => ({ seen: context.request }))),
    websocket(Handler.onMessage((_, context) => E.right(told(context)))),
  ),
  quiet,
)

const withoutKey = (answer: unknown): unknown =>
  JSON.parse(
    JSON.stringify(answer)
      .replaceAll(/[+/0-9A-Za-z]{22}==/g, 'key')
      .replaceAll(/127\.0\.0\.1:\d+/g, 'host'),
  )

const collect = (): void => {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void // what the flag adds to every new context
  gc()
}

describe('the request of an open socket', () => {
  it.each([
    ['its fields come once each', { 'User-Agent': 'Ünd'.slice(1), Cookie: 'a=1; b=2', 'X-Empty': '' }],
    ['a field comes twice', { 'User-Agent': 'me', 'X-Twice': ['1', '2'], Cookie: ['a=1', 'b=2'] }],
  ])('is told as if it had been kept whole, where %s', async (_, headers) => {
    const [kept, whole] = [await asked(late, { headers }), await asked(early, { headers })]
    expect(withoutKey(kept)).toEqual(withoutKey(whole))
    expect(kept).toMatchObject({
      method: 'GET',
      path: '/ws',
      querystring: 'a=1&x-amzn-bedrock-agentcore-runtime-custom-b=2',
      ip: '127.0.0.1',
      agent: headers['User-Agent'],
      wire: { httpVersion: '1.1', httpVersionMajor: 1, complete: true },
    })
  })

  it('is told with its own names, however many kinds of clients there are', async () => {
    await served(late, async ({ ws }) => {
      const peers: Array<Peer> = []
      for (let kind = 0; kind < 40; kind += 1)
        peers.push(await dial(ws, { headers: { [`X-Kind-${kind}`]: `${kind}` } }))
      for (const [kind, peer] of peers.entries()) {
        peer.say('?')
        expect(await peer.next()).toMatchObject({ headers: { [`x-kind-${kind}`]: `${kind}` } })
      }
      peers.forEach((peer) => peer.ws.close())
      await Promise.all(peers.map((peer) => once(peer.ws, 'close')))
    })
  })

  it('is the same each time, and the one that a provider has seen', async () => {
    const app = createApp(
      pipe(
        provide((context) => TE.fromIO(() => ({ seen: context.request }))),
        websocket(
          Handler.onMessage((_, context: Context.Context<{ readonly seen: Context.Request }>) =>
            E.right([context.request === context.request, context.request === context.state.seen]),
          ),
        ),
      ),
      quiet,
    )
    expect(await asked(app)).toEqual([true, true])
    expect(
      await asked(
        createApp(websocket(Handler.onMessage((_, context) => E.right(context.request === context.request))), quiet),
      ),
    ).toBe(true)
  })

  it('is the one that a middleware has seen, with its state', async () => {
    const seen = new Set<unknown>()
    const app = createApp(
      pipe(
        use(async (ctx, next) => {
          ctx.state['user'] = 'ann'
          seen.add(ctx.request)
          await next()
        }),
        websocket(Handler.onMessage((_, { request }) => E.right([seen.has(request), request.ctx.state['user']]))),
      ),
      quiet,
    )
    expect(await asked(app)).toEqual([true, 'ann'])
  })

  it('has left its headers, its trace and its id to the context', async () => {
    const sink = logSink()
    const app = createApp(
      websocket(
        Handler.onMessage((_, { headers, trace, requestId, log }) => {
          log.info('Asked', { note: 'Bearer s3cret-token-of-ann' })()
          return E.right([headers.get('x-amzn-bedrock-agentcore-runtime-custom-b'), trace.traceparent, requestId])
        }),
      ),
      { log: sink.options },
    )
    const headers = {
      traceparent: '00-1-2-01',
      [requestHeader]: 'request-7',
      Authorization: 'Bearer s3cret-token-of-ann',
    }
    expect(await asked(app, { headers })).toEqual([
      { _tag: 'Some', value: '2' },
      { _tag: 'Some', value: '00-1-2-01' },
      'request-7',
    ])
    const line = await sink.line('Asked')
    expect(line).toMatchObject({ requestId: 'request-7' })
    expect(JSON.stringify(line)).not.toContain('s3cret-token-of-ann')
  })

  it('has one id, made when it is first asked for', async () => {
    const sink = logSink()
    const app = createApp(
      websocket(Handler.onMessage((_, context) => E.right([context.requestId, context.requestId]))),
      { log: sink.options },
    )
    const [first, second] = (await asked(app)) as [string, string]
    expect(first).toMatch(/^[\da-f-]{36}$/)
    expect(second).toBe(first)
    expect(await sink.line('Socket')).toMatchObject({ requestId: first })
  })

  it('is let go of: an idle socket holds none', async () => {
    const requests: Array<WeakRef<IncomingMessage>> = []
    const app = createApp(websocket(Handler.onMessage(E.right)), quiet)
    await served(app, async ({ server, ws }) => {
      server.on('upgrade', (req: IncomingMessage) => requests.push(new WeakRef(req)))
      const peers: Array<Peer> = []
      for (let count = 0; count < 5; count += 1) peers.push(await dial(ws))
      await turns(5)
      collect()
      // The last one may still be on a stack.
      expect(requests.slice(0, 4).map((ref) => ref.deref())).toEqual([undefined, undefined, undefined, undefined])
      peers.forEach((peer) => peer.ws.close())
      await Promise.all(peers.map((peer) => once(peer.ws, 'close')))
    })
  })
})
