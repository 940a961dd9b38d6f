import { execFileSync } from 'node:child_process'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import type { PublicRecord } from '../../lib/config/LocalRecord'
import { node, type Project, until, using } from '../cli/support'
import { agentcore, main } from '../cli/world'
import { eventually, isAlive } from '../local/support'
import { bystander, hostile, identityOf, ownState, stranger, treeOf } from './folderSupport'

ownState()

const deploy = async ({ folder }: Project, ...more: ReadonlyArray<string>): Promise<PublicRecord> => {
  const words = ['deploy', '--local', '--detach', '--json', '--port', '0', ...more]
  const { code, stdout, stderr } = await agentcore(folder, words)
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
  return JSON.parse(stdout) as PublicRecord
}

const ask = async (endpoint: string, letter: string): Promise<number> => {
  const headers = { 'x-amzn-bedrock-agentcore-runtime-session-id': letter.repeat(36) }
  const answer = await fetch(`${endpoint}/invocations`, { method: 'POST', body: '{}', headers })
  return ((await answer.json()) as { readonly pid: number }).pid
}

const stop = async ({ folder }: Project): Promise<Readonly<Record<string, unknown>>> => {
  const { code, stdout, stderr } = await agentcore(folder, ['stop', '--json'])
  expect([code, stderr]).toEqual([0, ''])
  return JSON.parse(stdout) as Readonly<Record<string, unknown>>
}

/** Uses a runtime, and ends it. */
const deployed = async (project: Project, use: (record: PublicRecord) => Promise<void>): Promise<void> => {
  const record = await deploy(project)
  try {
    await use(record)
  } finally {
    await stop(project)
  }
}

describe('what deploy keeps in a project', () => {
  it('is for this user alone, whatever the umask and the modes that were there', async () => {
    const before = process.umask(0)
    try {
      await hostile({}, async (project) => {
        mkdirSync(join(project.folder, '.bedrock_agentcore/agent'), { recursive: true, mode: 0o777 })
        project.write('.bedrock_agentcore/local/agent.log', '')
        await deployed(project, async ({ endpoint }) => {
          await ask(endpoint, 'a')
          const state = join(project.folder, '.bedrock_agentcore')
          const open = treeOf(state).filter(([path, mode]) => (mode & 0o077) !== 0 && !lstatSync(path).isSymbolicLink())
          expect([open, lstatSync(state).mode & 0o777]).toEqual([[], 0o700])
        })
      })
    } finally {
      process.umask(before)
    }
  }, 60_000)

  it(
    'holds a secret that no output shows',
    () =>
      hostile({}, (project) =>
        deployed(project, async (record) => {
          const { control } = JSON.parse(
            readFileSync(join(project.folder, '.bedrock_agentcore/local/agent.json'), 'utf8'),
          ) as { readonly control: string }
          const status = await agentcore(project.folder, ['status', '--json', '--verbose'])
          expect(status).toMatchObject({ code: 0, stdout: expect.stringContaining('"running"') })
          const all = JSON.stringify([record, status, await (await fetch(record.endpoint)).text()])
          expect(all).not.toContain(control)
          expect(Object.keys(record)).not.toEqual(expect.arrayContaining(['control']))
        }),
      ),
    60_000,
  )
})

describe('a link below .bedrock_agentcore', () => {
  const bring = (folder: string, path: string, target: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    symlinkSync(target, join(folder, path))
  }

  it.each([
    ['agent/build', '.'],
    ['local/agent.log', 'own.log'],
    ['local/agent/logs', '.'],
    ['local/agent/sessions', '.'],
    ['local/agent/processes', '.'],
  ])('is not followed by deploy: %s', (path, target) =>
    hostile({}, async (project, elsewhere) => {
      bring(project.folder, `.bedrock_agentcore/${path}`, join(elsewhere, target))
      const { code, stderr } = await agentcore(project.folder, ['deploy', '--local', '--detach', '--port', '0'])
      expect([code, stderr]).toEqual([1, expect.stringMatching(/is a symbolic link/)])
    }),
  )

  it('is not followed by the compiler', () =>
    hostile({ 'agent.ts': 'export {}' }, async (project, elsewhere) => {
      bring(project.folder, '.bedrock_agentcore/agent/types.tsbuildinfo', join(elsewhere, 'own.log'))
      const yaml = readFileSync(join(project.folder, '.bedrock_agentcore.yaml'), 'utf8')
      project.write('.bedrock_agentcore.yaml', yaml.replace('agent.js', 'agent.ts'))
      const { code, stderr } = await agentcore(project.folder, ['deploy', '--local', '--detach', '--verbose'])
      expect([code, stderr]).toEqual([1, expect.stringMatching(/types\.tsbuildinfo is a symbolic link/)])
    }))

  it('or a FIFO in place of the log does not hold deploy up', () =>
    hostile({}, async (project) => {
      mkdirSync(join(project.folder, '.bedrock_agentcore/local'), { recursive: true })
      execFileSync('mkfifo', [join(project.folder, '.bedrock_agentcore/local/agent.log')])
      const { code, stderr } = await agentcore(project.folder, ['deploy', '--local', '--detach', '--port', '0'])
      expect([code, stderr]).toEqual([1, expect.stringMatching(/is not a regular file/)])
    }))

  it('in place of the record, of a lock or of the older log is replaced or refused, never written through', () =>
    hostile({}, async (project, elsewhere) => {
      bring(project.folder, '.bedrock_agentcore/local/agent.json.tmp', join(elsewhere, 'own.log'))
      bring(project.folder, '.bedrock_agentcore/local/agent.log.1', join(elsewhere, 'own.log'))
      await deployed(project, async ({ endpoint }) => {
        expect(await ask(endpoint, 'a')).toBeGreaterThan(1)
      })
    }))
})

