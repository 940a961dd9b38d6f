/** `agentcore deploy --local-build` with podman, against a stand-in for AWS and a real registry where ECR stands. */
import { execFile, execFileSync, spawn } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { emulatesArm } from '../../lib/cli/container/Engine'
import { armRun, hasArm, makeBaseImages } from '../cli/container/armImage'
import { hasPodman } from '../cli/container/baseImage'
import { inProject, node, root, using } from '../cli/support'
import { agentcore, main, type Said } from '../cli/world'
import { WebSocket } from 'ws'
import { judge } from './judge'
import { hasMoto, type StandIn, standIn } from './moto'
import { hasRegistry, type Registry, registryHost, startEcr } from './registry'

const yaml = `default_agent: hello
agents:
  hello:
    name: hello
    entrypoint: agent.ts
    node_version: '22.0'
    deployment_type: container
    container_runtime: podman
    aws:
      region: eu-west-1
`

const agent = (version: number): string => `
import { createApp, entrypoint, Handler, websocket } from 'agentcore-fp'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { writeFileSync } from 'node:fs'

const written = (): string => {
  try {
    writeFileSync('/app/here', '')
    return 'written'
  } catch (cause) {
    return (cause as { code: string }).code
  }
}

const app = createApp(
  pipe(
    entrypoint(
      Handler.fromGenerator(function* (payload: unknown) {
        yield { version: ${version}, arch: process.arch, uid: process.getuid?.(), written: written(), payload }
        yield 'second'
      }),
    ),
    websocket((socket) => pipe(socket.send({ hello: 'socket' }), TE.map(() => undefined))),
  ),
)
export { app }
`

const base = 'public.ecr.aws/docker/library/node:22.0-slim'
const repository = 'bedrock-agentcore-hello'

const lacking = [
  hasMoto() ? '' : 'moto_server',
  hasPodman() ? '' : 'podman',
  hasRegistry() ? '' : 'docker-registry, htpasswd or openssl',
  hasArm() ? '' : 'libraries and emulation of arm64',
].filter((name) => name !== '')
if (lacking.length > 0)
  process.stderr.write(`SKIPPED: images cannot be built and pushed without ${lacking.join(', ')}\n`)
const suite = lacking.length === 0 || process.env['CI'] !== undefined ? describe : describe.skip

