import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import * as fc from 'fast-check'
import { parse } from 'yaml'
import { nameFrom } from '../../../lib/cli/entry/EntryFile'
import { regionIn } from '../../../lib/cli/configure/plan/DefaultRegion'
import { explain, unwritable } from '../../../lib/config/ConfigError'
import { agentName, lifecycle } from '../../../lib/config/Rules'
import { inFolder, legacyYaml, toolkitYaml } from '../../config/support'
import { agentcore, inWorld, type Said } from '../world'

const file = '.bedrock_agentcore.yaml'

interface Written {
  readonly default_agent: string
  readonly agents: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

const writtenIn = async (folder: string): Promise<Written> =>
  parse(await readFile(join(folder, file), 'utf8')) as Written

const put = async (folder: string, files: Readonly<Record<string, string>>): Promise<void> => {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
}

const configure = (folder: string, ...words: ReadonlyArray<string>): Promise<Said> =>
  inWorld(folder, ['configure', ...words])

const jwt =
  '{"customJWTAuthorizer":{"discoveryUrl":"https://idp.example/.well-known/openid-configuration","allowedClients":["app"]}}'

const role = 'arn:aws:iam::123456789012:role/Agent'

describe('configure', () => {
  it('writes an agent that every field of the toolkit is there of, and asks nothing', async () => {
    await inFolder(async (folder) => {
      await put(folder, { 'agent.ts': '', 'package.json': '{"engines":{"node":">=22.1"}}' })
      const { code, stdout, stderr } = await agentcore(folder, ['configure', '-e', 'agent.ts', '--name', 'hello'], {
        env: { AWS_REGION: 'eu-west-1' },
      })
      expect([code, stderr]).toEqual([0, ''])
      expect(stdout).toMatch(/^hello is written to \.bedrock_agentcore\.yaml\n.*entry point +agent\.ts/)
      expect(stdout).toContain('Next: agentcore dev')
      const { default_agent, agents } = await writtenIn(folder)
      expect(default_agent).toBe('hello')
      expect(agents['hello']).toMatchObject({
        name: 'hello',
        language: 'typescript',
        node_version: '22',
        entrypoint: 'agent.ts',
        deployment_type: 'direct_code_deploy',
        runtime_type: 'NODE_22',
        platform: 'linux/arm64',
        source_path: '.',
        aws: {
          region: 'eu-west-1',
          execution_role_auto_create: true,
          s3_auto_create: true,
          network_configuration: { network_mode: 'PUBLIC' },
          protocol_configuration: { server_protocol: 'HTTP' },
          observability: { enabled: true },
        },
        memory: { mode: 'STM_ONLY' },
      })
      const fields = Object.keys((parse(toolkitYaml) as Written).agents['support'] ?? {})
      const own = fields.filter((field) => field !== 'a_field_of_tomorrow')
      expect(Object.keys(agents['hello'] ?? {})).toEqual(expect.arrayContaining(own))
    })
  })

  it('writes what every flag says', async () => {
    await inFolder(async (folder) => {
      await put(folder, { 'agent.ts': '' })
      const said = await configure(
        folder,
        ...['-e', 'agent.ts', '--deployment-type', 'container', '--region', 'us-east-1', '--protocol', 'mcp'],
        ...['--execution-role', role, '--code-build-execution-role', `${role}Build`, '--container-runtime', 'podman'],
        ...['--ecr', '123456789012.dkr.ecr.us-east-1.amazonaws.com/agents/hello', '--language', 'javascript'],
        ...['--authorizer-config', jwt, '--request-header-allowlist', 'Authorization, X-Team'],
        ...['--vpc', '--subnets', 'subnet-0abc12345', '--security-groups', 'sg-0abc1234,sg-0abc1235'],
        ...['--idle-timeout', '60', '--max-lifetime', '120', '--disable-otel', '--disable-memory'],
        ...['--requirements-file', 'requirements.txt', '--non-interactive'],
      )
      expect(said).toMatchObject({ code: 0, stderr: '' })
      expect(said.stdout).toContain('--requirements-file is for Python agents; ignored')
      expect((await writtenIn(folder)).agents['agent']).toMatchObject({
        deployment_type: 'container',
        runtime_type: null,
        container_runtime: 'podman',
        aws: {
          execution_role: role,
          execution_role_auto_create: false,
          account: '123456789012',
          region: 'us-east-1',
          ecr_repository: '123456789012.dkr.ecr.us-east-1.amazonaws.com/agents/hello',
          ecr_auto_create: false,
          network_configuration: {
            network_mode: 'VPC',
            network_mode_config: { subnets: ['subnet-0abc12345'], security_groups: ['sg-0abc1234', 'sg-0abc1235'] },
          },
          protocol_configuration: { server_protocol: 'MCP' },
          observability: { enabled: false },
          lifecycle_configuration: { idle_runtime_session_timeout: 60, max_lifetime: 120 },
        },
        codebuild: { execution_role: `${role}Build` },
        memory: { mode: 'NO_MEMORY' },
        authorizer_configuration: JSON.parse(jwt) as unknown,
        request_header_configuration: { requestHeaderAllowlist: ['Authorization', 'X-Team'] },
      })
    })
  })

  it.each([
    ['--entrypoint', ['-e', 'no.ts'], 'no such file: no.ts'],
    ['--entrypoint', ['-e', 'agent.py'], 'agent.py is neither TypeScript nor JavaScript'],
    ['--entrypoint', ['-e', 'types.d.ts'], 'types.d.ts is neither TypeScript nor JavaScript'],
    ['--entrypoint', ['-e', 'empty'], 'no agent found in empty'],
    ['--entrypoint', ['-e', '../outside.ts'], 'is outside this folder'],
    ['--entrypoint', ['-e', 'link.ts'], 'link.ts is outside this folder'],
    ['--name', ['--name', '1st'], 'expected a letter'],
    ['--name', ['--name', 'a-b'], 'expected a letter'],
    ['--name', ['--name', 'a'.repeat(49)], 'expected a letter'],
    ['--deployment-type', ['--deployment-type', 'zip'], 'expected container or direct_code_deploy, got "zip"'],
    ['--region', ['--region', 'x.attacker.com/#'], 'expected a region'],
    ['--protocol', ['--protocol', 'SMTP'], 'expected HTTP or MCP or A2A or AGUI'],
    ['--execution-role', ['--execution-role', 'MyRole'], 'expected the ARN of a role'],
    ['--code-build-execution-role', ['--code-build-execution-role', 'arn:aws:iam::1:role/x'], 'expected the ARN'],
    ['--ecr', ['--deployment-type', 'container', '--ecr', 'Upper/Case'], 'expected auto, or an ECR repository'],
    ['--ecr', ['--ecr', 'auto', '--deployment-type', 'direct_code_deploy'], 'only for container'],
    ['--s3', ['--s3', 's3://B'], 'expected auto, or an S3 bucket'],
    ['--s3', ['--s3', 'auto', '--deployment-type', 'container'], 'only for direct_code_deploy'],
    ['--container-runtime', ['--container-runtime', 'lxc'], 'expected docker or finch or podman'],
    ['--runtime', ['--runtime', 'PYTHON_3_12'], 'expected NODE_22, got "PYTHON_3_12"'],
    ['--language', ['--language', 'python'], 'Python agents are configured with the starter toolkit'],
    ['--language', ['--language', 'cobol'], 'expected typescript'],
    ['--authorizer-config', ['--authorizer-config', '{'], 'not valid JSON'],
    [
      '--authorizer-config',
      ['--authorizer-config', '{}'],
      'customJWTAuthorizer: expected CustomJWTAuthorizer, got nothing',
    ],
    [
      '--authorizer-config',
      ['--authorizer-config', '{"customJWTAuthorizer":{"discoveryUrl":"https://idp.example","allowedClients":[7]}}'],
      'customJWTAuthorizer.discoveryUrl: expected an http or https URL that ends in /.well-known/openid-configuration, without user or query; got "https://idp.example"',
    ],
    [
      '--request-header-allowlist',
      ['--request-header-allowlist', 'Cookie'],
      'AgentCore does not pass on the header Cookie',
    ],
    ['--request-header-allowlist', ['--request-header-allowlist', 'x-amzn-foo'], 'does not pass on'],
    ['--request-header-allowlist', ['--request-header-allowlist', 'X-A,x-a'], 'duplicate item: "x-a"'],
    ['--request-header-allowlist', ['--request-header-allowlist', 'a b'], 'invalid header name'],
    [
      '--request-header-allowlist',
      ['--request-header-allowlist', 'Authorization'],
      'Authorization requires --issuer or --authorizer-config',
    ],
    [
      '--request-header-allowlist',
      ['--request-header-allowlist', Array.from({ length: 21 }, (_, i) => `X-${i}`).join()],
      'expected at most 20, got 21',
    ],
    ['--issuer', ['--issuer', 'idp.example'], 'expected the https URL of an OpenID provider'],
    ['--issuer', ['--issuer', 'https://a:b@idp.example', '--clients', 'x'], 'a user or a password'],
    ['--issuer', ['--issuer', 'https://idp.example'], 'requires --clients, --audience or --scopes'],
    ['--clients', ['--clients', 'app'], 'requires --issuer'],
    ['--audience', ['--audience', 'api'], 'requires --issuer'],
    ['--scopes', ['--scopes', 'read'], 'requires --issuer'],
    ['--scopes', ['--issuer', 'https://idp.example', '--scopes', 'a b'], 'expected a scope'],
    ['--clients', ['--issuer', 'https://idp.example', '--clients', 'a,a'], 'duplicate item: "a"'],
    [
      '--authorizer-config',
      ['--issuer', 'https://idp.example', '--clients', 'a', '--authorizer-config', jwt],
      'cannot be combined',
    ],
    ['--vpc', ['--vpc'], 'requires --subnets'],
    ['--vpc', ['--vpc', '--subnets', 'subnet-0abc12345'], 'requires --security-groups'],
    ['--subnets', ['--subnets', 'subnet-0abc12345'], 'requires --vpc'],
    ['--security-groups', ['--security-groups', 'sg-0abc12345'], 'requires --vpc'],
    ['--subnets', ['--vpc', '--subnets', 'net-1', '--security-groups', 'sg-0abc12345'], 'expected a subnet id'],
    [
      '--security-groups',
      ['--vpc', '--subnets', 'subnet-0abc12345', '--security-groups', 'sg-1'],
      'expected a security',
    ],
    ['--idle-timeout', ['--idle-timeout', '59'], 'expected seconds from 60 to 28800, got "59"'],
    ['--idle-timeout', ['--idle-timeout', '1e3'], 'expected seconds'],
    ['--max-lifetime', ['--max-lifetime', '28801'], 'expected seconds from 60 to 28800'],
    ['--idle-timeout', ['--idle-timeout', '700', '--max-lifetime', '600'], 'the idle timeout (700 seconds) is longer'],
  ])('refuses %s of %j, naming the flag, and writes nothing', async (flag, words, why) => {
    await inFolder(async (above) => {
      const folder = join(above, 'here')
      const files = { 'agent.ts': '', 'agent.py': '', 'types.d.ts': '', 'empty/readme': '', '../outside.ts': '' }
      await put(folder, files)
      await symlink(join(above, 'outside.ts'), join(folder, 'link.ts'))
      const more = words.includes('-e') ? [] : ['-e', 'agent.ts']
      const { code, stdout, stderr } = await configure(folder, ...more, ...words, '--non-interactive')
      expect([code, stdout]).toEqual([2, ''])
      expect(stderr).toMatch(new RegExp(`^${flag}: `))
      expect(stderr).toContain(why)
      expect(await readdir(folder)).not.toContain(file)
    })
  })

  it.each([
    ['src/index.ts', { 'src/index.ts': '', 'index.ts': '', 'agent.ts': '' }, 'src_index'],
    ['index.ts', { 'index.ts': '', 'src/agent.ts': '' }, 'index'],
    ['src/agent.ts', { 'src/agent.ts': '', 'agent.ts': '' }, 'src_agent'],
    ['agent.ts', { 'agent.ts': '', 'src/main.ts': '' }, 'agent'],
    ['app.ts', { 'app.ts': '', 'index.js': '' }, 'app'],
    ['index.js', { 'index.js': '', 'main.mjs': '' }, 'index'],
  ])('finds %s of a folder', async (entrypoint, files, name) => {
    await inFolder(async (folder) => {
      await put(folder, files)
      expect(await configure(folder, '--non-interactive')).toMatchObject({ code: 0 })
      expect((await writtenIn(folder)).agents[name]).toMatchObject({ entrypoint, source_path: expect.any(String) })
    })
  })

  it.each([
    ['src/index.ts', '@team/order-desk', 'order_desk'],
    ['index.ts', 'desk', 'desk'],
    ['src/main.ts', 'desk', 'desk'],
    ['app.ts', '2desk', 'agent_2desk'],
    ['agent.ts', 'desk', 'agent'],
    ['src/writer.ts', 'desk', 'src_writer'],
    ['index.ts', '', 'index'],
  ])('calls %s of the package %j %s', async (entrypoint, packageName, name) => {
    await inFolder(async (folder) => {
      await put(folder, { [entrypoint]: '', 'package.json': JSON.stringify({ name: packageName }) })
      expect(await configure(folder, '-e', entrypoint)).toMatchObject({ code: 0 })
      expect(Object.keys((await writtenIn(folder)).agents)).toEqual([name])
      await configure(folder, '-e', entrypoint)
      expect(Object.keys((await writtenIn(folder)).agents)).toEqual([name])
    })
  })

  it.each(['agent.tsx', 'agent.jsx'])('takes %s', async (entrypoint) => {
    await inFolder(async (folder) => {
      await put(folder, { [entrypoint]: '' })
      expect(await configure(folder, '-e', entrypoint)).toMatchObject({ code: 0 })
      expect((await writtenIn(folder)).agents['agent']).toMatchObject({ entrypoint })
    })
  })

  it.each([
    ['https://idp.example', 'https://idp.example/.well-known/openid-configuration'],
    ['https://idp.example/', 'https://idp.example/.well-known/openid-configuration'],
    ['https://idp.example/tenant/v2.0', 'https://idp.example/tenant/v2.0/.well-known/openid-configuration'],
    ['https://idp.example/.well-known/openid-configuration', 'https://idp.example/.well-known/openid-configuration'],
  ])('takes the issuer %s without JSON', async (issuer, discoveryUrl) => {
    await inFolder(async (folder) => {
      await put(folder, { 'agent.ts': '' })
      const words = [
        '--issuer',
        issuer,
        '--clients',
        'app, web',
        '--audience',
        'api://orders',
        '--scopes',
        'read,write',
      ]
      expect(await configure(folder, ...words)).toMatchObject({ code: 0, stderr: '' })
      expect((await writtenIn(folder)).agents['agent']?.['authorizer_configuration']).toEqual({
        customJWTAuthorizer: {
          discoveryUrl,
          allowedClients: ['app', 'web'],
          allowedAudience: ['api://orders'],
          allowedScopes: ['read', 'write'],
        },
      })
    })
  })

  it('takes a folder below, with the package that it is part of', async () => {
    await inFolder(async (folder) => {
      await put(folder, { 'agents/writer/src/main.ts': '', 'agents/writer/package.json': '{}', 'package.json': '{}' })
      expect(await configure(folder, '-e', 'agents/writer')).toMatchObject({ code: 0 })
      expect((await writtenIn(folder)).agents['agents_writer']).toMatchObject({
        entrypoint: 'agents/writer/src/main.ts',
        source_path: 'agents/writer',
        node_version: '22',
      })
    })
  })

  it('takes a container where there is a Dockerfile, and says why', async () => {
    await inFolder(async (folder) => {
      await put(folder, { 'agent.ts': '', Dockerfile: '' })
      const { stdout } = await configure(folder, '--non-interactive')
      expect(stdout).toContain('Found a Dockerfile; the agent is deployed as a container')
      expect((await writtenIn(folder)).agents['agent']).toMatchObject({ deployment_type: 'container' })
    })
  })

  it('finds the region in a profile', async () => {
    await inFolder(async (folder) => {
      await put(folder, {
        'agent.ts': '',
        config: '[default]\nregion = us-east-2\n[profile work]\nregion=eu-north-1\n',
      })
      const env = { HOME: folder, AWS_CONFIG_FILE: join(folder, 'config'), AWS_PROFILE: 'work' }
      expect(await inWorld(folder, ['configure', '--non-interactive'], { env })).toMatchObject({ code: 0 })
      expect((await writtenIn(folder)).agents['agent']).toMatchObject({ aws: { region: 'eu-north-1' } })
      expect(regionIn('default')('[default]\nregion = us-east-2\n')).toBe('us-east-2')
      expect(regionIn('other')('[default]\nregion = us-east-2\n')).toBeUndefined()
    })
  })
})

describe('configure of an agent that is there', () => {
  it('changes what a flag says, and keeps ids, unknown fields and comments of the toolkit', async () => {
    await inFolder(async (folder) => {
      await put(folder, { [file]: toolkitYaml, 'src/index.ts': '' })
      const said = await configure(folder, '--name', 'support', '--idle-timeout', '300', '--non-interactive')
      expect(said).toMatchObject({ code: 0, stderr: '' })
      const before = (parse(toolkitYaml) as Written).agents['support']
      const lifecycle = { idle_runtime_session_timeout: 300, max_lifetime: 28_800 }
      const aws = { ...(before?.['aws'] as object), lifecycle_configuration: lifecycle }
      expect((await writtenIn(folder)).agents['support']).toEqual({ ...before, aws })
      expect(await readFile(join(folder, file), 'utf8')).toMatch(
        /^# written by the starter toolkit\n[^]*# a yes of YAML 1\.1/,
      )
    })
  })

  it('changes one list of an authorizer, and keeps the rest of it', async () => {
    await inFolder(async (folder) => {
      await put(folder, { [file]: toolkitYaml, 'src/index.ts': '' })
      const { stdout } = await configure(folder, '--name', 'support', '--clients', 'app,web')
      expect(stdout).toBe(
        'support is changed in .bedrock_agentcore.yaml\n' +
          '  authorizer_configuration.customJWTAuthorizer.allowedClients  app → app, web\n',
      )
      expect(await readFile(join(folder, file), 'utf8')).toBe(toolkitYaml.replace('- app\n', '- app\n        - web\n'))
    })
  })

  it('tells each field that changes, before and after, also as JSON', async () => {
    await inFolder(async (folder) => {
      await put(folder, { [file]: toolkitYaml, 'src/index.ts': '' })
      const words = ['--name', 'support', '--region', 'eu-west-1', '--max-lifetime', '7200']
      const { stdout } = await configure(folder, ...words, '--json')
      expect(JSON.parse(stdout)).toMatchObject({
        isNew: false,
        isDefault: true,
        changes: [
          { field: 'aws.region', before: 'us-east-1', after: 'eu-west-1' },
          { field: 'aws.lifecycle_configuration.max_lifetime', before: null, after: 7200 },
        ],
      })
    })
  })

  it.each([
    ['no flag', []],
    ['flags that say what stands', ['--region', 'us-east-1', '--protocol', 'http', '--idle-timeout', '600']],
    ['the authorizer that stands', ['--issuer', 'https://idp.example', '--clients', 'app']],
  ])('says that %s changes nothing, and writes nothing', async (_, words) => {
    await inFolder(async (folder) => {
      const text = toolkitYaml.replace('max_lifetime: null', 'max_lifetime: 28800')
      await put(folder, { [file]: text, 'src/index.ts': '' })
      const { code, stdout } = await configure(folder, '--name', 'support', ...words)
      expect([code, stdout]).toEqual([0, 'support is unchanged: .bedrock_agentcore.yaml says all of this already\n'])
      expect(await readFile(join(folder, file), 'utf8')).toBe(text)
    })
  })

  it('writes no region where none is set on purpose', async () => {
    await inFolder(async (folder) => {
      await put(folder, { [file]: toolkitYaml.replace('region: us-east-1', 'region: null'), 'src/index.ts': '' })
      expect((await configure(folder, '--idle-timeout', '700')).stdout).not.toContain('region')
      expect((await writtenIn(folder)).agents['support']).toMatchObject({ aws: { region: null } })
    })
  })

  it('finds it by the key that the file has it under', async () => {
    await inFolder(async (folder) => {
      await put(folder, { [file]: 'agents: {a: {name: b, entrypoint: x.ts}}\n', 'x.ts': '' })
      expect((await configure(folder, 'list')).stdout).toMatch(/^\* a {2}x\.ts/)
      expect(await configure(folder, '--name', 'a', '--region', 'us-east-1')).toMatchObject({ code: 0 })
      expect((await writtenIn(folder)).agents).toEqual({
        a: { name: 'b', entrypoint: 'x.ts', aws: { region: 'us-east-1' } },
      })
    })
  })

  it('finds it by its entry point, or as the default one', async () => {
    await inFolder(async (folder) => {
      await put(folder, { 'agent.ts': '' })
      await configure(folder, '-e', 'agent.ts', '--name', 'hello')
      await configure(folder, '-e', 'agent.ts', '--region', 'us-east-1')
      await configure(folder, '--protocol', 'A2A')
      const { agents } = await writtenIn(folder)
      expect(Object.keys(agents)).toEqual(['hello'])
      expect(agents['hello']).toMatchObject({
        aws: { region: 'us-east-1', protocol_configuration: { server_protocol: 'A2A' } },
      })
    })
  })

  it.each([
    [['--deployment-type', 'direct_code_deploy'], /^--deployment-type: support is container: it cannot be changed/],
    [
      ['--vpc', '--subnets', 'subnet-0abc99999', '--security-groups', 'sg-0abc1234'],
      /^--subnets: support uses other subnets: it cannot be changed/,
    ],
    [
      ['--max-lifetime', '300'],
      /^--max-lifetime: the idle timeout \(600 seconds\) is longer than the maximum lifetime \(300 seconds\)/,
    ],
  ])('refuses %j', async (words, line) => {
    await inFolder(async (folder) => {
      await put(folder, { [file]: toolkitYaml, 'src/index.ts': '' })
      const { code, stderr } = await configure(folder, '--name', 'support', ...words)
      expect(code).toBe(2)
      expect(stderr).toMatch(line)
      expect(await readFile(join(folder, file), 'utf8')).toBe(toolkitYaml)
    })
  })

  it('wraps a file of the first toolkits', async () => {
    await inFolder(async (folder) => {
      await put(folder, { [file]: legacyYaml, 'agent.ts': '' })
      expect(await configure(folder, '-e', 'agent.ts', '--name', 'new')).toMatchObject({ code: 0 })
      const { default_agent, agents } = await writtenIn(folder)
      expect([default_agent, Object.keys(agents)]).toEqual(['old', ['old', 'new']])
    })
  })
})

describe('the default agent', () => {
  const defaultIn = async (folder: string): Promise<string> => (await writtenIn(folder)).default_agent

  it('is the first one, and moves only where that is asked for', async () => {
    await inFolder(async (folder) => {
      await put(folder, { 'a.ts': '', 'b.ts': '', 'c.ts': '' })
      expect((await configure(folder, '-e', 'a.ts')).stdout).toContain('\na is the default agent\n')
      expect((await configure(folder, '-e', 'b.ts')).stdout).toContain(
        '\nThe default agent is still a; to change that: agentcore configure set-default b\n',
      )
      await configure(folder, '-e', 'b.ts', '--region', 'us-east-1')
      expect(await defaultIn(folder)).toBe('a')
      expect((await configure(folder, '-e', 'c.ts', '--default')).stdout).toContain('\nc is the default agent\n')
      expect(await defaultIn(folder)).toBe('c')
      expect((await configure(folder, '--name', 'a', '--default')).stdout).toBe(
        'a is changed in .bedrock_agentcore.yaml\na is the default agent\n',
      )
      expect(await defaultIn(folder)).toBe('a')
      const { stdout } = await configure(folder, '--name', 'b', '--json')
      expect(JSON.parse(stdout)).toMatchObject({ isDefault: false })
    })
  })

  it('stays the only one of a file that names none', async () => {
    await inFolder(async (folder) => {
      await put(folder, { [file]: 'agents:\n  only: {name: only, entrypoint: a.ts}\n', 'a.ts': '', 'b.ts': '' })
      await configure(folder, '-e', 'b.ts')
      expect(await defaultIn(folder)).toBe('only')
    })
  })

  it('is not chosen among several of a file that names none', async () => {
    await inFolder(async (folder) => {
      const agents = 'agents:\n  a: {name: a, entrypoint: a.ts}\n  b: {name: b, entrypoint: b.ts}\n'
      await put(folder, { [file]: agents, 'c.ts': '' })
      expect((await configure(folder, '-e', 'c.ts')).stdout).toContain(
        'There is no default agent: choose one with agentcore configure set-default c',
      )
      expect(await defaultIn(folder)).toBeUndefined()
    })
  })
})

describe('a folder that cannot be written to', () => {
  it('is told in words', () => {
    const told = (code: string): unknown => explain(unwritable(file, Object.assign(new Error('raw'), { code })))
    expect(told('ENOSPC')).toEqual({
      message: `Could not write ${file}: no space left on the disk (ENOSPC)`,
      next: 'free some space, and try again',
    })
    expect(told('EROFS')).toEqual({
      message: `Could not write ${file}: the file system is read-only (EROFS)`,
      next: 'work in a folder that can be written to',
    })
    expect(told('EACCES')).toMatchObject({ next: 'check that you own it and its folder' })
    expect(told('EWHAT')).toMatchObject({ message: `Could not write ${file}: raw` })
  })
})

describe('two commands at once', () => {
  it('lose nothing', async () => {
    await inFolder(async (folder) => {
      const names = ['a', 'b', 'c', 'd']
      await put(folder, Object.fromEntries(names.map((name) => [`${name}.ts`, ''])))
      const all = names.map((name) => agentcore(folder, ['configure', '-e', `${name}.ts`, '--non-interactive']))
      expect((await Promise.all(all)).map(({ code }) => code)).toEqual([0, 0, 0, 0])
      expect(Object.keys((await writtenIn(folder)).agents).sort()).toEqual(names)
      expect((await readdir(folder)).sort()).toEqual([file, ...names.map((name) => `${name}.ts`)])
    })
  })
})

describe('configure list and set-default', () => {
  it('tell and choose the default agent', async () => {
    await inFolder(async (folder) => {
      await put(folder, { 'a.ts': '', 'b.ts': '' })
      await configure(folder, '-e', 'a.ts')
      await configure(folder, '-e', 'b.ts')
      expect((await configure(folder, 'list')).stdout).toBe(
        '* a  a.ts  direct_code_deploy\n  b  b.ts  direct_code_deploy\n',
      )
      expect((await configure(folder, 'set-default', 'b')).stdout).toBe('b is now the default agent\n')
      const { stdout } = await configure(folder, 'list', '--json')
      expect(JSON.parse(stdout)).toMatchObject({ default: 'b', agents: [{ name: 'a' }, { name: 'b' }] })
      expect(await configure(folder, 'set-default', 'c')).toMatchObject({
        code: 1,
        stderr: 'Unknown agent: c (configured: a, b): choose one with --agent, or run agentcore configure\n',
      })
    })
  })
})

describe('rules', () => {
  it('make a name of any path that is one', () => {
    fc.assert(fc.property(fc.string(), (path) => expect(agentName(nameFrom(path))).toMatchObject({ _tag: 'Right' })))
  })

  it('give a life that is at least as long as its idleness, or say that it is not', () => {
    const seconds = fc.option(fc.integer({ min: 60, max: 28_800 }), { nil: undefined })
    fc.assert(
      fc.property(seconds, seconds, (idle, max) => {
        const found = lifecycle(idle, max)
        if (found._tag === 'Right') expect(found.right.idle).toBeLessThanOrEqual(found.right.max)
        else expect(idle ?? 0).toBeGreaterThan(max ?? 28_800)
      }),
    )
  })
})
