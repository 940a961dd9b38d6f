/** Pages of an allowed origin read what the servers of commands answer, and others read nothing. */
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { openFront } from '../../lib/cli/dev/server/DevProxy'
import { type Target, withTargets } from './targets'

const page = 'http://localhost:3000'
const policy = { allowedHosts: [], allowedOrigins: [page] } as const
const invocations = ({ port, invocations: path }: Target): string => `http://127.0.0.1:${port}${path}`

const asks = {
  'access-control-request-method': 'POST',
  'access-control-request-headers': 'authorization,content-type,x-amzn-bedrock-agentcore-runtime-session-id',
}

const preflight = (url: string, origin: string): Promise<Response> =>
  fetch(url, { method: 'OPTIONS', headers: { origin, ...asks } })

const corsOf = ({ headers }: Response): Readonly<Record<string, string>> =>
  Object.fromEntries([...headers].filter(([name]) => name.startsWith('access-control-') || name === 'vary'))

const readable = { 'access-control-allow-origin': page, 'access-control-expose-headers': '*', vary: 'Origin' }

/** The listeners that pages call: `app.run` leaves CORS to the agent. */
const withCommands = (use: (target: Target) => Promise<void>): Promise<void> =>
  withTargets(policy, async (targets) => {
    const ofCommands = targets.filter(({ isPrivate, name }) => !isPrivate && name !== 'app.run')
    expect(ofCommands.map(({ name }) => name)).toHaveLength(3)
    for (const target of ofCommands) await use(target)
  })

describe('a page of an allowed origin', () => {
  it(
    'may send any request, and its preflight starts nothing',
    () =>
      withCommands(async (target) => {
        const { name, ran, sessions } = target
        const before = [ran(), sessions()]
        const got = await preflight(invocations(target), page)
        expect([name, got.status, corsOf(got), await got.text()]).toEqual([
          name,
          204,
          {
            'access-control-allow-origin': page,
            'access-control-allow-methods': 'POST',
            'access-control-allow-headers': asks['access-control-request-headers'],
            vary: 'Origin',
          },
          '',
        ])
        expect([ran(), sessions()]).toEqual(before)
      }),
    60_000,
  )

  it(
    'reads responses and refusals',
    () =>
      withCommands(async (target) => {
        const headers = { origin: page, ...Object.fromEntries(target.fields) }
        const got = await fetch(invocations(target), { method: 'POST', headers, body: '{}' })
        expect([target.name, got.status, corsOf(got)]).toEqual([target.name, 200, readable])
        const refused = await fetch(`http://127.0.0.1:${target.port}/nowhere`, { headers })
        expect([target.name, refused.status, corsOf(refused)]).toEqual([target.name, 404, readable])
      }),
    60_000,
  )
})

it(
  'a page of any other origin, and a client, get no CORS headers',
  () =>
    withCommands(async (target) => {
      const url = invocations(target)
      for (const origin of ['http://localhost:3001', 'http://127.0.0.1:3000', 'null']) {
        const refused = await preflight(url, origin)
        expect([target.name, origin, refused.status, corsOf(refused)]).toEqual([target.name, origin, 403, {}])
      }
      const post = async (more: Readonly<Record<string, string>>): Promise<void> => {
        const headers = { ...more, ...Object.fromEntries(target.fields) }
        const got = await fetch(url, { method: 'POST', headers, body: '{}' })
        expect([target.name, got.status, corsOf(got)]).toEqual([target.name, 200, {}])
      }
      await post({})
      await post({ origin: `http://127.0.0.1:${target.port}` })
    }),
  60_000,
)

describe('an agent behind agentcore dev', () => {
  /** Asks for a preflight and a response of a server behind the port. */
  const behind = async (listener: RequestListener): Promise<ReadonlyArray<Response>> => {
    const server = createServer(listener)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const front = await openFront(0, policy)
    try {
      front.aim({ _tag: 'Serving', port: (server.address() as AddressInfo).port, secret: 'secret' })
      const url = `http://127.0.0.1:${front.port}/invocations`
      return [await preflight(url, page), await fetch(url, { method: 'POST', headers: { origin: page } })]
    } finally {
      await front.close(0)
      server.close()
    }
  }

  it('decides itself if it has CORS of its own', async () => {
    const [asked, got] = await behind((_, res) =>
      res.writeHead(200, { 'access-control-allow-origin': 'https://example.org', vary: 'Accept' }).end(),
    )
    expect(asked?.status).toBe(200)
    expect(asked?.headers.get('access-control-allow-origin')).toBe('https://example.org')
    expect(got?.headers.get('access-control-allow-origin')).toBe('https://example.org')
  })

  it('need not answer preflights', async () => {
    const [asked, got] = await behind((req, res) => res.writeHead(req.method === 'OPTIONS' ? 405 : 200).end('text'))
    expect([asked?.status, await asked?.text()]).toEqual([204, ''])
    expect([got?.status, got === undefined ? {} : corsOf(got)]).toEqual([200, readable])
  })
})
