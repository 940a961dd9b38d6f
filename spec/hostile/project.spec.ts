/** What a cloned repository can bring in its `.bedrock_agentcore.yaml` and in the names of its files. */
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as E from 'fp-ts/Either'
import * as fc from 'fast-check'
import { toDockerfile } from '../../lib/cli/container/Dockerfile'
import { type ConfigError, explain, faultLines } from '../../lib/config/ConfigError'
import { read } from '../../lib/config/Document'
import { fileName } from '../../lib/config/Project'
import { inWorld } from '../cli/world'
import { inFolder, legacyYaml, toolkitYaml } from '../config/support'

const yaml = (fields: Readonly<Record<string, unknown>>, key: unknown = 'hello'): string =>
  `agents:\n  ${JSON.stringify(key)}: ${JSON.stringify({ name: 'hello', entrypoint: 'agent.ts', ...fields })}\n`

const faultsIn = (text: string): ReadonlyArray<string> => E.match(faultLines, () => [])(read(fileName)(text))

describe('a value that becomes a path, a command or a URL', () => {
  it.each([
    ['name', '../../x'],
    ['name', 'a\0b'],
    ['name', 'x\u001b]0;pwned\u0007'],
    ['name', ''],
    ['name', 'a'.repeat(49)],
    ['name', '-rf'],
    ['entrypoint', 'a\0b.ts'],
    ['entrypoint', 'a\nRUN id'],
    ['source_path', 'a\0b'],
    ['node_version', '22\nRUN id'],
    ['node_version', '22 --privileged'],
    ['platform', '--privileged'],
    ['container_runtime', 'docker\n'],
    ['aws.region', 'evil.example/#'],
    ['aws.region', 'us-west-2\nRUN id'],
    ['bedrock_agentcore.agent_session_id', 'a\r\nb: c'],
    ['bedrock_agentcore.agent_session_id', 'a'.repeat(32)],
    ['bedrock_agentcore.agent_session_id', 'a'.repeat(257)],
    ['bedrock_agentcore.agent_arn', 'arn:\u0000'],
  ])('is rejected when it is read, by the name of its field: %s %j', (field, value) => {
    const [outer = '', inner] = field.split('.')
    const text = yaml({ [outer]: inner === undefined ? value : { [inner]: value } })
    expect(faultsIn(text)).toEqual([
      expect.stringMatching(
        new RegExp(`^\\.bedrock_agentcore\\.yaml:\\d+ agents\\.hello\\.${field.replace('.', '\\.')}: expected `),
      ),
    ])
  })

  it.each(['../x', '__proto__', 'a b', 'a\0'])('is rejected as the key of an agent: %j', (key) => {
    expect(faultsIn(yaml({}, key))).not.toEqual([])
  })

  it('of the starter toolkit is read as ever', () => {
    expect(faultsIn(toolkitYaml)).toEqual([])
    expect(faultsIn(legacyYaml)).toEqual([])
    expect(faultsIn(yaml({ node_version: 20, platform: 'linux/arm64', container_runtime: 'none' }))).toEqual([])
    expect(faultsIn(yaml({ entrypoint: '/home/me/agent/src/agent.py', source_path: '/home/me/agent/src' }))).toEqual([])
    expect(faultsIn(yaml({ aws: { region: '' }, bedrock_agentcore: { agent_session_id: '' } }))).toEqual([])
  })
})

describe('a path of the file', () => {
  const outside = async (fields: Readonly<Record<string, unknown>>, field: string): Promise<void> =>
    inFolder(async (top) => {
      const folder = join(top, 'clone')
      await mkdir(join(top, 'victim'), { recursive: true })
      await mkdir(folder)
      await writeFile(join(top, 'victim', 'agent.ts'), 'throw 1')
      await symlink(join(top, 'victim'), join(folder, 'link'))
      await symlink(join(top, 'victim', 'agent.ts'), join(folder, 'linked.ts'))
      await writeFile(join(folder, 'agent.ts'), 'export const app = 1')
      await writeFile(join(folder, fileName), yaml(fields))
      const before = await readdir(top)
      for (const words of [['build'], ['deploy', '--local'], ['dev']]) {
        const { code, stderr } = await inWorld(folder, words)
        expect([words, code, stderr]).toEqual([
          words,
          1,
          expect.stringMatching(new RegExp(`^\\.bedrock_agentcore\\.yaml agents\\.hello\\.${field}: .* is outside `)),
        ])
      }
      expect(await readdir(top)).toEqual(before)
      expect(await readdir(join(top, 'victim'))).toEqual(['agent.ts'])
    })

  it.each([
    ['entrypoint', { entrypoint: '../victim/agent.ts' }],
    ['entrypoint', { entrypoint: '/etc/passwd' }],
    ['entrypoint', { entrypoint: 'linked.ts' }],
    ['entrypoint', { entrypoint: 'link/agent.ts' }],
    ['entrypoint', { entrypoint: 'link/not/there.ts' }],
    ['source_path', { source_path: '..' }],
    ['source_path', { source_path: 'link' }],
    ['source_path', { source_path: '/' }],
  ])('must not lead out of its folder: %s %j', (field, fields) => outside(fields, field))
})

