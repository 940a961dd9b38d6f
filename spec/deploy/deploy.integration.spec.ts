/** `agentcore deploy` and `destroy` as processes, against a stand-in for AWS. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { main } from '../cli/world'
import { inProject, node, type Project, using } from '../cli/support'
import { agentCode, cloudSuite, configuration, type Document, filesIn, steps, yaml } from './cloud'
import { operationOf } from './moto'

cloudSuite('agentcore deploy', ({ aws, inAgent, run, json }) => {
  const deploy = (project: Project, ...words: ReadonlyArray<string>): Promise<Document> =>
    json(project, 'deploy', ...words)

  /** Requests that change anything. */
  const changes = (): ReadonlyArray<string> =>
    aws().requests.flatMap((request) => {
      const { service, method, path, body } = request
      if (service === 's3') return method === 'HEAD' || method === 'GET' ? [] : [`s3 ${method} ${path}`]
      if (service === 'bedrock-agentcore') {
        const name = operationOf(request)
        return /^(Get|List)/.test(name) ? [] : [name]
      }
      const action = new URLSearchParams(body).get('Action') ?? ''
      return /^(Get|List)/.test(action) ? [] : [action]
    })

  it(
    'plans, deploys, leaves alone what is up to date, updates code and settings, and destroys',
    () =>
      inAgent(async (project) => {
        const untouched = filesIn(project)
        const plan = await deploy(project, '--dry-run')
        expect(filesIn(project)).toEqual(untouched)
        expect(steps(plan, 'steps')).toEqual([
          ...['CreateRole', 'WriteRolePolicy', 'CreateBucket', 'UploadCode', 'CreateRuntime'],
          ...['AwaitRuntime', 'SecureMetadata', 'AwaitRuntime', 'AwaitEndpoint'],
        ])
        expect(changes()).toEqual([])
        expect(configuration(project)).toBe(yaml)

        const first = await deploy(project)
        expect(steps(first)).toEqual(steps(plan, 'steps'))
        expect(first).toMatchObject({ agent: 'hello', version: '2', changed: true, region: 'eu-west-1' })
        expect(configuration(project)).toContain(`agent_arn: ${String(first['arn'])}`)
        const uploads = aws().requests.filter(
          ({ service, path, method }) => service === 's3' && method === 'PUT' && path.includes('.zip'),
        )
        expect(uploads.map(({ headers }) => headers['x-amz-expected-bucket-owner'])).toEqual(['123456789012'])
        expect(uploads[0]?.headers['x-amz-sdk-checksum-algorithm']).toBe('SHA256')

        const before = changes().length
        const second = await deploy(project)
        expect(second).toMatchObject({ changed: false, done: [], version: '2', arn: first['arn'] })
        expect(changes().length).toBe(before)

        project.write('agent.js', agentCode(2))
        const third = await deploy(project)
        expect(steps(third)).toEqual(['UploadCode', 'UpdateRuntime', 'AwaitRuntime', 'AwaitEndpoint'])
        expect(third).toMatchObject({ version: '3' })

        const fourth = await deploy(project, '--env', 'MODEL=small')
        expect(steps(fourth)).toEqual(['UpdateRuntime', 'AwaitRuntime', 'AwaitEndpoint'])
        const update = aws()
          .requests.filter((request) => operationOf(request) === 'UpdateAgentRuntime')
          .at(-1)
        expect(JSON.parse(update?.body ?? '')).toMatchObject({
          environmentVariables: { HOST: '0.0.0.0', MODEL: 'small' },
          lifecycleConfiguration: { idleRuntimeSessionTimeout: 120, maxLifetime: 240 },
          requestHeaderConfiguration: { requestHeaderAllowlist: ['X-Team'] },
          metadataConfiguration: { requireMMDSV2: true },
        })

        const refused = await run(project, 'destroy')
        expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('--force') as string })
        const { code, stdout } = await run(project, 'destroy', '--force', '--json')
        expect(code).toBe(0)
        expect(
          (JSON.parse(stdout) as { removed: ReadonlyArray<{ _tag: string }> }).removed.map(({ _tag }) => _tag),
        ).toEqual([...['RemoveRuntime', 'RemoveCode', 'RemoveBucket', 'RemoveRole']])
        const after = await run(project, 'destroy', '--dry-run', '--json')
        expect(JSON.parse(after.stdout)).toMatchObject({ removals: [] })
        expect(configuration(project)).not.toContain(String(first['arn']))
      }),
    120_000,
  )

  it(
    'leaves a runtime of others alone, and takes it over when it is told to',
    () =>
      inAgent(async (project) => {
        const { arn } = await deploy(project)
        await inAgent(async (other) => {
          const { code, stdout } = await run(other, 'deploy', '--json')
          expect(code).toBe(1)
          expect(JSON.parse(stdout)).toMatchObject({ code: 'NAME_TAKEN' })
          expect(await deploy(other, '--auto-update-on-conflict')).toMatchObject({ arn })
          expect(configuration(other)).toContain(`agent_arn: ${String(arn)}`)
        })
      }),
    60_000,
  )

  it(
    'says how far it came when AWS refuses, and goes on from there',
    () =>
      inAgent(async (project) => {
        aws().failing.with = (request) =>
          operationOf(request) === 'CreateAgentRuntime'
            ? { status: 403, name: 'AccessDeniedException', message: 'not you' }
            : undefined
        const { code, stdout, stderr } = await run(project, 'deploy', '--json')
        expect(code).toBe(1)
        expect(JSON.parse(stdout)).toMatchObject({
          code: 'ACCESS_DENIED',
          error: 'The AWS credentials do not allow bedrock-agentcore:CreateAgentRuntime',
          details: expect.arrayContaining([
            'Done:',
            'Stopped at: create the agent runtime hello',
            'Not done:',
          ]) as unknown,
        })
        expect(stderr).toContain('agentcore deploy goes on from here')
        aws().failing.with = () => undefined
        expect(steps(await deploy(project))[0]).toBe('CreateRuntime')
      }),
    60_000,
  )

  it(
    'waits for a role that AgentCore does not know yet, and for AWS when it throttles',
    () =>
      inAgent(async (project) => {
        const failures = [
          {
            status: 400,
            name: 'ValidationException',
            message: 'Role validation failed for the role. Check that it can be assumed',
          },
          { status: 429, name: 'ThrottlingException', message: 'Rate exceeded' },
        ]
        aws().failing.with = (request) => (operationOf(request) === 'CreateAgentRuntime' ? failures.shift() : undefined)
        expect(await deploy(project)).toMatchObject({ changed: true })
        expect(failures).toEqual([])
        expect(aws().requests.filter((request) => operationOf(request) === 'CreateAgentRuntime')).toHaveLength(3)
      }),
    60_000,
  )

  it(
    'tells why the service could not make the runtime',
    () =>
      inAgent(async (project) => {
        aws().state.failedAs = { status: 'CREATE_FAILED', reason: 'Machine code for x86 in main.node' }
        const { code, stdout } = await run(project, 'deploy', '--json')
        expect(code).toBe(1)
        expect(JSON.parse(stdout)).toMatchObject({
          code: 'RUNTIME_FAILED',
          error: expect.stringContaining('CREATE_FAILED: Machine code for x86 in main.node') as string,
          next: expect.stringContaining('/aws/bedrock-agentcore/runtimes/') as string,
        })
      }),
    60_000,
  )

  it(
    'stops on Ctrl-C after the request under way, and goes on in the next run',
    () =>
      inAgent(async (project) => {
        const ended = new Promise<void>((resolve) => {
          aws().failing.with = (request) => {
            if (operationOf(request) === 'CreateAgentRuntime') resolve()
            return undefined
          }
        })
        await using(node([main, 'deploy'], project.folder, aws().env), async ({ child, ended: exit, stderr }) => {
          await ended
          child.kill('SIGINT')
          expect(await exit).toBe(130)
          expect(stderr()).toContain('agentcore deploy goes on from here')
        })
        const next = await deploy(project)
        expect(steps(next)).not.toContain('CreateRuntime')
        expect(aws().requests.filter((request) => operationOf(request) === 'CreateAgentRuntime')).toHaveLength(1)
      }),
    60_000,
  )

  it(
    'uploads what Node 22 runs without node_modules',
    () =>
      inAgent(async (project) => {
        const { code } = await deploy(project)
        const key = String(code).replace(/^s3:\/\//, '')
        const response = await fetch(`${aws().env['AWS_ENDPOINT_URL'] ?? ''}/${key}`, {
          headers: {
            authorization:
              'AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/s3/aws4_request, SignedHeaders=host, Signature=0',
          },
        })
        expect(response.status).toBe(200)
        await inProject({}, async ({ folder }) => {
          const zip = join(folder, 'code.zip')
          writeFileSync(zip, Buffer.from(await response.arrayBuffer()))
          execFileSync('python3', ['-m', 'zipfile', '-e', zip, join(folder, 'out')])
          const started = node([join(folder, 'out/main.js')], join(folder, 'out'), { HOST: '0.0.0.0', PORT: '0' })
          await using(started, async ({ says }) => {
            const [, port] = await says(/:(\d{4,5})\b/)
            const answer = await fetch(`http://127.0.0.1:${port ?? ''}/invocations`, { method: 'POST', body: '{}' })
            expect(await answer.json()).toEqual({ version: 1 })
          })
        })
      }),
    60_000,
  )
})
