import * as E from 'fp-ts/Either'
import * as fc from 'fast-check'
import { parse } from 'yaml'
import { type ConfigError, explain, faultLines } from '../../lib/config/ConfigError'
import { type Change, customTags, type ParsedDocument, read } from '../../lib/config/Document'
import { toAgent, toDeploymentType, fileName, toHeaderAllowlist, toLifecycle, toNames } from '../../lib/config/Project'
import { legacyYaml, toolkitYaml } from './support'

const right = <A>(either: E.Either<unknown, A>): A => {
  if (E.isLeft(either)) throw new Error(JSON.stringify(either.left))
  return either.right
}

const readIn = (text: string): ParsedDocument => right(read(fileName)(text))

const faultsIn = (text: string): ReadonlyArray<string> => E.match(faultLines, () => ['none'])(read(fileName)(text))

/** The lines, sorted, of the second text that the first does not have, and those that it has lost. */
const diff = (
  before: string,
  after: string,
): { readonly lost: ReadonlyArray<string>; readonly new: ReadonlyArray<string> } => {
  const [old, now] = [before.split('\n'), after.split('\n')]
  return {
    lost: old.filter((line) => !now.includes(line)).sort(),
    new: now.filter((line) => !old.includes(line)).sort(),
  }
}

describe('a file of the starter toolkit', () => {
  it('is read as YAML 1.1: an account that begins with 0 is no number', () => {
    const agent = right(toAgent()(readIn(toolkitYaml).project))
    expect(agent.aws?.account).toBe('012345678901')
    expect(toDeploymentType(agent)).toBe('container')
    expect(toLifecycle(agent)).toEqual({ idleRuntimeSessionTimeout: 600, maxLifetime: 28_800 })
    expect(toHeaderAllowlist(agent)).toEqual(['Authorization'])
  })

  it('is the same to the byte when nothing changes', () => {
    const { edit } = readIn(toolkitYaml)
    expect(edit([])).toBe(toolkitYaml)
    expect(edit([{ path: ['default_agent'], value: 'support' }])).toBe(toolkitYaml)
    expect(edit([{ path: ['agents', 'support', 'no', 'such'], value: undefined }])).toBe(toolkitYaml)
  })

  it('changes in the lines of what is set, and keeps its comments and unknown fields', () => {
    const at = ['agents', 'support', 'bedrock_agentcore', 'agent_session_id']
    const lastSession = 'a-session-of-thirty-three-characters'
    const after = readIn(toolkitYaml).edit([{ path: at, value: lastSession }])
    expect(diff(toolkitYaml, after)).toEqual({
      lost: [
        '          - subnet-0abc12345  # the first',
        '      agent_session_id: null',
        '      kept: yes  # a yes of YAML 1.1',
      ],
      new: [
        '          - subnet-0abc12345 # the first',
        `      agent_session_id: ${lastSession}`,
        '      kept: yes # a yes of YAML 1.1',
      ],
    })
    const now = readIn(after).project
    expect(right(toAgent('support')(now)).bedrock_agentcore?.agent_session_id).toBe(lastSession)
    expect(parse(after, { version: '1.1', customTags })).toMatchObject({
      agents: { support: { a_field_of_tomorrow: { kept: true } } },
    })
  })

  it('takes a second agent', () => {
    const agent = { name: 'b', entrypoint: 'b.ts' }
    const { project } = readIn(readIn(toolkitYaml).edit([{ path: ['agents', 'b'], value: agent }]))
    expect(toNames(project)).toEqual(['support', 'b'])
  })
})

describe('a file of one agent without a name above it', () => {
  it('is read as the only agent, a container, and the default', () => {
    const { project } = readIn(legacyYaml)
    expect(project.default_agent).toBe('old')
    expect(toDeploymentType(right(toAgent()(project)))).toBe('container')
  })

  it('is wrapped when it is written, with its comments', () => {
    const after = readIn(legacyYaml).edit([{ path: ['agents', 'old', 'aws', 'region'], value: 'us-east-1' }])
    expect(after).toContain('name: old # the name')
    expect(parse(after)).toMatchObject({
      default_agent: 'old',
      agents: {
        old: {
          aws: { region: 'us-east-1', account: '123456789012' },
          bedrock_agentcore: { agent_id: 'old-AbCdEf1234' },
        },
      },
    })
  })
})

