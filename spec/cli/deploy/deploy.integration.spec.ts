/** What of `agentcore deploy --local` takes its time: deploying over one that runs, types, signals, isolation. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { LocalRecord } from '../../../lib/config/LocalRecord'
import { node, until, using } from '../support'
import { agent, ask, background, bin, deploy, deploying, gone, leavesNothingOn, recordPath, yaml } from './deploying'

describe('deploy --local --detach', () => {
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

describe('an agent', () => {
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
  it('shows what sessions write, and leaves nothing on SIGTERM', () => leavesNothingOn('SIGTERM'))

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
        expect(await ended).toBe(130)
        expect(command.stderr()).toMatch(/Cancelled/)
        await gone(pid)
      })
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
})
