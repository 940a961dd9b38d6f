import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/Either'
import * as LocalRecord from '../../lib/config/LocalRecord'
import { readSealed, writeSealed } from '../../lib/config/Sealed'
import { newControl } from '../../lib/local/dataplane/Control'
import { registryIn } from '../../lib/local/launch/Registry'
import { node, root } from '../cli/support'
import { agentcore } from '../cli/world'
import { inFolder } from '../config/support'
import { bystander, hostile, identityOf, ownState, stranger, yaml } from './folderSupport'

ownState()

const arn = 'arn:aws:bedrock-agentcore:eu-west-1:000000000000:runtime/agent-AbCdEf1234'
const token = 'aaaaaaaa.bbbbbbbb.cccccccc'
const withToken = { env: { BEDROCK_AGENTCORE_BEARER_TOKEN: token, AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE' } }

const recordFile = '.bedrock_agentcore/local/agent.json'

const overviewOf = (pid: number): unknown => ({
  runtime: { pid, url: 'http://127.0.0.1:1', started: '', isolation: 'process' },
  agent: { name: 'agent', arn },
  sessions: [],
  lifecycle: {},
  limits: {},
})

const recordOf = (pid: number, endpoint: string): LocalRecord.LocalRecord => ({
  ...{ agent: 'agent', pid, identity: identityOf(pid), port: Number(new URL(endpoint).port), endpoint, arn },
  ...{ startedAt: new Date(0).toISOString(), auth: 'jwt', control: newControl() },
})

const refusal = /^\.bedrock_agentcore\/local\/agent\.json was not written by your agentcore commands in this folder/

describe('a record of a runtime that came with the project', () => {
  it(
    'is sent neither a payload nor a token',
    () =>
      bystander((pid) =>
        stranger(overviewOf(pid), (endpoint, seen) =>
          hostile({ [recordFile]: JSON.stringify(recordOf(pid, endpoint)) }, async ({ folder }) => {
            for (const words of [
              ['invoke', 'x'],
              ['invoke', 'x', '--local'],
              ['stop-session', '--session-id', 's'.repeat(36)],
            ]) {
              const { code, stderr } = await agentcore(folder, words, withToken)
              expect([code, stderr]).toEqual([1, expect.stringMatching(refusal)])
            }
            expect((await agentcore(folder, ['status'], withToken)).stdout).toMatch(
              /was not written by your agentcore commands/,
            )
            expect(seen).toEqual([])
          }),
        ),
      ),
    30_000,
  )

  it('ends no process, whatever answers at its endpoint', () =>
    bystander((pid) =>
      stranger(overviewOf(pid), (endpoint) =>
        hostile({ [recordFile]: JSON.stringify(recordOf(pid, endpoint)) }, async ({ folder }) => {
          const { code, stderr } = await agentcore(folder, ['stop'])
          expect([code, stderr]).toEqual([1, expect.stringMatching(refusal)])
        }),
      ),
    ))

  it('and was copied from another folder of this user is not believed', () =>
    bystander((pid) =>
      stranger(overviewOf(pid), (endpoint, seen) =>
        hostile({}, (own) =>
          hostile({}, async (copy) => {
            expect(await LocalRecord.write(own.folder, recordOf(pid, endpoint))()).toEqual(E.right(undefined))
            copy.write(recordFile, readFileSync(join(own.folder, recordFile), 'utf8'))
            const { code, stderr } = await agentcore(copy.folder, ['invoke', 'x'], withToken)
            expect([code, stderr]).toEqual([1, expect.stringMatching(refusal)])
            expect(seen).toEqual([])
          }),
        ),
      ),
    ))

  it.each([
    ['a FIFO', (path: string): void => void execFileSync('mkfifo', [path])],
    ['a folder', (path: string) => mkdirSync(path)],
    ['a link', (path: string) => symlinkSync('/etc/hostname', path)],
    ['a very large file', (path: string) => writeFileSync(path, Buffer.alloc(2_000_000, ' '))],
    ['text', (path: string) => writeFileSync(path, '}{')],
    ['a list', (path: string) => writeFileSync(path, '[]')],
  ] as const)('is told of and ignored where it is %s', (_, make) =>
    hostile({}, async ({ folder }) => {
      mkdirSync(join(folder, '.bedrock_agentcore/local'), { recursive: true })
      make(join(folder, recordFile))
      const { code, stderr } = await agentcore(folder, ['invoke', 'x', '--local'], withToken)
      expect([code, stderr]).toEqual([
        1,
        expect.stringMatching(/(agent\.json was not written|Could not read .*agent\.json)/),
      ])
    }),
  )
})

describe('a record of this user', () => {
  it('does not end a later process with the id of the runtime', () =>
    bystander((pid) =>
      stranger(overviewOf(pid), (endpoint, seen) =>
        hostile({}, async ({ folder }) => {
          const record = { ...recordOf(pid, endpoint), identity: identityOf(process.pid) }
          await LocalRecord.write(folder, record)()
          const stopped = await agentcore(folder, ['stop', '--json'])
          expect([stopped.code, JSON.parse(stopped.stdout)]).toMatchObject([0, { stopped: false }])
          expect(existsSync(join(folder, recordFile))).toBe(false)
          expect(seen).toEqual([])
        }),
      ),
    ))

  it('sends nothing to another server that has taken the port of the runtime', () =>
    bystander((pid) =>
      stranger(overviewOf(pid), (endpoint, seen) =>
        hostile({}, async ({ folder }) => {
          const record = recordOf(pid, endpoint)
          await LocalRecord.write(folder, record)()
          const { code, stderr } = await agentcore(folder, ['invoke', 'x'], withToken)
          expect([code, stderr]).toEqual([1, expect.stringMatching(/another program responds there/)])
          expect(seen).toEqual([expect.stringMatching(/^GET \/ /)])
          expect(seen.join()).not.toContain(token)
          expect(seen.join()).not.toContain(record.control)
        }),
      ),
    ))

  it.each([
    { pid: -1 },
    { pid: 0 },
    { pid: 1 },
    { pid: 2.5 },
    { endpoint: 'http://evil.test:80' },
    { endpoint: 'http://127.0.0.1:80@evil.test' },
    { endpoint: 'https://127.0.0.1:80/x' },
    { control: undefined },
  ])('that holds %j is refused, even with its seal', (wrong) =>
    hostile({}, async ({ folder }) => {
      const record = { ...recordOf(process.pid, 'http://127.0.0.1:1'), ...wrong }
      await writeSealed(LocalRecord.toPath(folder, 'agent'), record)
      expect(await LocalRecord.read(folder, 'agent')()).toMatchObject({ _tag: 'Left', left: { _tag: 'Malformed' } })
    }),
  )
})

describe('a list of what a runtime has started', () => {
  const entry = (folder: string, more: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => ({
    ...{ pid: 999_999, identity: 'a', owner: { pid: 999_998, identity: 'b' }, folder, ...more },
  })

  it('that came with the project runs no command, removes no folder and ends no process', () =>
    bystander((pid) =>
      hostile({}, async (project, elsewhere) => {
        const ran = join(project.folder, 'ran')
        const state = '.bedrock_agentcore/local/agent/processes'
        project.write(`${state}/999999.json`, JSON.stringify(entry(elsewhere, { undo: ['touch', ran] })))
        project.write(`${state}/${pid}.json`, JSON.stringify(entry(elsewhere, { pid, identity: identityOf(pid) })))
        const { code, stdout, stderr } = await agentcore(project.folder, ['stop'])
        expect([code, stdout]).toEqual([0, 'No local runtime of agent was running\n'])
        expect(stderr).toMatch(/2 of the files in .*processes were not written by agentcore for you in this folder/)
        expect(existsSync(ran)).toBe(false)
      }),
    ))

  it('with its seal says what was started, and no command, no folder elsewhere and no link to one', () =>
    hostile({}, async ({ folder }, elsewhere) => {
      const state = join(folder, '.bedrock_agentcore/local/agent')
      const write = (pid: number, value: Readonly<Record<string, unknown>>): Promise<void> =>
        writeSealed(join(state, 'processes', `${pid}.json`), value)
      mkdirSync(join(state, 'sessions/own'), { recursive: true })
      symlinkSync(elsewhere, join(state, 'sessions/link'))
      const ran = join(folder, 'ran')
      const container = { engine: 'touch', name: ran }
      await write(999_991, entry(join(state, 'sessions/own'), { pid: 999_991, container, undo: ['touch', ran] }))
      await write(999_992, entry(elsewhere, { pid: 999_992 }))
      await write(999_993, entry(join(state, 'sessions/link'), { pid: 999_993 }))
      await write(999_994, entry(join(state, 'sessions/..'), { pid: 999_994 }))
      await write(999_995, entry('/', { pid: 999_995 }))
      await write(999_996, entry(elsewhere, { pid: -1 }))
      expect(await registryIn(state).recover()).toMatchObject({
        ended: [],
        ignored: [expect.stringContaining('999996')],
      })
      expect([existsSync(ran), existsSync(join(state, 'sessions/own')), existsSync(state)]).toEqual([
        false,
        false,
        true,
      ])
    }))

  it('removes a container by the engine and the name alone', () =>
    hostile({}, async ({ folder, write }) => {
      const said = join(folder, 'said')
      chmodSync(write('bin/podman', `#!/bin/sh\necho "$0 $@" >> ${said}\n`), 0o755)
      const state = join(folder, '.bedrock_agentcore/local/agent')
      const name = 'agentcore-00000000-0000-4000-8000-000000000007'
      const container = { engine: 'podman', name }
      await writeSealed(join(state, 'processes/999999.json'), { ...entry('', { container }), folder: undefined })
      const env = { PATH: `${join(folder, 'bin')}:${process.env['PATH'] ?? ''}` }
      const { stdout } = await agentcore(folder, ['stop'], { env })
      expect(stdout).toMatch(/stopped 1 agent that it left behind/)
      expect(readFileSync(said, 'utf8')).toBe(`${join(folder, 'bin/podman')} rm -f ${name}\n`)
    }))
})

describe('a link in place of the folder of state', () => {
  it.each([
    '.bedrock_agentcore',
    '.bedrock_agentcore/local',
    '.bedrock_agentcore/agent',
    '.bedrock_agentcore/local/agent',
  ])(
    'is followed by no command: %s',
    (path) =>
      hostile({}, async ({ folder }, elsewhere) => {
        mkdirSync(join(folder, path, '..'), { recursive: true })
        symlinkSync(elsewhere, join(folder, path))
        const deployed = await agentcore(folder, ['deploy', '--local', '--detach', '--port', '0'])
        expect([deployed.code, deployed.stderr]).toEqual([1, expect.stringMatching(/is a symbolic link/)])
        await agentcore(folder, ['stop'])
        await agentcore(folder, ['status'])
        await agentcore(folder, ['invoke', 'x', '--local'])
      }),
    30_000,
  )

  it('is not written through for the file of the agents, where it leads out of the folder', () =>
    hostile({}, async ({ folder }, elsewhere) => {
      const other = join(folder, 'other')
      mkdirSync(other)
      writeFileSync(join(other, 'agent.js'), '')
      writeFileSync(join(elsewhere, 'a', 'note.txt'), 'a')
      symlinkSync(join(elsewhere, 'empty.yaml'), join(other, '.bedrock_agentcore.yaml'))
      writeFileSync(join(elsewhere, 'empty.yaml'), '')
      const words = ['configure', '-e', 'agent.js', '--name', 'agent', '--region', 'eu-west-1']
      const { code, stderr } = await agentcore(other, words)
      expect([code, stderr]).toEqual([1, expect.stringMatching(/is a symbolic link to a file outside of its folder/)])
      expect(readFileSync(join(elsewhere, 'empty.yaml'), 'utf8')).toBe('')
      execFileSync('rm', [join(elsewhere, 'empty.yaml')])
    }))
})

describe('a file of agents', () => {
  it.each([
    ['source_path', '    source_path: ELSEWHERE'],
    ['source_path', '    source_path: ..'],
    ['source_path', '    source_path: link'],
  ])('makes no command write outside of its folder by %s: %s', (field, line) =>
    hostile({}, async ({ folder, write }, elsewhere) => {
      symlinkSync(elsewhere, join(folder, 'link'))
      write('.bedrock_agentcore.yaml', `${yaml}${line.replace('ELSEWHERE', elsewhere)}\n`)
      for (const words of [['deploy', '--local', '--isolation', 'container'], ['dev', '--port', '0'], ['build']]) {
        const { code, stderr } = await agentcore(folder, words)
        expect([code, stderr]).toEqual([1, expect.stringContaining(`agents.agent.${field}: `)])
      }
    }),
  )
})

describe('the key of a user', () => {
  const print = `process.stdout.write(require(${JSON.stringify(join(root, 'dist/lib/config/UserKey.js'))}).userKey().toString('hex'))`
  const keyWith = (env: Readonly<Record<string, string>>): string =>
    execFileSync(process.execPath, ['-e', print], {
      env: { PATH: process.env['PATH'], HOME: '/nonexistent', ...env },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    })

  it('is made once, for this user alone, whatever the umask', () =>
    inFolder(async (folder) => {
      const before = process.umask(0)
      try {
        const first = keyWith({ XDG_STATE_HOME: folder })
        expect(keyWith({ XDG_STATE_HOME: folder })).toBe(first)
        expect(statSync(join(folder, 'agentcore-fp')).mode & 0o777).toBe(0o700)
        expect(statSync(join(folder, 'agentcore-fp/key')).mode & 0o777).toBe(0o600)
      } finally {
        process.umask(before)
      }
      await Promise.resolve()
    }))

  it('is the same for processes that need it at once', () =>
    inFolder(async (folder) => {
      const all = Array.from({ length: 6 }, async () => {
        const started = node(['-e', print], folder, { XDG_STATE_HOME: folder })
        expect(await started.ended).toBe(0)
        return started.stdout()
      })
      expect(new Set(await Promise.all(all)).size).toBe(1)
    }))

  it('is the same one in a folder of temporary files where there is no home to write to', () =>
    inFolder(async (folder) => {
      await writeSealed(join(folder, 'file'), {}) // the folder can be written to
      const env = { XDG_STATE_HOME: join(folder, 'file'), TMPDIR: folder }
      expect(keyWith(env)).toBe(keyWith(env))
    }))

  it('that others can read, or that is a link, is not used, and the failure says why', () =>
    inFolder(async (folder) => {
      const places = [join(folder, 'agentcore-fp'), join(folder, `agentcore-fp-${process.getuid?.() ?? ''}`)] as const
      const key = '0'.repeat(64)
      places.forEach((place) => mkdirSync(place, { mode: 0o700 }))
      writeFileSync(join(places[0], 'key'), key, { mode: 0o644 })
      writeFileSync(join(folder, 'elsewhere'), key, { mode: 0o600 })
      symlinkSync(join(folder, 'elsewhere'), join(places[1], 'key'))
      expect(() => keyWith({ XDG_STATE_HOME: folder, TMPDIR: folder })).toThrow(
        /Could not store the key of agentcore \(.*is readable by other users.*set XDG_STATE_HOME/,
      )
      await Promise.resolve()
    }))
})

describe('a sealed file', () => {
  it('is believed as it was written, at its place, and in no other form', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'file.json')
      const value = { a: 1, list: [1, 'é', null], below: { b: true } }
      await writeSealed(path, value)
      expect(readSealed(path)).toEqual({ _tag: 'Own', value })
      const text = readFileSync(path, 'utf8')
      for (const other of [
        text.replace('"a": 1', '"a": 2'),
        text.replace('"a": 1', '"a": 1, "c": 1'),
        text.replace(/"seal": "."/, '"seal": "0"').replace(/"seal": "(.)/, '"seal": "z'),
        text.replace(/,\s*"seal": "\w+"/, ''),
        text.replace(/"seal": "(\w)\w+"/, '"seal": "$1"'),
      ]) {
        writeFileSync(path, other)
        expect(readSealed(path)).toEqual({ _tag: 'Foreign' })
      }
      writeFileSync(join(folder, 'other.json'), text)
      expect(readSealed(join(folder, 'other.json'))).toEqual({ _tag: 'Foreign' })
      expect(readSealed(join(folder, 'none.json'))).toEqual({ _tag: 'Missing' })
    }))
})
