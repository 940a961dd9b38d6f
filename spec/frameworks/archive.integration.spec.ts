/**
 * The archive that `agentcore deploy` uploads, fetched from a stand-in for S3, unpacked in an empty folder and run as the
 * service runs it: `node main.js` of Node 22, without `node_modules`.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import WebSocket from 'ws'
import { isTaken } from '../../lib/node/network/Port'
import { node, type Spawned, using } from '../cli/support'
import { agentcore } from '../cli/world'
import { hasMoto, type StandIn, standIn } from '../deploy/moto'
import { type FrameworkProject, inFramework, installed, installing, node22 } from './installed'

const yaml = `default_agent: hello
agents:
  hello:
    name: hello
    entrypoint: agent.mjs
    deployment_type: direct_code_deploy
    aws:
      region: eu-west-1
`

const isThere = hasMoto()
const suite = isThere ? describe : describe.skip
if (!isThere) process.stderr.write('moto_server is not installed: the archives of deployments are not run\n')

/** The names of what is in the archive, once it is unpacked by a program that is not ours. */
const unpack = (zip: Uint8Array, into: string): ReadonlyArray<string> => {
  mkdirSync(into)
  writeFileSync(join(into, '../code.zip'), zip)
  execFileSync('python3', ['-m', 'zipfile', '-e', join(into, '../code.zip'), into])
  return readdirSync(into, { recursive: true, encoding: 'utf8' })
}

/** Starts what was unpacked on the port of the service, where that is free. */
const serve = async (folder: string, use: (url: string, agent: Spawned) => Promise<void>): Promise<void> => {
  const port = (await isTaken(8080)) ? { PORT: '0' } : {}
  const agent = node(['main.js'], folder, { HOST: '127.0.0.1', NODE_OPTIONS: undefined, ...port }, node22())
  await using(agent, async () => {
    const [, url = ''] = await agent.says(/Listening on (http:\S+?)"/)
    await use(url, agent)
  })
}

const post = (url: string, body: unknown): Promise<Response> =>
  fetch(`${url}/invocations`, { method: 'POST', body: JSON.stringify(body) })

/** What a socket answers to one message, and the code that it is closed with. */
const talk = (url: string, message: string): Promise<readonly [answer: unknown, code: number]> =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`)
    let answer: unknown
    socket.on('open', () => socket.send(JSON.stringify(message)))
    socket.on('message', (data: Buffer) => {
      answer = JSON.parse(data.toString('utf8'))
      socket.close(1000)
    })
    socket.on('error', reject)
    socket.on('close', (code) => resolve([answer, code]))
  })

suite('the archive of an agent', () => {
  let aws: StandIn

  beforeAll(async () => {
    node22()
    ;['strands', 'ai7', 'libraries'].forEach(installed)
    aws = await standIn()
  }, installing)
  afterEach(() => aws.reset())
  afterAll(() => aws.close())

  /** Deploys, and gives what was uploaded. */
  const uploaded = async ({ folder }: FrameworkProject, ...words: ReadonlyArray<string>): Promise<Uint8Array> => {
    writeFileSync(join(folder, '.bedrock_agentcore.yaml'), yaml)
    const { code, stdout, stderr } = await agentcore(folder, ['deploy', '--json', ...words], { env: aws.env })
    if (code !== 0) throw new Error(`${stdout}\n${stderr}`)
    const upload = aws.requests.find(
      ({ service, method, path }) => service === 's3' && method === 'PUT' && path.includes('.zip'),
    )
    const object = await fetch(`${aws.env['AWS_ENDPOINT_URL'] ?? ''}${(upload?.path ?? '').replace(/\?.*$/, '')}`, {
      // The stand-in tells services apart by the signature.
      headers: { authorization: 'AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/s3/aws4_request' },
    })
    expect(object.status).toBe(200)
    return new Uint8Array(await object.arrayBuffer())
  }

  it.each(['strands', 'ai7'])(
    'on %s runs as the service runs it',
    (name) =>
      inFramework(name, async (project) => {
        const names = unpack(await uploaded(project), project.out)
        expect([...names].sort()).toEqual(['main.js', 'main.js.map', 'package.json'])
        await serve(project.out, async (url, { child, ended }) => {
          expect(await (await fetch(`${url}/ping`)).json()).toMatchObject({ status: 'Healthy' })
          expect(await (await post(url, { prompt: 'hi' })).json()).toEqual({ answer: 'Tool said HI' })
          const frames = await (await post(url, { prompt: 'hi', stream: true })).text()
          expect(frames).toBe('data: "Tool"\n\ndata: " said "\n\ndata: "HI"\n\n')
          expect(await talk(url, 'hi')).toEqual(['Tool said HI', 1000])
          child.kill('SIGTERM')
          expect(await ended).toBe(0)
        })
      }),
    120_000,
  )

  it(
    'takes along what --external names',
    () =>
      inFramework('libraries', async (project) => {
        unpack(await uploaded(project, '--external', 'pino'), project.out)
        expect(existsSync(join(project.out, 'node_modules/pino/package.json'))).toBe(true)
        await serve(project.out, async (url) => {
          expect(await (await post(url, { prompt: 'hi' })).json()).toMatchObject({ answer: 'Tool said HI' })
        })
      }),
    120_000,
  )
})