suite('agentcore deploy --local-build', () => {
  let aws: StandIn
  let ecr: Registry
  let folder = ''
  let bin = ''

  /** Beside this process, which is the proxy to the registry. */
  const podman = async (...args: ReadonlyArray<string>): Promise<string> => {
    const options = { env: { ...process.env, ...ecr.env }, maxBuffer: 1e8 }
    return (await promisify(execFile)('podman', [...args], options)).stdout
  }

  /** The variables of a command: those of AWS, of the registry, and a podman that writes down how it is called. */
  const env = (): Readonly<Record<string, string>> => ({
    ...aws.env,
    ...ecr.env,
    BUILDAH_ISOLATION: 'chroot',
    BUILDAH_LAYERS: 'false',
    PATH: `${bin}:${process.env['PATH'] ?? ''}`,
    TMPDIR: join(bin, 'tmp'),
  })

  const run = (...words: ReadonlyArray<string>): Promise<Said> => agentcore(folder, words, { env: env() })

  const deploy = async (...words: ReadonlyArray<string>): Promise<Record<string, unknown>> => {
    const { code, stdout, stderr } = await run('deploy', '--local-build', '--json', ...words)
    if (code !== 0) throw new Error(`${stdout}\n${stderr}`)
    return JSON.parse(stdout) as Record<string, unknown>
  }

  const steps = (document: Record<string, unknown>): ReadonlyArray<string> =>
    (document['done'] as ReadonlyArray<{ readonly step: string }>).map(({ step }) => step)

  beforeAll(async () => {
    makeBaseImages(base)
    aws = await standIn()
    ecr = await startEcr()
    aws.builds.registry = ecr
    bin = mkdtempSync(join(tmpdir(), 'called-'))
    mkdirSync(join(bin, 'tmp'))
    const real = execFileSync('sh', ['-c', 'command -v podman'], { encoding: 'utf8' }).trim()
    writeFileSync(join(bin, 'podman'), `#!/bin/sh\necho "$@" >> ${bin}/calls\nTMPDIR=/var/tmp exec ${real} "$@"\n`)
    chmodSync(join(bin, 'podman'), 0o755)
    folder = mkdtempSync(join(tmpdir(), 'local-build-'))
    execFileSync('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], { cwd: root })
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly version: string }
    const manifest = {
      name: 'hello',
      private: true,
      dependencies: { 'agentcore-fp': `file:agentcore-fp-${version}.tgz`, 'fp-ts': '^2.16.0', 'io-ts': '^2.2.20' },
    }
    writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
    writeFileSync(join(folder, 'agent.ts'), agent(1))
    writeFileSync(join(folder, '.bedrock_agentcore.yaml'), yaml)
    execFileSync('npm', ['install', '--no-audit', '--no-fund', '--silent'], { cwd: folder })
  }, 300_000)

  afterAll(async () => {
    const images = (await podman('image', 'ls', '-q', `${registryHost}/${repository}`)).split('\n')
    await podman('rmi', '--force', ...new Set(images.filter((id) => id !== '')))
    await aws.close()
    await ecr.close()
    for (const path of [folder, bin]) rmSync(path, { recursive: true, force: true, maxRetries: 10 })
  })

  let image = ''

  it('builds for arm64, pushes with the token, and runs the image by its digest', async () => {
    const first = await deploy()
    expect(steps(first)).toEqual([
      ...['CreateRole', 'WriteRolePolicy', 'BuildHere', 'CreateRepository', 'PushImage'],
      ...['CreateRuntime', 'AwaitRuntime', 'SecureMetadata', 'AwaitRuntime', 'AwaitEndpoint'],
    ])
    image = String(first['image'])
    const digest = image.replace(`${registryHost}/${repository}@`, '')
    const manifest = await ecr.fetch(`/v2/${repository}/manifests/${digest}`)
    expect(manifest.status).toBe(200)
    const { config } = (await manifest.json()) as { readonly config: { readonly digest: string } }
    const configured = await ecr.fetch(`/v2/${repository}/blobs/${config.digest}`)
    expect(await configured.json()).toMatchObject({ architecture: 'arm64', os: 'linux', config: { User: '1000:1000' } })
    const tags = (await (await ecr.fetch(`/v2/${repository}/tags/list`)).json()) as {
      readonly tags: ReadonlyArray<string>
    }
    expect([...tags.tags].sort()).toEqual([
      expect.stringMatching(/^\d{8}-\d{6}-\d{3}$/),
      expect.stringMatching(/^source-[0-9a-f]{32}$/),
    ])
    expect(aws.requests.filter(({ service }) => service === 's3' || service === 'codebuild')).toEqual([])
  }, 420_000)

  it('keeps the token off command lines, and out of any file that stays', () => {
    const calls = readFileSync(join(bin, 'calls'), 'utf8')
    expect(calls).toContain(`login --username AWS --password-stdin ${registryHost}`)
    expect(calls).not.toContain(ecr.password)
    expect(readdirSync(join(bin, 'tmp'))).toEqual([])
    for (const path of ['/run/containers/0/auth.json', join(process.env['HOME'] ?? '', '.docker/config.json')])
      if (existsSync(path)) expect(readFileSync(path, 'utf8')).not.toContain(registryHost)
  })

  it('builds nothing again of the same source, here or in the cloud', async () => {
    const calls = readFileSync(join(bin, 'calls'), 'utf8')
    expect(await deploy()).toMatchObject({ changed: false, done: [], image })
    const added = readFileSync(join(bin, 'calls'), 'utf8').slice(calls.length)
    expect(added).not.toMatch(/^(build|push)/m)
    const { stdout } = await run('deploy', '--json')
    expect(JSON.parse(stdout)).toMatchObject({ changed: false, image })
  }, 120_000)

  it('gives an image that answers as a user who is not root, on a root that is read-only', async () => {
    const login = ['--tls-verify=true', '--creds', `AWS:${ecr.password}`]
    // What was pushed, and not what is here.
    const [built = ''] = (await podman('image', 'ls', '-q', `${registryHost}/${repository}`)).split('\n')
    await podman('rmi', '--force', built)
    await podman('pull', '--quiet', '--platform', 'linux/arm64', ...login, image)
    const [{ Config: { Cmd = [] } = {} } = {}] = JSON.parse(await podman('image', 'inspect', image)) as ReadonlyArray<{
      readonly Config?: { readonly Cmd?: ReadonlyArray<string> }
    }>
    const options = [
      '--name',
      'hello-arm',
      '--rm',
      '--read-only',
      '--read-only-tmpfs=false',
      '-p',
      '127.0.0.1:18098:8080',
    ]
    const child = spawn('podman', [...armRun(options, image, Cmd)], { stdio: ['ignore', 'pipe', 'pipe'] })
    try {
      await new Promise<void>((resolve, reject) => {
        let text = ''
        const read = (data: Buffer): void => {
          text += data.toString('utf8')
          if (text.includes(':8080')) resolve()
        }
        child.stdout.on('data', read)
        child.stderr.on('data', read)
        child.once('exit', () => reject(new Error(`it has ended: ${text}`)))
      })
      const ping = await fetch('http://127.0.0.1:18098/ping')
      expect(await ping.json()).toMatchObject({ status: 'Healthy' })
      const answer = await fetch('http://127.0.0.1:18098/invocations', { method: 'POST', body: '{"prompt":"hi"}' })
      expect(answer.headers.get('content-type')).toContain('text/event-stream')
      const [first = '', second] = (await answer.text()).split('\n\n')
      expect(JSON.parse(first.replace(/^data: /, ''))).toEqual({
        ...{ version: 1, arch: 'arm64', uid: 1000, written: 'EROFS', payload: { prompt: 'hi' } },
      })
      expect(second).toBe('data: "second"')
      const socket = new WebSocket('ws://127.0.0.1:18098/ws')
      const message = await new Promise<string>((resolve, reject) => {
        socket.once('message', (data: Buffer) => resolve(data.toString('utf8')))
        socket.once('error', reject)
      })
      expect(JSON.parse(message)).toEqual({ hello: 'socket' })
    } finally {
      execFileSync('podman', ['rm', '-f', '-t', '0', 'hello-arm'])
    }
  }, 120_000)

  it('reports a login that the registry refuses', async () => {
    aws.builds.registry = { ...ecr, password: 'expired' }
    writeFileSync(join(folder, 'agent.ts'), agent(2))
    const { code, stdout } = await run('deploy', '--local-build', '--json')
    aws.builds.registry = ecr
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({
      code: 'LOGIN_REFUSED',
      error: expect.stringMatching(`^${registryHost} refused the login of podman: `) as string,
      details: expect.arrayContaining([expect.stringMatching(/^ {2}build the image .* on this machine$/)]) as unknown,
    })
    const second = await deploy('--image-tag', 'v2')
    expect(steps(second)).toEqual(['BuildHere', 'PushImage', 'UpdateRuntime', 'AwaitRuntime', 'AwaitEndpoint'])
    expect((await ecr.fetch(`/v2/${repository}/manifests/v2`)).status).toBe(200)
  }, 420_000)

  it('can be broken off while it builds, and goes on in the next run', async () => {
    writeFileSync(join(folder, 'agent.ts'), agent(3))
    await using(
      node([main, 'deploy', '--local-build', '--verbose'], folder, env()),
      async ({ child, ended, says, stderr }) => {
        await says(/STEP \d+\/\d+: RUN/, 60_000)
        child.kill('SIGINT')
        expect(await ended).toBe(130)
        expect(stderr()).toMatch(/Stopped at: build the image[^]*agentcore deploy goes on from here/)
      },
    )
    expect(steps(await deploy())).toEqual(['BuildHere', 'PushImage', 'UpdateRuntime', 'AwaitRuntime', 'AwaitEndpoint'])
    expect(readdirSync(join(bin, 'tmp'))).toEqual([])
  }, 420_000)

  it(
    'says before it builds what a Dockerfile needs that runs commands for arm64',
    () =>
      inProject(
        { '.bedrock_agentcore.yaml': yaml, 'agent.ts': agent(1), Dockerfile: `FROM ${base}\nRUN node --version\n` },
        async ({ folder: there }) => {
          const { code, stdout } = await agentcore(there, ['deploy', '--local-build', '--dry-run', '--json'], {
            env: env(),
          })
          const isEmulated = process.arch === 'arm64' || emulatesArm()
          expect([code, JSON.parse(stdout)]).toEqual(
            isEmulated
              ? [0, expect.objectContaining({ dryRun: true })]
              : [
                  1,
                  expect.objectContaining({
                    code: 'NO_EMULATION',
                    error: expect.stringContaining('qemu-user-static') as string,
                  }),
                ],
          )
        },
      ),
    60_000,
  )

  it(
    'shows the step of a build that fails, when nothing is made yet',
    () =>
      inProject(
        {
          '.bedrock_agentcore.yaml': yaml.replaceAll('hello', 'other'),
          'agent.ts': agent(1),
          Dockerfile: `FROM ${base}\nCOPY missing.js .\n`,
        },
        async ({ folder: there }) => {
          const { code, stdout } = await agentcore(there, ['deploy', '--local-build', '--json'], { env: env() })
          expect([code, JSON.parse(stdout)]).toEqual([
            1,
            expect.objectContaining({
              code: 'IMAGE_FAILED',
              details: expect.arrayContaining([expect.stringContaining('COPY missing.js')]) as unknown,
            }),
          ])
        },
      ),
    60_000,
  )

  it('destroys the repository with its images', async () => {
    const { code, stdout } = await run('destroy', '--force', '--json')
    expect([code, JSON.parse(stdout)]).toEqual([
      0,
      expect.objectContaining({
        removed: [
          expect.objectContaining({ _tag: 'RemoveRuntime' }),
          expect.objectContaining({ _tag: 'RemoveRepository' }),
          expect.objectContaining({ _tag: 'RemoveRole' }),
        ],
      }),
    ])
    expect(judge(aws.requests).faults).toEqual([])
  }, 60_000)
})
