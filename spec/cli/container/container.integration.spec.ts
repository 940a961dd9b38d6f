import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { node, root, until } from '../support'
import { hasPodman, makeBaseImage } from './baseImage'

const bin = join(root, 'dist/lib/cli/main.js')
const image = 'bedrock_agentcore-boxed:local'
const isMissing = !hasPodman()

if (isMissing) process.stdout.write('SKIPPED: podman is not here, or cannot be used\n')

const test = isMissing && process.env['CI'] === undefined ? it.skip : it

const agent = `
import { createApp, entrypoint, Handler } from 'agentcore-fp'
const count = { calls: 0 }
export const app = createApp(entrypoint(Handler.fromSync((payload: unknown) => ({
  got: payload, calls: (count.calls += 1), uid: process.getuid?.(), env: process.env['NODE_ENV'], own: process.env['OWN'],
  key: process.env['AWS_ACCESS_KEY_ID'], home: process.env['SHELL_ONLY'],
}))))
`

const yaml = `default_agent: boxed
agents:
  boxed:
    name: boxed
    entrypoint: agent.ts
    node_version: '22'
    deployment_type: container
    container_runtime: podman
`

const run = (file: string, args: ReadonlyArray<string>, cwd: string): string =>
  execFileSync(file, [...args], { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 1e8 })

const env = {
  BUILDAH_ISOLATION: 'chroot',
  BUILDAH_LAYERS: 'false',
  OWN: 'terminal',
  SHELL_ONLY: 'x',
  AWS_ACCESS_KEY_ID: 'AKIALOCAL',
}

const deployed = async (cwd: string, ...args: ReadonlyArray<string>) => {
  const command = node([bin, 'deploy', '--local', '--detach', '--json', '--port', '0', ...args], cwd, env)
  const code = await command.ended
  return { code, stdout: command.stdout(), stderr: command.stderr() }
}

const invoke = async (url: string, session: string): Promise<Readonly<Record<string, unknown>>> => {
  const headers = { 'x-amzn-bedrock-agentcore-runtime-session-id': session }
  const answer = await fetch(`${url}/invocations`, { method: 'POST', body: '{"prompt":"hi"}', headers })
  return (await answer.json()) as Readonly<Record<string, unknown>>
}

const containers = (): ReadonlyArray<string> =>
  run('podman', ['ps', '-q', '--filter', 'label=agentcore-fp.session'], root)
    .split('\n')
    .filter((id) => id !== '')

