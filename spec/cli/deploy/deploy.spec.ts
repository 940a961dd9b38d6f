import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { isAlive } from '../../../lib/node/file/FileLock'
import type { LocalRecord } from '../../../lib/config/LocalRecord'
import { inProject, node, type Project, root, until, using } from '../support'

const bin = join(root, 'dist/lib/cli/main.js')

const yaml = `default_agent: agent
agents:
  agent:
    name: agent
    entrypoint: agent.js
    deployment_type: direct_code_deploy
    aws:
      region: eu-west-1
      lifecycle_configuration:
        idle_runtime_session_timeout: 120
        max_lifetime: 240
`

const agent = (version: number): string => `
const { createApp, entrypoint, Handler } = require('agentcore-fp')
let calls = 0
exports.app = createApp(entrypoint(Handler.fromSync(() => ({
  version: ${version}, calls: ++calls, pid: process.pid, own: process.env.OWN, shell: process.env.SHELL_ONLY, region: process.env.AWS_REGION,
}))))
`

interface Deployed {
  readonly code: number | NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
  readonly record: LocalRecord & { readonly next: ReadonlyArray<string> }
}

const deploy = async ({ folder }: Project, ...args: ReadonlyArray<string>): Promise<Deployed> => {
  const command = node([bin, 'deploy', ...args], folder, { SHELL_ONLY: 'x', AWS_REGION: undefined })
  const code = await command.ended
  const stdout = command.stdout()
  const record = (args.includes('--json') ? JSON.parse(stdout) : {}) as Deployed['record']
  return { code, stdout, stderr: command.stderr(), record }
}

const background = ['--local', '--detach', '--json'] as const

const recordPath = ({ folder }: Project): string => join(folder, '.bedrock_agentcore/local/agent.json')

const gone = (pid: number): Promise<true> =>
  until(
    () => (isAlive(pid) ? undefined : true),
    () => `${pid} is gone`,
    20_000,
  )

/** A project, and at its end nothing of it that runs. */
const deploying = (files: Readonly<Record<string, string>>, use: (project: Project) => Promise<void>): Promise<void> =>
  inProject({ '.bedrock_agentcore.yaml': yaml, ...files }, async (project) => {
    try {
      await use(project)
    } finally {
      if (existsSync(recordPath(project))) {
        const { pid } = JSON.parse(readFileSync(recordPath(project), 'utf8')) as LocalRecord
        if (isAlive(pid)) process.kill(pid, 'SIGTERM')
        await gone(pid)
      }
    }
  })

const ask = async (url: string, session = 's'.repeat(36)): Promise<Readonly<Record<string, unknown>>> => {
  const headers = { 'x-amzn-bedrock-agentcore-runtime-session-id': session }
  const answer = await fetch(`${url}/invocations`, { method: 'POST', body: '{}', headers })
  return (await answer.json()) as Readonly<Record<string, unknown>>
}

