/** A scripted first-time user, from an empty folder to a running agent and back, by the README's own lines. */
import { execFile, execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import * as O from 'fp-ts/Option'
import { identityNow, isAlive } from '../../lib/node/process/Processes'
import { fences, root, manual } from '../package/support'

const run = promisify(execFile)

const heading = 'From a file to a running agent'
const inSection = fences(manual).filter((fence) => fence.heading === heading)
const [, commands = ''] = inSection.filter(({ info }) => info === 'sh').map(({ text }) => text)
const source = inSection.find(({ info }) => info === 'ts')?.text ?? ''

const temporary = realpathSync(mkdtempSync(join(tmpdir(), 'agentcore-first-')))
const folder = join(temporary, 'hello')
const session = 'first-time-user-0123456789-0123456789'

interface Said {
  readonly stdout: string
  readonly stderr: string
}

const shell = async (line: string): Promise<Said> =>
  run('sh', ['-c', line], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, AWS_REGION: 'us-west-2', NO_COLOR: '1' },
  })

const agentcore = (words: string): Promise<Said> => shell(`npx --no-install agentcore ${words}`)

const recordIn = (): { readonly pid: number; readonly endpoint: string; readonly arn: string } =>
  JSON.parse(readFileSync(join(folder, '.bedrock_agentcore/local/hello.json'), 'utf8')) as ReturnType<typeof recordIn>

let pid: number | undefined

beforeAll(async () => {
  const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', temporary]
  const [packed] = JSON.parse(
    execFileSync('npm', args, { cwd: root, encoding: 'utf8', stdio: 'pipe' }),
  ) as ReadonlyArray<{
    readonly filename: string
  }>
  const tarball = join(temporary, packed?.filename ?? '')
  mkdirSync(folder)
  await shell('npm init -y')
  await shell(`npm install --no-audit --no-fund ${tarball} zod@4`)
  await shell('npm install --no-audit --no-fund --save-dev typescript@5.9 @types/node@20')
}, 300_000)

afterAll(() => {
  if (pid !== undefined && isAlive(pid)) process.kill(pid, 'SIGKILL')
  rmSync(temporary, { recursive: true, force: true, maxRetries: 10 })
})

describe('a first-time user', () => {
  it('writes the agent of the manual and configures it', async () => {
    writeFileSync(join(folder, 'agent.ts'), source)
    const { stdout } = await agentcore('configure --entrypoint agent.ts --name hello --non-interactive')
    expect(stdout).toContain('hello is written to .bedrock_agentcore.yaml')
  }, 60_000)

  it('deploys it on this machine, and gets the terminal back', async () => {
    const { stdout } = await agentcore('deploy --local --detach')
    expect(stdout).toMatch(/arn:aws:bedrock-agentcore:us-west-2:000000000000:runtime\/hello-\w{10}/)
    expect(stdout).toMatch(/agentcore invoke/)
    expect(stdout).toMatch(/aws bedrock-agentcore invoke-agent-runtime/)
    pid = recordIn().pid
  }, 120_000)

  it('invokes it twice, and it remembers', async () => {
    const hello = await agentcore(`invoke '{"prompt": "Hello, remember this conversation"}' --session-id ${session}`)
    expect(hello.stdout).toBe('Nice to meet you.\n')
    const again = await agentcore(`invoke '{"prompt": "What did I say earlier?"}'`)
    expect(again.stdout).toBe('You said: Hello, remember this conversation\n')
  }, 60_000)

  it('sees a stream as events, and talks over a WebSocket', async () => {
    const { stdout } = await agentcore(`invoke Streamed --new-session --json`)
    expect(JSON.parse(stdout)).toMatchObject({
      target: 'local',
      events: [{ event: 'message', data: 'Nice to meet you.' }],
    })
    const { endpoint } = recordIn()
    const plain = await fetch(`${endpoint}/invocations`, { method: 'POST', body: '{"prompt": "Hi"}' })
    expect(await plain.text()).toBe('data: "Nice to meet you."\n\n')
    expect((await agentcore(`invoke --ws '{"over": "a WebSocket"}' --session-id ${session}`)).stdout).toBe(
      '{"over":"a WebSocket"}\n',
    )
  }, 60_000)

  it('looks, stops the session, and finds it fresh', async () => {
    const status = await agentcore('status')
    expect(status.stdout).toMatch(new RegExp(`running at http://127\\.0\\.0\\.1:\\d+[^]*${session} +ready`))
    expect((await agentcore(`stop-session --session-id ${session}`)).stdout).toBe(`Stopped session ${session}\n`)
    expect((await agentcore('status')).stdout).not.toContain(session)
    const fresh = await agentcore(`invoke '{"prompt": "Who am I?"}' --session-id ${session}`)
    expect(fresh.stdout).toBe('Nice to meet you.\n')
  }, 60_000)

  it('stops it: nothing of it runs any more', async () => {
    expect((await agentcore('stop')).stdout).toMatch(/^Stopped the local runtime of hello and \d sessions?\n$/)
    expect(identityNow(pid ?? 0)).toEqual(O.none) // one that has ended may wait to be reaped
    expect(existsSync(join(folder, '.bedrock_agentcore/local/hello.json'))).toBe(false)
    expect((await agentcore('status')).stdout).toContain('not running; start it with agentcore deploy --local')
    await expect(agentcore('invoke Hi')).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('hello is neither deployed nor running locally'),
    })
  }, 60_000)

  it('may paste every line of the manual, in order', async () => {
    for (const line of commands.split('\n')) await shell(line.replace('npx ', 'npx --no-install '))
  }, 120_000)
})
