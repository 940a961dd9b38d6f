import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { isAlive } from '../../../lib/node/process/Processes'
import { inProject, node, using } from '../support'
import { agent, ask, background, bin, deploy, deploying, gone, leavesNothingOn, recordPath, yaml } from './deploying'

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
      /no key\nThe agent exited with code 3 before it responded to \/ping/,
    ))

  it('that does not serve is told what to do', () =>
    attempt('exports.nothing = 1', /call app\.run\(\), or export the app/))
})

describe('deploy --local in the foreground', () => {
  it('shows what sessions write, and leaves nothing on SIGINT', () => leavesNothingOn('SIGINT'))

  it('takes no --json without --detach', async () => {
    await deploying({ 'agent.js': agent(1) }, async (project) => {
      expect((await deploy(project, '--local', '--json')).code).toBe(2)
    })
  })
})

describe('isolation', () => {
  it('of another kind is a wrong command line', async () => {
    await deploying({ 'agent.js': agent(1) }, async (project) => {
      const { code, stderr } = await deploy(project, '--local', '--isolation', 'vm')
      expect([code, stderr]).toEqual([2, expect.stringMatching(/^--isolation: expected process, container or none/)])
    })
  })
})

describe('deploy without --local', () => {
  it('takes no flags for this machine, nor --local those for AWS', async () => {
    await deploying({ 'agent.js': agent(1) }, async (project) => {
      const cloud = await deploy(project, '--port', '9000')
      expect([cloud.code, cloud.stderr]).toEqual([2, '--port is for agents on this machine: add --local, or omit it\n'])
      const local = await deploy(project, '--local', '--dry-run')
      expect([local.code, local.stderr]).toEqual([2, '--dry-run is for deployments to AWS: omit it, or omit --local\n'])
    })
  })

  it.each(['direct_code_deploy', 'container'])(
    'needs credentials of AWS for %s, and says how to get them',
    async (type) => {
      await deploying({ 'agent.js': agent(1) }, async (project) => {
        project.write('.bedrock_agentcore.yaml', yaml.replace('direct_code_deploy', type))
        const { code, stdout, stderr } = await deploy(project)
        expect([code, stdout]).toEqual([1, ''])
        expect(stderr).toMatch(/^No AWS credentials found: set AWS_PROFILE or pass --profile/)
      })
    },
  )
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