describe('a malformed file', () => {
  it.each([
    ['broken YAML', 'agents:\n  a: [1\n', /^\.bedrock_agentcore\.yaml:\d+ /],
    ['a key twice', 'agents: {}\nagents: {}\n', /^\.bedrock_agentcore\.yaml:2 .*unique/],
    ['a list', '- 1\n', /^\.bedrock_agentcore\.yaml:1 /],
    ['no agents', 'default_agent: a\n', /agents: expected a map, got nothing/],
    ['agents that are no map', 'agents: 7\n', /^\.bedrock_agentcore\.yaml:1 agents: expected a map, got the number 7/],
    [
      'an unknown deployment type',
      'agents:\n  a:\n    name: a\n    entrypoint: a.ts\n    deployment_type: zip\n',
      /^\.bedrock_agentcore\.yaml:5 agents\.a\.deployment_type: expected container or direct_code_deploy, got the string "zip"/,
    ],
    [
      'a number for a text',
      'agents:\n  a:\n    name: a\n    entrypoint: a.ts\n    aws:\n      region: 7\n',
      /^\.bedrock_agentcore\.yaml:6 agents\.a\.aws\.region: expected string, got the number 7/,
    ],
    [
      'an agent without an entry point',
      'agents:\n  a:\n    name: a\n',
      /^\.bedrock_agentcore\.yaml:3 agents\.a\.entrypoint: expected string, got nothing/,
    ],
  ])('with %s tells the line and the path', (_, text, message) => {
    expect(faultsIn(text)[0]).toMatch(message)
  })

  it('tells how many more faults there are', () => {
    const text = 'agents:\n  a: 1\n  b: 2\n  c: 3\n'
    const told = E.match(
      (error: ConfigError) => explain(error).message,
      () => '',
    )(read(fileName)(text))
    expect(told).toMatch(/agents\.a: .* \(and [12] more\)$/)
  })

  it('with aliases without end is refused in a moment', () => {
    const layers = Array.from(
      { length: 30 },
      (_, i) => `a${i + 1}: &a${i + 1} [${'*a'.concat(String(i), ', ').repeat(9)}]`,
    )
    const text = ['a0: &a0 [x]', ...layers, 'agents: *a30'].join('\n')
    const start = performance.now()
    expect(() => faultsIn(text)).not.toThrow()
    expect(faultsIn(text)).not.toEqual(['none'])
    expect(performance.now() - start).toBeLessThan(2000)
  })
})

describe('editing', () => {
  const name = fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9_]{0,8}$/)
  const leaf = fc.oneof(
    fc.string(),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(fc.string(), { maxLength: 3 }),
  )
  const change = fc.record({ at: fc.array(name, { minLength: 1, maxLength: 3 }), to: leaf })

  const valueAt = (value: unknown, [key, ...rest]: ReadonlyArray<string>): unknown =>
    key === undefined ? value : valueAt((value as Readonly<Record<string, unknown>>)[key], rest)

  it('sets exactly what it is told, and changes nothing else', () => {
    // Names such as e0 once failed here.
    fc.assert(
      fc.property(name, change, (agent, { at, to }) => {
        const change: Change = { path: ['agents', 'support', 'x', agent, ...at], value: to }
        const before = parse(toolkitYaml, { version: '1.1', customTags }) as {
          agents: { support: Record<string, unknown> }
        }
        const after = parse(readIn(toolkitYaml).edit([change]), { version: '1.1', customTags }) as typeof before
        expect(valueAt(after, change.path)).toEqual(to)
        delete after.agents.support['x']
        expect(after).toEqual(before)
      }),
    )
  })

  it('a second time changes nothing', () => {
    fc.assert(
      fc.property(change, ({ at, to }) => {
        const change: Change = { path: ['agents', 'support', 'x', ...at], value: to }
        const once = readIn(toolkitYaml).edit([change])
        expect(readIn(once).edit([change])).toBe(once)
      }),
    )
  })
})