describe('a file that is large or convoluted', () => {
  it('is refused above 1 MB, in words', () =>
    inFolder(async (folder) => {
      await writeFile(join(folder, fileName), `agents: {}\n# ${'x'.repeat(1_000_000)}\n`)
      const { code, stderr } = await inWorld(folder, ['status'])
      expect([code, stderr]).toEqual([1, expect.stringMatching(/the file is 1\.0 MB, larger than the limit of 1 MB/)])
    }))

  it('is read in time that grows with its length', () => {
    const agents = (count: number): string =>
      `agents:\n${Array.from({ length: count }, (_, i) => `  a${i}: {name: a${i}, entrypoint: a}\n`).join('')}`
    const timeOf = (count: number): number => {
      const began = process.cpuUsage()
      expect(faultsIn(agents(count))).toEqual([])
      return process.cpuUsage(began).user // not the time of a clock: other specs run beside this one
    }
    timeOf(1000)
    const [small, large] = [timeOf(2000), timeOf(8000)]
    expect(large / small).toBeLessThan(12) // four times the keys; a quadratic check takes 16 times as long
  })

  it('may not say a key twice, at any depth', () => {
    expect(faultsIn('agents: {}\nagents: {}\n')[0]).toMatch(/yaml:2 .*unique/)
    expect(faultsIn('agents:\n  a:\n    name: a\n    entrypoint: x\n    name: b\n')[0]).toMatch(/yaml:5 .*unique/)
  })

  it.each([
    ['aliases that multiply', (i: number) => `[${Array(10).fill(`*a${i}`).join(', ')}]`],
    ['merges that multiply', (i: number) => `{<<: [${Array(10).fill(`*a${i}`).join(', ')}]}`],
  ])('is refused for %s', (_, next) => {
    const lines = Array.from({ length: 12 }, (__, i) => `a${i + 1}: &a${i + 1} ${next(i)}\n`)
    const result = read(fileName)(`a0: &a0 {x: 1}\n${lines.join('')}agents: {}\n`)
    expect(
      E.match(
        (error: ConfigError) => explain(error).message,
        () => 'read',
      )(result),
    ).toMatch(/alias/i)
  })

  it.each(['[', '{a: ', '- '])('is refused for %j without end', (opening) => {
    expect(E.isLeft(read(fileName)(`agents: ${opening.repeat(20_000)}`))).toBe(true)
  })
})

describe('a generated Dockerfile', () => {
  const plan = { nodeVersion: '22', install: { _tag: 'Nothing' }, native: [], fetched: '1.2.3' } as const

  it('gives the entry point to no shell and no further line, whatever it is called', () =>
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary', minLength: 1 }),
          fc.constantFrom('a$(id).ts', '"; id; ".ts', 'a\nRUN id', '<<EOF', '`id`'),
        ),
        (entry) => {
          const lines = toDockerfile({ ...plan, entry }).split('\n')
          expect(lines).toHaveLength(toDockerfile({ ...plan, entry: 'agent.ts' }).split('\n').length)
          const [line = '', ...others] = lines.filter((one) => one.startsWith('RUN '))
          expect(others).toEqual([])
          const words = JSON.parse(line.slice(4)) as ReadonlyArray<string>
          expect(words[words.indexOf('--entrypoint') + 1]).toBe(entry)
          expect(line).not.toMatch(/[$`<]/)
        },
      ),
    ))

  it('has no line of a version, a region or a package', () => {
    const text = toDockerfile({
      ...plan,
      entry: 'a.ts',
      nodeVersion: '22\nRUN id',
      region: 'x\nRUN id',
      native: ['a\nRUN id'],
    })
    expect(text).not.toMatch(/^RUN id/m)
  })
})
