import * as E from 'fp-ts/Either'
import * as fc from 'fast-check'
import { parse } from 'yaml'
import { type ConfigError, explain, faultLines } from '../../lib/config/ConfigError'
import { type Change, type ParsedDocument, read } from '../../lib/config/Document'
import { customTags } from '../../lib/config/yaml/ToolkitYaml'
import { toAgent, toDeploymentType, fileName, toHeaderAllowlist, toLifecycle, toNames } from '../../lib/config/Project'
import { legacyYaml, toolkitYaml } from './support'

const right = <A>(either: E.Either<unknown, A>): A => {
  if (E.isLeft(either)) throw new Error(JSON.stringify(either.left))
  return either.right
}

const readIn = (text: string): ParsedDocument => right(read(fileName)(text))

/** The text with changes made to it. */
const edited = (text: string, ...changes: ReadonlyArray<Change>): string => right(readIn(text).edit(changes))

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
    expect(edited(toolkitYaml)).toBe(toolkitYaml)
    expect(edited(toolkitYaml, { path: ['default_agent'], value: 'support' })).toBe(toolkitYaml)
    expect(edited(toolkitYaml, { path: ['agents', 'support', 'no', 'such'], value: undefined })).toBe(toolkitYaml)
  })

  it('changes in the lines of what is set, and keeps its comments and unknown fields', () => {
    const at = ['agents', 'support', 'bedrock_agentcore', 'agent_session_id']
    const lastSession = 'a-session-of-thirty-three-characters'
    const after = edited(toolkitYaml, { path: at, value: lastSession })
    expect(diff(toolkitYaml, after)).toEqual({
      lost: ['      agent_session_id: null'],
      new: [`      agent_session_id: ${lastSession}`],
    })
    const now = readIn(after).project
    expect(right(toAgent('support')(now)).bedrock_agentcore?.agent_session_id).toBe(lastSession)
    expect(parse(after, { version: '1.1', customTags })).toMatchObject({
      agents: { support: { a_field_of_tomorrow: { kept: true } } },
    })
  })

  it('takes a second agent', () => {
    const agent = { name: 'b', entrypoint: 'b.ts' }
    const after = edited(toolkitYaml, { path: ['agents', 'b'], value: agent })
    expect(toNames(readIn(after).project)).toEqual(['support', 'b'])
    expect(after).toBe(`${toolkitYaml}  b:\n    name: b\n    entrypoint: b.ts\n`)
  })
})