describe('deploy --local --detach', () => {
  it('builds, starts in the background, and says where and what next', async () => {
    await deploying({ 'agent.js': agent(1) }, async (project) => {
      const { code, stderr, record } = await deploy(project, ...background, '--env', 'OWN=mine', '--port', '0')
      expect([code, stderr]).toEqual([
        0,
        expect.stringMatching(
          /^✓ Bundled agent\.js into one CommonJS file .*\n✓ The agent started and responded to \/ping after .*\n$/,
        ),
      ])
      expect(record).toMatchObject({
        agent: 'agent',
        arn: expect.stringMatching(/^arn:aws:bedrock-agentcore:eu-west-1:000000000000:runtime\/agent-\w{10}$/),
        endpoint: `http://127.0.0.1:${record.port}`,
        isolation: 'process',
      })
      expect(JSON.parse(readFileSync(recordPath(project), 'utf8'))).toMatchObject({
        pid: record.pid,
        port: record.port,
      })
      expect(isAlive(record.pid)).toBe(true)
      expect(await ask(record.endpoint)).toMatchObject({ calls: 1, own: 'mine', region: 'eu-west-1' })
      expect(await ask(record.endpoint)).toMatchObject({ calls: 2 })
      expect(await ask(record.endpoint, 't'.repeat(36))).toMatchObject({ calls: 1 })
      expect(await ask(record.endpoint)).not.toHaveProperty('shell')
      const overview = (await (await fetch(`${record.endpoint}/`)).json()) as Readonly<Record<string, unknown>>
      expect(overview['lifecycle']).toEqual({ idleRuntimeSessionTimeout: 120, maxLifetime: 240 })
      expect(record.next[0]).toBe(`agentcore invoke --local '{"prompt": "Hello"}'`)
    })
  })

  it('replaces the one that runs, at its port, when it is deployed again', async () => {
    await deploying({ 'agent.js': agent(1) }, async (project) => {
      const first = (await deploy(project, ...background, '--port', '0')).record
      const { pid } = await ask(first.endpoint)
      project.write('agent.js', agent(2))
      const { record, stderr } = await deploy(project, ...background)
      expect(stderr).toMatch(/Stopped the runtime at/)
      expect(record.port).toBe(first.port)
      expect(await ask(record.endpoint)).toMatchObject({ version: 2, calls: 1 })
      await gone(first.pid)
      await gone(Number(pid))
    })
  })

  it('leaves the one that runs alone where the new source is wrong', async () => {
    await deploying({ 'agent.js': agent(1) }, async (project) => {
      const { record } = await deploy(project, ...background, '--port', '0')
      project.write('agent.js', 'const = 1')
      const failed = await deploy(project, '--local', '--detach')
      expect(failed.code).toBe(1)
      expect(failed.stdout).toBe('')
      expect(failed.stderr).toMatch(
        /^agent\.js:1:7: Expected identifier[\s\S]*The agent could not be bundled \(1 error\)/,
      )
      expect(await ask(record.endpoint)).toMatchObject({ version: 1 })
    })
  })

  it('of two at once ends one for the other, and leaves one that runs', async () => {
    await deploying({ 'agent.js': agent(1) }, async (project) => {
      const both = await Promise.all([1, 2].map(() => deploy(project, ...background, '--port', '0')))
      expect(both.map(({ code }) => code)).toEqual([0, 0])
      const { pid, endpoint } = JSON.parse(readFileSync(recordPath(project), 'utf8')) as LocalRecord
      expect(await ask(endpoint)).toMatchObject({ version: 1 })
      await Promise.all(both.filter(({ record }) => record.pid !== pid).map(({ record }) => gone(record.pid)))
    })
  })

  it('leaves no process of an agent when the runtime was killed, after the next start', async () => {
    await deploying({ 'agent.js': agent(1) }, async (project) => {
      const { record } = await deploy(project, ...background, '--port', '0')
      const orphans = await Promise.all(['a', 'b', 'c'].map((letter) => ask(record.endpoint, letter.repeat(36))))
      process.kill(Number(orphans[0]?.['pid']), 'SIGSTOP') // else it would end by itself
      process.kill(record.pid, 'SIGKILL')
      await gone(record.pid)
      const again = await deploy(project, ...background, '--port', '0')
      expect(again.code).toBe(0)
      await Promise.all(orphans.map(({ pid }) => gone(Number(pid))))
    })
  })
})

describe('a port', () => {
  const taken = async (use: (port: number) => Promise<void>): Promise<void> => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    await use(typeof address === 'object' && address !== null ? address.port : 0).finally(() => server.close())
  }

  it('that is asked for and taken is a failure, told before anything is built', async () => {
    await deploying({ 'agent.js': agent(1) }, (project) =>
      taken(async (port) => {
        const { code, stderr } = await deploy(project, '--local', '--detach', '--port', String(port))
        expect([code, stderr]).toEqual([
          1,
          `Port ${port} is in use: stop the program that uses it, or choose another --port\n`,
        ])
        expect(existsSync(recordPath(project))).toBe(false)
      }),
    )
  })

  it('that is no port is a wrong command line', async () => {
    await deploying({ 'agent.js': agent(1) }, async (project) => {
      const { code, stderr } = await deploy(project, '--local', '--port', '70000')
      expect([code, stderr]).toEqual([2, expect.stringMatching(/^--port: expected a port from 0 to 65535/)])
    })
  })
})

describe('an agent', () => {
  const attempt = async (text: string, shows: RegExp, code = 'AGENT_FAILED'): Promise<void> => {
    await deploying({ 'agent.js': text }, async (project) => {
      const failed = await deploy(project, ...background, '--verbose')
      expect([failed.code, failed.record]).toEqual([1, expect.objectContaining({ code })])
      expect(failed.stderr).toMatch(shows)
      expect(existsSync(recordPath(project))).toBe(false)
    })
  }

  it('that ends at once is told with its output, before anyone calls it', () =>
    attempt(
      'console.error("no key"); process.exit(3)',
      /The agent exited with code 3 before it answered \/ping[\s\S]*no key/,
    ))

  it('that does not serve is told what to do', () =>
    attempt('exports.nothing = 1', /call app\.run\(\), or export the app/))

  it('whose types do not fit is refused, with what the compiler says', async () => {
    const wrong = {
      'agent.ts': 'export const n: number = "x"',
      '.bedrock_agentcore.yaml': yaml.replace('agent.js', 'agent.ts'),
    }
    await deploying(wrong, async (project) => {
      const { code, stderr } = await deploy(project, '--local', '--detach')
      expect(code).toBe(1)
      expect(stderr).toMatch(/agent\.ts:1:14: error TS2322: .*\n.*The agent does not type-check \(1 error\)/)
    })
  }, 60_000)
})

