/** Request smuggling past what stands in front of an agent on a developer's machine: `agentcore dev` and `agentcore deploy --local`. */
import { join } from 'node:path'
import { node, type Project, projectOf, root, type Spawned } from '../cli/support'
import { closing, exchange, heardAfter, request, statusesOf } from './held'
import { bodies, malformed, poison, smuggled } from './heldRequests'

const bin = join(root, 'dist/lib/cli/main.js')

/** An agent that answers `"calls"` with all that it was asked before. */
const source = `
import { createApp, entrypoint, Handler, websocket } from 'agentcore-fp'
import { pipe } from 'fp-ts/function'
const calls: Array<unknown> = []
export const app = createApp(
  pipe(
    entrypoint(Handler.fromSync((payload: unknown) => (payload === 'calls' ? calls : calls.push(payload)))),
    websocket(Handler.fromMessages((messages) => messages)),
  ),
)
`

const yaml = `default_agent: agent
agents:
  agent:
    name: agent
    entrypoint: agent.ts
    language: typescript
`

const session = 'X-Amzn-Bedrock-AgentCore-Runtime-Session-Id: held-session-0123456789-0123456789-0123456789'

interface At {
  readonly port: number
  /** The path of an invocation. */
  readonly path: string
}

/** How each of them is started, and what it says when it is ready. */
const fronts: Readonly<Record<string, readonly [args: ReadonlyArray<string>, url: RegExp, arn?: RegExp]>> = {
  'agentcore dev': [['dev', '--port', '0'], /Ready at http:\/\/127\.0\.0\.1:(\d+)/],
  'agentcore deploy --local': [
    ['deploy', '--local', '--isolation', 'process', '--port', '0'],
    /Endpoint {2}http:\/\/127\.0\.0\.1:(\d+)/,
    /(arn:aws:\S+)/,
  ],
}

describe.each(Object.entries(fronts))('%s', (_, [args, url, arn]) => {
  const cell: { at?: At; spawned?: Spawned; project?: Project & { readonly remove: () => void } } = {}

  const at = (): At => {
    if (cell.at === undefined) throw new Error('it is not serving')
    return cell.at
  }

  beforeAll(async () => {
    const project = projectOf({ '.bedrock_agentcore.yaml': yaml, 'agent.ts': source })
    cell.project = project
    const spawned = node([bin, ...args], project.folder, { AWS_PROFILE: 'nobody' })
    cell.spawned = spawned
    const [, port = ''] = await spawned.says(url, 50_000)
    const path =
      arn === undefined
        ? '/invocations'
        : `/runtimes/${encodeURIComponent((await spawned.says(arn))[1] ?? '')}/invocations`
    cell.at = { port: Number(port), path }
    await asked('"first"')
  }, 60_000)

  afterAll(async () => {
    cell.spawned?.child.kill('SIGINT')
    await cell.spawned?.ended
    cell.project?.remove()
  })

  /** What a proper call is answered. */
  const asked = async (body: string): Promise<string> => {
    const head = [
      `POST ${at().path} HTTP/1.1`,
      ...closing,
      session,
      'Content-Type: application/json',
      `Content-Length: ${body.length}`,
    ]
    const [response] = await exchange(at().port, request(head, body))
    expect(response).toMatchObject({ status: 200 })
    return response?.body ?? ''
  }

  /** The bytes of an attack, in the session that all of them are in. */
  const inSession = (text: string): string => text.replaceAll('Host: localhost', `Host: localhost\r\n${session}`)

  const isUntouched = async (): Promise<void> => {
    const calls = JSON.parse(await asked('"calls"')) as ReadonlyArray<unknown>
    expect(calls[0]).toBe('first') // else it is another process, which has heard nothing
    expect(calls).not.toContain(poison)
  }

  it.each(malformed)('refuses once, and passes nothing on, of %s', async (__, bytes) => {
    const responses = await exchange(at().port, inSession(bytes(at().path)))
    expect(responses.length).toBeLessThanOrEqual(1)
    for (const { status } of responses) expect([400, 404]).toContain(status)
    await isUntouched()
  })

  it.each(bodies)('keeps the body a body of %s', async (__, bytes) => {
    const text = await heardAfter(at().port, inSession(bytes(at().path)))
    expect(text.match(/HTTP\/1\.1 /g)?.length).toBe(1)
    await isUntouched()
  })

  it('serves nothing behind a request that asks to close', async () => {
    const head = [`GET /ping HTTP/1.1`, ...closing]
    expect((await exchange(at().port, inSession(request(head) + smuggled(at().path)))).length).toBeLessThanOrEqual(1)
    await isUntouched()
  })

  it('serves nothing behind an upgrade that is refused', async () => {
    const head = ['GET /ws HTTP/1.1', 'Host: localhost', 'Connection: Upgrade', 'Upgrade: websocket']
    const text = await heardAfter(at().port, inSession(request(head) + smuggled(at().path)))
    expect(text.match(/HTTP\/1\.1 /g)?.length ?? 0).toBeLessThanOrEqual(1)
    expect(text).not.toMatch(/^HTTP\/1\.1 [12]/)
    await isUntouched()
  })

  it.each([
    'Content-Length: 8',
    'Transfer-Encoding: chunked',
    'Upgrade: websocket',
    'TE: trailers',
    'Keep-Alive: 1',
    session.split(':')[0] ?? '',
  ])('passes on what Connection names, %s, without losing where the request ends', async (field) => {
    const [name = ''] = field.split(':')
    const head = ['POST /nowhere HTTP/1.1', 'Host: localhost', `Connection: close, ${name}`, 'Content-Length: 8']
    const statuses = statusesOf(await exchange(at().port, inSession(request(head, `"${poison}"`))))
    expect(statuses.length).toBeLessThanOrEqual(1)
    expect(statuses.filter((status) => status < 300)).toEqual([])
    await isUntouched()
  })
})