describe('a generated Dockerfile', () => {
  let folder = ''
  let record: { readonly endpoint: string; readonly pid: number } | undefined

  beforeAll(() => {
    if (isMissing) return
    makeBaseImage('public.ecr.aws/docker/library/node:22-slim')
    folder = mkdtempSync(join(tmpdir(), 'boxed-'))
    run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], root)
    const tarball = readFileSync(join(root, 'package.json'), 'utf8').includes('"name": "agentcore-fp"')
    expect(tarball).toBe(true)
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly version: string }
    const manifest = {
      name: 'boxed',
      private: true,
      dependencies: { 'agentcore-fp': `file:agentcore-fp-${version}.tgz`, 'fp-ts': '^2.16.0', 'io-ts': '^2.2.20' },
      devDependencies: { prettier: '^3.0.0' },
    }
    writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
    writeFileSync(join(folder, 'agent.ts'), agent)
    writeFileSync(join(folder, '.bedrock_agentcore.yaml'), yaml)
    run('npm', ['install', '--no-audit', '--no-fund', '--package-lock-only'], folder)
    run('npm', ['ci', '--no-audit', '--no-fund', '--omit=dev'], folder)
  }, 300_000)

  afterAll(() => {
    if (record !== undefined) spawnSync('kill', [String(record.pid)])
    if (folder !== '') rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
  })

  test('is built by podman, and hosted with a container for each session', async () => {
    const { code, stdout, stderr } = await deployed(folder, '--env', 'OWN=given')
    expect([code, stderr]).toEqual([
      0,
      expect.stringMatching(/✓ Using podman[\s\S]*✓ Built bedrock_agentcore-boxed:local/),
    ])
    record = JSON.parse(stdout) as { readonly endpoint: string; readonly pid: number }
    const { endpoint } = record
    const sessions = ['a', 'b'].map((letter) => letter.repeat(36))
    const [first = '', second = ''] = sessions
    expect(await invoke(endpoint, first)).toEqual({
      got: { prompt: 'hi' },
      calls: 1,
      uid: 1000,
      env: 'production',
      own: 'given',
      key: 'AKIALOCAL',
    })
    expect(await invoke(endpoint, first)).toMatchObject({ calls: 2 })
    expect(await invoke(endpoint, second)).toMatchObject({ calls: 1 })
    expect(containers()).toHaveLength(2)
  }, 420_000)

  test('stands where it was made, and beside it what the image leaves out', () => {
    const text = readFileSync(join(folder, '.bedrock_agentcore/boxed/Dockerfile'), 'utf8')
    expect(text).toMatch(/^# Made by agentcore/)
    expect(text).toMatch(/RUN \["npm", "ci", "--omit=dev"/)
    expect(readFileSync(join(folder, '.dockerignore'), 'utf8')).toMatch(/^node_modules\/$/m)
  })

  test('gives an image without dev dependencies, without packages, of the compiled agent alone', () => {
    const script = `const fs = require('fs'); console.log(JSON.stringify({ app: fs.readdirSync('/app'), dist: fs.readdirSync('/app/dist').sort(), cwd: process.cwd() }))`
    const said = run('podman', ['run', '--rm', image, 'node', '-e', script], root)
    expect(JSON.parse(said)).toEqual({ app: ['dist'], dist: ['main.js', 'main.js.map', 'package.json'], cwd: '/app' })
  })

  test('names a user by number, the port, and node itself as the command', () => {
    const [found] = JSON.parse(run('podman', ['image', 'inspect', image], root)) as ReadonlyArray<{
      readonly Config: Readonly<Record<string, unknown>>
    }>
    expect(found?.Config).toMatchObject({
      User: '1000:1000',
      ExposedPorts: { '8080/tcp': {} },
      Cmd: ['node', '--enable-source-maps', 'dist/main.js'],
      Env: expect.arrayContaining(['NODE_ENV=production', 'DOCKER_CONTAINER=1']),
    })
  })

  test('makes a container that answers /ping from outside, and stops on SIGTERM with 0', async () => {
    spawnSync('podman', ['rm', '-f', 'boxed-alone']) // one that an earlier run has left
    const child = spawn('podman', ['run', '--name', 'boxed-alone', '-p', '127.0.0.1:18099:8080', image], {
      stdio: 'ignore',
    })
    try {
      const ping = await (async () => {
        for (;;) {
          const answer = await fetch('http://127.0.0.1:18099/ping').catch(() => undefined)
          if (answer !== undefined) return answer
          if (child.exitCode !== null) throw new Error(`podman run ended with ${child.exitCode}`)
          await new Promise((resolve) => setTimeout(resolve, 50))
        }
      })()
      expect([ping.status, await ping.json()]).toEqual([200, expect.objectContaining({ status: 'Healthy' })])
      const began = performance.now()
      run('podman', ['stop', '-t', '20', 'boxed-alone'], root)
      expect(performance.now() - began).toBeLessThan(10_000)
      expect(run('podman', ['inspect', 'boxed-alone', '--format', '{{.State.ExitCode}}'], root).trim()).toBe('0')
      await once(child, 'exit')
    } finally {
      spawnSync('podman', ['rm', '-f', 'boxed-alone'])
    }
  }, 60_000)

  test('leaves no container when the runtime is killed and deployed again', async () => {
    if (record === undefined) throw new Error('nothing was deployed')
    process.kill(record.pid, 'SIGKILL')
    expect(containers().length).toBeGreaterThan(0)
    const { code, stdout } = await deployed(folder)
    expect(code).toBe(0)
    record = JSON.parse(stdout) as { readonly endpoint: string; readonly pid: number }
    expect(containers()).toEqual([])
    process.kill(record.pid, 'SIGTERM')
    await until(
      () => (existsSync(join(folder, '.bedrock_agentcore/local/boxed.json')) ? undefined : true),
      () => 'the record is gone',
      20_000,
    )
    record = undefined
  }, 300_000)

  test('that was edited is kept, and what fails in it is shown', async () => {
    const path = join(folder, '.bedrock_agentcore/boxed/Dockerfile')
    const edited = readFileSync(path, 'utf8').replace('WORKDIR /app', 'WORKDIR /app\nRUN echo about to fail && nothere')
    writeFileSync(path, edited)
    const { code, stdout, stderr } = await deployed(folder)
    expect([code, JSON.parse(stdout)]).toEqual([1, expect.objectContaining({ code: 'IMAGE_FAILED' })])
    expect(stderr).toMatch(/RUN echo about to fail && nothere[\s\S]*about to fail[\s\S]*nothere: not found/)
    expect(readFileSync(path, 'utf8')).toBe(edited)
  }, 300_000)

  test('is not made where the project has one of its own', async () => {
    writeFileSync(join(folder, 'Dockerfile'), 'FROM public.ecr.aws/docker/library/node:22-slim\nRUN mine\n')
    const { stderr } = await deployed(folder)
    expect(stderr).toMatch(/RUN mine/)
  }, 300_000)
})