describe('a file of one agent without a name above it', () => {
  it('is read as the only agent, a container, and the default', () => {
    const { project } = readIn(legacyYaml)
    expect(project.default_agent).toBe('old')
    expect(toDeploymentType(right(toAgent()(project)))).toBe('container')
  })

  it('is wrapped when it is written, with its comments', () => {
    const after = edited(legacyYaml, { path: ['agents', 'old', 'aws', 'region'], value: 'us-east-1' })
    expect(after).toMatch(/^default_agent: old\nagents:\n {2}old:\n {4}name: old {2}# the name\n/)
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

  it.each([
    ['two documents', 'agents: {}\n---\nagents: {}\n'],
    ['a document after its end', 'agents: {}\n...\n---\n{}\n'],
  ])('with %s says what to do, and where', (_, text) => {
    expect(faultsIn(text)[0]).toMatch(/^\.bedrock_agentcore\.yaml:\d+ the file has several YAML documents: remove/)
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

describe('an agent', () => {
  it('is known by its key, as for the toolkit', () => {
    const { project } = readIn('agents: {a: {name: b, entrypoint: x.py}}\n')
    expect(right(toAgent('a')(project)).name).toBe('a')
    expect(E.isLeft(toAgent('b')(project))).toBe(true)
  })

  it.each(['http', 'Mcp', 'a2a', 'AGUI'])('speaks %s, in any case', (protocol) => {
    const text = `agents: {a: {name: a, entrypoint: a.ts, aws: {protocol_configuration: {server_protocol: ${protocol}}}}}`
    const agent = right(toAgent()(readIn(text).project))
    expect(agent.aws?.protocol_configuration?.server_protocol).toBe(protocol.toUpperCase())
  })
})

/** The lines that are not the same in both texts, by their bytes. */
const touched = (before: string, after: string): ReadonlyArray<string> => {
  const { lost, new: added } = diff(before, after)
  return [...lost.map((line) => `-${line}`), ...added.map((line) => `+${line}`)]
}

const valueOf = (text: string): unknown => parse(text, { version: '1.1', customTags })

interface Agents {
  readonly agents: Readonly<Record<string, { readonly aws: Readonly<Record<string, unknown>> }>>
}

describe('what stands in several places', () => {
  const idle = (agent: string): Change => ({
    path: ['agents', agent, 'aws', 'lifecycle_configuration', 'idle_runtime_session_timeout'],
    value: 300,
  })
  const lifecycle = { lifecycle_configuration: { idle_runtime_session_timeout: 300 } }

  it.each([
    [
      'an alias',
      'one',
      "x-aws: &aws {region: eu-central-1, account: '123456789012'}\nagents:\n  one: {name: one, entrypoint: agent.ts, aws: *aws}\n",
    ],
    [
      'an alias of a block',
      'one',
      'x-aws: &aws   # one place for all\n  region: eu-central-1\n\nagents:\n  one:\n    name: one\n    entrypoint: agent.ts\n    aws: *aws\n  two:\n    name: two\n    entrypoint: b.ts\n    aws: *aws\n',
    ],
    [
      'a merge key',
      'two',
      'x-base: &base {language: typescript, aws: {region: eu-central-1}}\nagents:\n  two: {<<: *base, name: two, entrypoint: agent.ts}\n',
    ],
    [
      'a merge key in a block',
      'two',
      'x-base: &base\n  aws:\n    region: eu-central-1\nagents:\n  two:\n    <<: *base  # shared\n    name: two\n    entrypoint: agent.ts\n',
    ],
    [
      'a list of merges',
      'two',
      'x-a: &a {aws: {region: eu-central-1}}\nx-b: &b {language: typescript}\nagents:\n  two:\n    <<: [*a, *b]\n    name: two\n    entrypoint: agent.ts\n',
    ],
    [
      'an anchor that another agent uses',
      'one',
      'agents:\n  one:\n    name: one\n    entrypoint: a.ts\n    aws: &aws {region: eu-central-1}\n  two:\n    name: two\n    entrypoint: b.ts\n    aws: *aws\n',
    ],
    [
      'an agent that is merged into another',
      'one',
      'agents:\n  one: &one\n    name: one\n    entrypoint: a.ts\n    aws: {region: eu-central-1}\n  two:\n    <<: *one\n    name: two\n',
    ],
    [
      'an alias within an alias',
      'one',
      'x-r: &r eu-central-1\nx-aws: &aws {region: *r}\nagents:\n  one: {name: one, entrypoint: a.ts, aws: *aws}\n',
    ],
  ])('as %s is kept in force, and for others as it was', (_, agent, text) => {
    const [before, after] = [valueOf(text) as Agents, valueOf(edited(text, idle(agent))) as Agents]
    expect(after).toEqual({
      ...before,
      agents: {
        ...before.agents,
        [agent]: { ...before.agents[agent], aws: { ...before.agents[agent]?.aws, ...lifecycle } },
      },
    })
  })

  it('is written out where it changes, and stays shared elsewhere', () => {
    const text =
      'x-aws: &aws   # one place for all\n  region: eu-central-1\nagents:\n  one:\n    name: one\n    entrypoint: a.ts\n    aws: *aws\n  two:\n    name: two\n    entrypoint: b.ts\n    aws: *aws\n'
    const after = edited(text, { path: ['agents', 'one', 'aws', 'region'], value: 'us-east-1' })
    expect(after).toBe(text.replace('aws: *aws', 'aws:\n      region: us-east-1'))
  })
})

describe('lines that are not meant', () => {
  const region: Change = { path: ['agents', 'support', 'aws', 'region'], value: 'eu-west-1' }

  it.each([
    ['LF', toolkitYaml],
    ['CRLF', toolkitYaml.replaceAll('\n', '\r\n')],
    ['a byte order mark', `\ufeff${toolkitYaml}`],
    ['a byte order mark and CRLF', `\ufeff${toolkitYaml.replaceAll('\n', '\r\n')}`],
    ['no end of the last line', toolkitYaml.trimEnd()],
    ['an anchor with a comment', `x-aws: &aws   # one place for all\n  region: x\n${toolkitYaml}`],
    ['odd spaces', toolkitYaml.replace('platform: linux', 'platform:    linux')],
    ['quotes', toolkitYaml.replace('source_path: .', 'source_path: "."').replace("'20'", '"20"')],
    [
      'a list on one line',
      toolkitYaml.replace('security_groups:\n          - sg-0abc1234', 'security_groups: [ sg-0abc1234 ]'),
    ],
    ['a long folded text', toolkitYaml.replace('kept: yes', 'kept: >-\n        a long\n        text')],
  ])('of a file with %s stay byte for byte', (_, text) => {
    const eol = text.includes('\r') ? '\r' : ''
    expect(touched(text, edited(text, region))).toEqual([
      `-      region: us-east-1${eol}`,
      `+      region: eu-west-1${eol}`,
    ])
  })

  it('stay where a field is added, removed, or becomes a map or a list', () => {
    for (const eol of ['\n', '\r\n']) {
      const text = toolkitYaml.replaceAll('\n', eol)
      const end = eol === '\n' ? '' : '\r'
      const at = (...path: ReadonlyArray<string>): ReadonlyArray<string> => ['agents', 'support', ...path]
      expect(touched(text, edited(text, { path: at('aws', 'new'), value: 7 }))).toEqual([`+      new: 7${end}`])
      expect(touched(text, edited(text, { path: at('aws', 'region'), value: undefined }))).toEqual([
        `-      region: us-east-1${end}`,
      ])
      expect(touched(text, edited(text, { path: at('codebuild', 'project_name'), value: ['a'] }))).toEqual([
        `-      project_name: null${end}`,
        `+      - a${end}`,
        `+      project_name:${end}`,
      ])
      expect(touched(text, edited(text, { path: at('oauth_configuration', 'a', 'b'), value: 'c' }))).toEqual([
        `-    oauth_configuration: null${end}`,
        `+        b: c${end}`,
        `+      a:${end}`,
        `+    oauth_configuration:${end}`,
      ])
    }
  })

  it('keep the comment beside a value, also of one that was empty', () => {
    const text =
      'agents:\n  a:\n    name: a\n    entrypoint: a.ts\n    aws:\n      region:   # none yet\n      account: "1"  # mine\n'
    const after = edited(
      text,
      { path: ['agents', 'a', 'aws', 'region'], value: 'us-east-1' },
      { path: ['agents', 'a', 'aws', 'account'], value: '2' },
    )
    expect(after).toBe(text.replace('region:   #', 'region: us-east-1   #').replace('"1"', '"2"'))
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
        const after = parse(edited(toolkitYaml, change), { version: '1.1', customTags }) as typeof before
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
        const once = edited(toolkitYaml, change)
        expect(edited(once, change)).toBe(once)
      }),
    )
  })
})