describe('a record that came with the project', () => {
  it(
    'ends no process when the agent is deployed, and is told of',
    () =>
      bystander((pid) =>
        stranger({ runtime: { pid } }, (endpoint, seen) =>
          hostile({}, async (project) => {
            const record = { agent: 'agent', pid, identity: identityOf(pid), port: 1, endpoint, arn: '', control: '' }
            project.write('.bedrock_agentcore/local/agent.json', JSON.stringify({ ...record, startedAt: '' }))
            const { code, stderr } = await agentcore(project.folder, ['deploy', '--local', '--detach', '--port', '0'])
            await stop(project)
            expect([code, stderr]).toEqual([
              0,
              expect.stringMatching(/agent\.json was not written by your agentcore commands/),
            ])
            expect(seen).toEqual([])
          }),
        ),
      ),
    60_000,
  )
})

describe('agentcore dev', () => {
  it(
    'writes through no link',
    () =>
      hostile({}, async (project, elsewhere) => {
        symlinkSync(elsewhere, join(project.folder, '.bedrock_agentcore'))
        await using(node([main, 'dev', '--port', '0'], project.folder), async ({ says }) => {
          await says(/is a symbolic link/)
        })
      }),
    60_000,
  )
})

describe('a built program that came with the project', () => {
  it(
    'is not run in place of the source',
    () =>
      hostile({}, async (project) => {
        await deployed(project, async () => Promise.resolve())
        const builds = join(project.folder, '.bedrock_agentcore/agent/build')
        const [name = ''] = readdirSync(builds)
        const own = readFileSync(join(builds, name, 'main.js'), 'utf8')
        writeFileSync(
          join(builds, name, 'main.js'),
          `require('node:fs').writeFileSync(${JSON.stringify(join(project.folder, 'ran'))}, '')`,
        )
        await deployed(project, async ({ endpoint }) => {
          expect(await ask(endpoint, 'a')).toBeGreaterThan(1)
        })
        expect(readFileSync(join(builds, name, 'main.js'), 'utf8')).toBe(own)
        expect(existsSync(join(project.folder, 'ran'))).toBe(false)
      }),
    60_000,
  )
})

describe('a local runtime that is killed', () => {
  it(
    'takes its agents with it, and stop ends one that could not notice',
    () =>
      hostile({}, async (project) => {
        const { endpoint, pid } = await deploy(project)
        const [well, stuck] = [await ask(endpoint, 'a'), await ask(endpoint, 'b')]
        process.kill(stuck, 'SIGSTOP')
        process.kill(pid, 'SIGKILL')
        await eventually(() => !isAlive(well), 'the agent has noticed')
        expect(isAlive(stuck)).toBe(true)
        expect((await agentcore(project.folder, ['status'])).stdout).toMatch(/exited unexpectedly/)
        const { stdout } = await agentcore(project.folder, ['stop'])
        expect(stdout).toBe('The local runtime of agent had been killed; stopped 1 agent that it left behind\n')
        await eventually(() => !isAlive(stuck), 'it is gone')
        expect(await stop(project)).toEqual({ agent: 'agent', stopped: false, sessions: 0, recovered: 0 })
        expect(readdirSync(join(project.folder, '.bedrock_agentcore/local/agent/sessions'))).toEqual([])
      }),
    60_000,
  )

  it(
    'that hangs is ended by stop all the same',
    () =>
      hostile({}, async (project) => {
        const { endpoint, pid } = await deploy(project)
        const agent = await ask(endpoint, 'a')
        process.kill(pid, 'SIGSTOP')
        expect(await stop(project)).toMatchObject({ stopped: true })
        await until(
          () => (isAlive(pid) || isAlive(agent) ? undefined : true),
          () => 'both are gone',
        )
      }),
    90_000,
  )
})

describe('a runtime that checks its callers', () => {
  it(
    'shows sessions to agentcore status alone',
    () =>
      hostile({}, async (project) => {
        const env = { AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'secret' }
        const words = ['deploy', '--local', '--detach', '--json', '--port', '0', '--auth', 'sigv4']
        const { stdout } = await agentcore(project.folder, words, { env })
        const { endpoint } = JSON.parse(stdout) as PublicRecord
        try {
          const invoked = await agentcore(project.folder, ['invoke', '{}', '--local', '--json'], { env })
          expect(invoked).toMatchObject({ code: 0 })
          for (const field of ['', 'x', 'a.b', 'a.b.c', `${'n'.repeat(24)}.${'p'.repeat(43)}`]) {
            const answer = await fetch(endpoint, { headers: { 'x-agentcore-control': field } })
            expect([answer.status, await answer.text()]).toEqual([403, expect.not.stringMatching(/pid|session-|\.log/)])
          }
          const status = await agentcore(project.folder, ['status', '--json'])
          const [{ local } = { local: {} }] = (
            JSON.parse(status.stdout) as { readonly agents: ReadonlyArray<{ readonly local: unknown }> }
          ).agents
          expect(local).toMatchObject({ state: 'running', sessions: [{ state: 'ready', pid: expect.any(Number) }] })
        } finally {
          await stop(project)
          rmSync(join(project.folder, '.bedrock_agentcore'), { recursive: true, force: true, maxRetries: 10 })
        }
      }),
    60_000,
  )
})
