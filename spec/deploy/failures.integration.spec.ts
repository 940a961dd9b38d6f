/** What goes wrong on the way: connections, credentials, rates, packages, and people who press Ctrl-C or say no. */
import { randomBytes } from 'node:crypto'
import { cpSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { inProject, node, projectOf, root, type Project, using } from '../cli/support'
import { hasTmux, inTerminal } from '../cli/tmux'
import { main } from '../cli/world'
import { agentCode, cloudSuite, configuration, type Document, steps, yaml } from './cloud'
import { operationOf } from './moto'

const bucket = 'bedrock-agentcore-code-123456789012-eu-west-1'

/** More than one part of an upload, and nothing that compresses much. */
const large = `${agentCode(1)}\nexports.data = ${JSON.stringify(randomBytes(16_000_000).toString('base64'))}\n`

cloudSuite('a deployment that is disturbed', ({ aws, inAgent, run, json, awsCli }) => {
  const uploadsInProgress = async (): Promise<unknown> =>
    (await awsCli('s3api', 'list-multipart-uploads', '--bucket', bucket))['Uploads'] ?? []
  const objects = async (): Promise<ReadonlyArray<Document>> =>
    ((await awsCli('s3api', 'list-objects-v2', '--bucket', bucket))['Contents'] ?? []) as ReadonlyArray<Document>

  const isUpload = (method: string, path: string): boolean => method === 'PUT' && path.includes('.zip')

  /** Nothing is left in the account. */
  const destroyed = async (project: Project): Promise<void> => {
    await json(project, 'destroy', '--force')
    expect(await json(project, 'destroy', '--dry-run')).toMatchObject({ removals: [] })
    expect((await awsCli('s3api', 'list-buckets'))['Buckets'] ?? []).toEqual([])
    expect((await awsCli('iam', 'list-roles'))['Roles']).toEqual([])
    expect((await awsCli('bedrock-agentcore-control', 'list-agent-runtimes'))['agentRuntimes']).toEqual([])
  }

  it(
    'sends large archives in parts, shows how far it is, and goes on after the connection was cut in the middle',
    () =>
      inProject({ '.bedrock_agentcore.yaml': yaml, 'agent.js': large }, async (project) => {
        aws().cutting.if = (method, path) => isUpload(method, path) && path.includes('partNumber=2')
        const cut = await run(project, 'deploy', '--json')
        expect(cut.code).toBe(1)
        expect(JSON.parse(cut.stdout)).toMatchObject({
          code: 'UNREACHABLE',
          error: expect.stringContaining('Could not reach AWS (s3:PutObject)') as string,
          next: expect.stringContaining('goes on where it stopped') as string,
        })
        expect(await uploadsInProgress()).toEqual([])
        expect(await objects()).toEqual([])

        aws().cutting.if = () => false
        const line = [process.execPath, main, 'deploy'].join(' ')
        const shown = await new Promise<string>((resolve) => {
          const child = node(['-e', spawnInPty, line], project.folder, { ...aws().env, TERM: 'xterm' })
          void child.ended.then(() => resolve(child.output()))
        })
        expect(shown).toMatch(/… \d+ %: Upload the code \(1\d\.\d MB\)/)
        expect(shown).toMatch(/hello\S* is deployed/)
        expect(shown).not.toContain('Create the execution role')
        expect((await objects()).map(({ Size }) => Number(Size) > 12_000_000)).toEqual([true])
        const parts = aws().requests.filter(({ method, path }) => isUpload(method, path) && path.includes('partNumber'))
        expect(parts.every(({ headers }) => headers['x-amz-expected-bucket-owner'] === '123456789012')).toBe(true)
        await destroyed(project)
      }),
    180_000,
  )

  it(
    'leaves no part of an archive behind after Ctrl-C in the middle of it',
    () =>
      inProject({ '.bedrock_agentcore.yaml': yaml, 'agent.js': large }, async (project) => {
        const begun = new Promise<void>((resolve) => {
          aws().failing.with = ({ method, path }) => {
            if (isUpload(method, path) && path.includes('partNumber=1')) resolve()
            return undefined
          }
        })
        await using(node([main, 'deploy'], project.folder, aws().env), async ({ child, ended, stderr }) => {
          await begun
          child.kill('SIGINT')
          expect(await ended).toBe(130)
          expect(stderr()).toContain('agentcore deploy goes on from here')
        })
        expect(await uploadsInProgress()).toEqual([])
        await destroyed(project)
      }),
    120_000,
  )

  it(
    'goes on after credentials that expired in the middle, and says what was done',
    () =>
      inAgent(async (project) => {
        const expired = { status: 403, name: 'ExpiredTokenException', message: 'The security token is expired' }
        let count = 0
        aws().failing.with = () => (++count > 9 ? expired : undefined)
        const first = await run(project, 'deploy', '--json')
        expect(first.code).toBe(1)
        const { code, details } = JSON.parse(first.stdout) as Document
        expect(code).toBe('CREDENTIALS_EXPIRED')
        expect(details).toEqual(expect.arrayContaining(['Done:', expect.stringMatching(/^Stopped at: /)]))
        expect(configuration(project)).toContain('execution_role: arn:aws:iam')

        aws().failing.with = () => undefined
        const second = await json(project, 'deploy')
        expect(steps(second)).not.toContain('CreateRole')
        expect(second).toMatchObject({ changed: true })
        await destroyed(project)
      }),
    120_000,
  )

  it(
    'gives up where AWS throttles on and on, and says when to go on',
    () =>
      inAgent(async (project) => {
        aws().failing.with = (request) =>
          operationOf(request) === 'CreateAgentRuntime'
            ? { status: 429, name: 'ThrottlingException', message: 'Rate exceeded' }
            : undefined
        const { code, stdout } = await run(project, 'deploy', '--json')
        expect(code).toBe(1)
        expect(JSON.parse(stdout)).toMatchObject({
          code: 'THROTTLED',
          next: expect.stringContaining('in a minute') as string,
        })
        await destroyed(project)
      }),
    120_000,
  )

  it('goes on after Ctrl-C at each request that changes something, and destroys after each', async () => {
    const operations = [
      'CreateRole',
      'PutRolePolicy',
      'PUT bucket',
      'PUT zip',
      'CreateAgentRuntime',
      'UpdateAgentRuntime',
    ]
    for (const [at, operation] of operations.entries()) {
      await inAgent(async (project) => {
        const reached = new Promise<void>((resolve) => {
          aws().failing.with = (request) => {
            const { service, method, path, body } = request
            const name = service === 's3' ? `${method} ${path.includes('.zip') ? 'zip' : 'bucket'}` : ''
            const action = service === 'iam' ? (new URLSearchParams(body).get('Action') ?? '') : operationOf(request)
            if (name === operation || action === operation) resolve()
            return undefined
          }
        })
        await using(node([main, 'deploy'], project.folder, aws().env), async ({ child, ended }) => {
          await reached
          child.kill('SIGINT')
          expect(await ended).toBe(130)
        })
        aws().failing.with = () => undefined
        if (at % 2 === 0) await json(project, 'deploy')
        await destroyed(project)
      })
      await aws().reset()
    }
  }, 240_000)

  it(
    'fixes a runtime that the service could not create, or destroys it',
    () =>
      inAgent(async (project) => {
        aws().state.failedAs = { status: 'CREATE_FAILED', reason: 'Machine code for x86' }
        expect(await run(project, 'deploy')).toMatchObject({ code: 1 })
        const { stdout } = await run(project, 'status', '--json')
        expect(JSON.parse(stdout)).toMatchObject({ agents: [{ cloud: { status: 'CREATE_FAILED' } }] })
        aws().state.failedAs = undefined
        project.write('agent.js', agentCode(2))
        expect(await json(project, 'deploy')).toMatchObject({ changed: true })
        await destroyed(project)
      }),
    120_000,
  )

  const inTmux = hasTmux() ? it : it.skip
  inTmux(
    'asks in a terminal before it destroys, and takes no for an answer',
    () =>
      inAgent(async (project) => {
        await json(project, 'deploy')
        await inTerminal(project.folder, aws().env, async ({ type, shows, seen }) => {
          const line = `'${process.execPath}' '${main}' destroy`
          type(line, 'Enter')
          await shows(/Destroying hello will:[^]*delete the agent runtime[^]*Remove all of this\?/)
          type('n')
          type('Enter')
          await shows(/Cancelled/)
          expect(configuration(project)).toContain('agent_arn: arn:aws')
          type(`clear; ${line}`, 'Enter')
          await shows(/Remove all of this\?/)
          type('y')
          type('Enter')
          await shows(/hello is no longer deployed/)
          expect(seen()).not.toMatch(/Warning/)
        })
        expect(await json(project, 'destroy', '--dry-run')).toMatchObject({ removals: [] })
      }),
    90_000,
  )

  it('says which packages to install where they are missing', async () => {
    const { folder, remove } = projectOf({ '.bedrock_agentcore.yaml': yaml, 'agent.js': agentCode(1) })
    try {
      const own = join(folder, 'own')
      installWithoutSdk(own)
      const command = join(own, 'node_modules/agentcore-fp/dist/lib/cli/main.js')
      const said = (words: ReadonlyArray<string>): Promise<readonly [number | null, Document]> =>
        using(node([command, ...words, '--json'], folder, aws().env), async ({ ended, stdout }) => {
          const code = (await ended) as number | null
          return [code, JSON.parse(stdout()) as Document] as const
        })
      const [code, document] = await said(['deploy'])
      expect(code).toBe(1)
      expect(document).toMatchObject({
        code: 'NO_SDK',
        next:
          'run npm install --save-dev @aws-sdk/client-bedrock-agentcore-control @aws-sdk/client-iam @aws-sdk/client-s3 ' +
          '@aws-sdk/client-sts @aws-sdk/lib-storage',
      })
      await inAgent(async (project) => {
        await json(project, 'deploy')
        cpSync(join(project.folder, '.bedrock_agentcore.yaml'), join(folder, '.bedrock_agentcore.yaml'))
      })
      const [logsCode, logs] = await said(['logs'])
      expect([logsCode, logs['next']]).toEqual([1, 'run npm install --save-dev @aws-sdk/client-cloudwatch-logs'])
      const [statusCode, status] = await said(['status'])
      expect(statusCode).toBe(1)
      expect(status).toMatchObject({
        agents: [
          {
            name: 'hello',
            cloud: {
              state: 'unknown',
              code: 'NO_SDK',
              next: 'run npm install --save-dev @aws-sdk/client-bedrock-agentcore-control',
            },
            local: { state: 'none' },
          },
        ],
      })
    } finally {
      remove()
    }
  }, 60_000)
})

/** Runs a command line in a pseudo-terminal, whose output includes lines that later ones overwrite. */
const spawnInPty = `
const { spawnSync } = require('node:child_process')
const { stdout } = spawnSync('script', ['-qefc', process.argv[1], '/dev/null'], { encoding: 'utf8', maxBuffer: 1e8 })
process.stdout.write(stdout)
`

/** This package as npm installs it where nobody asked for the optional peers. */
const installWithoutSdk = (folder: string): void => {
  const modules = join(folder, 'node_modules')
  const from = join(root, 'node_modules')
  mkdirSync(join(modules, '@aws-sdk'), { recursive: true })
  for (const name of readdirSync(from))
    if (name !== '@aws-sdk' && !name.startsWith('.')) symlinkSync(join(from, name), join(modules, name))
  symlinkSync(join(from, '@aws-sdk/credential-provider-node'), join(modules, '@aws-sdk/credential-provider-node'))
  mkdirSync(join(modules, 'agentcore-fp'))
  cpSync(join(root, 'package.json'), join(modules, 'agentcore-fp/package.json'))
  cpSync(join(root, 'dist/lib'), join(modules, 'agentcore-fp/dist/lib'), { recursive: true })
}