describe('deploy --local in the foreground', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('shows what sessions write, and leaves nothing on %s', async (signal) => {
    await deploying({ 'agent.js': `${agent(1)}\nconsole.log('hello from inside')` }, (project) =>
      using(node([bin, 'deploy', '--local', '--port', '0'], project.folder), async (command) => {
        const [, url = ''] = await command.says(/Endpoint {2}(http:\S+)/)
        const { pid } = await ask(url)
        await command.says(/ssssssss \| hello from inside/)
        command.child.kill(signal)
        expect(await command.ended).toBe(0)
        expect(existsSync(recordPath(project))).toBe(false)
        await gone(Number(pid))
      }),
    )
  })

  it('is broken off while the agent starts, and leaves nothing', async () => {
    const stuck = `require('fs').writeFileSync(process.env.PID_FILE, String(process.pid)); setInterval(() => 0, 1000)\nmodule.exports = { listen: (x) => x.listen() }`
    await deploying({ 'agent.js': stuck }, async (project) => {
      const file = join(project.folder, 'pid')
      const command = node([bin, 'deploy', '--local', '--env', `PID_FILE=${file}`], project.folder)
      await using(command, async ({ child, ended }) => {
        const text = (): string => (existsSync(file) ? readFileSync(file, 'utf8') : '')
        const pid = await until(
          () => (text() === '' ? undefined : Number(text())),
          () => command.output(),
        )
        child.kill('SIGINT')
        expect(await ended).toBe(1)
        expect(command.stderr()).toMatch(/Cancelled/)
        await gone(pid)
      })
    })
  })

  it('takes no --json without --detach', async () => {
    await deploying({ 'agent.js': agent(1) }, async (project) => {
      expect((await deploy(project, '--local', '--json')).code).toBe(2)
    })
  })
})

describe('isolation', () => {
  it('none lets all sessions share one agent', async () => {
    await deploying({ 'agent.js': agent(1) }, async (project) => {
      const { record } = await deploy(project, ...background, '--isolation', 'none', '--port', '0')
      expect(record.isolation).toBe('none')
      expect(await ask(record.endpoint)).toMatchObject({ calls: 1 })
      expect(await ask(record.endpoint, 't'.repeat(36))).toMatchObject({ calls: 2 })
    })
  })

  it('container says what is wrong with the engine that is configured', async () => {
    const engines = yaml.replace('direct_code_deploy', 'container\n    container_runtime: docker')
    await deploying({ 'agent.js': agent(1), '.bedrock_agentcore.yaml': engines }, async (project) => {
      const folder = join(project.folder, 'bin')
      mkdirSync(folder)
      writeFileSync(
        join(folder, 'docker'),
        '#!/bin/sh\necho "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?" >&2\nexit 1\n',
        { mode: 0o755 },
      )
      const command = node([bin, 'deploy', '--local'], project.folder, {
        PATH: folder + ':' + (process.env['PATH'] ?? ''),
      })
      expect(await command.ended).toBe(1)
      expect(command.stderr()).toMatch(/docker is installed but not running: start Docker Desktop/)
    })
  })

  it('of another kind is a wrong command line', async () => {
    await deploying({ 'agent.js': agent(1) }, async (project) => {
      const { code, stderr } = await deploy(project, '--local', '--isolation', 'vm')
      expect([code, stderr]).toEqual([2, expect.stringMatching(/^--isolation: expected process, container or none/)])
    })
  })
})

describe('deploy without --local', () => {
  it('says clearly that it is not there yet', async () => {
    await deploying({ 'agent.js': agent(1) }, async (project) => {
      const { code, stdout, stderr } = await deploy(project)
      expect([code, stdout]).toEqual([1, ''])
      expect(stderr).toBe(
        'Deployment to the cloud is not supported yet: use agentcore deploy --local to run the agent on this machine\n',
      )
    })
  })
})

describe('agentcore build', () => {
  it('writes the program to a folder, as one of its own', async () => {
    await inProject({ 'agent.js': agent(1) }, async ({ folder }) => {
      const command = node([bin, 'build', '--entrypoint', 'agent.js', '--json'], folder)
      expect(await command.ended).toBe(0)
      const { main } = JSON.parse(command.stdout()) as { readonly main: string }
      expect(main).toBe(join(folder, 'dist/main.js'))
      await using(node([main], folder, { PORT: '0' }), async (agentProcess) => {
        await agentProcess.says(/Listening on/)
      })
    })
  })
})
