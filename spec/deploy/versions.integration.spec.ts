/** Endpoints, versions, removed settings and adoption, as a user meets them. */
import { agentCode, cloudSuite, configuration, steps, yaml } from './cloud'
import { operationOf } from './moto'

cloudSuite('agentcore deploy with versions', ({ aws, inAgent, run, json, awsCli }) => {
  it(
    'pins named endpoints, rolls them and DEFAULT back, and destroys endpoints through all pages',
    () =>
      inAgent(async (project) => {
        const first = await json(project, 'deploy', '--endpoint', 'prod')
        expect(first).toMatchObject({ endpoint: 'prod', version: '2' })
        expect(steps(first).slice(-2)).toEqual(['PointEndpoint', 'AwaitEndpoint'])
        const id = String(first['id'])

        project.write('agent.js', agentCode(2))
        const plan = await json(project, 'deploy', '--endpoint', 'prod', '--dry-run')
        expect(plan).toMatchObject({ dryRun: true, changes: true, endpoint: 'prod' })
        expect(await json(project, 'deploy')).toMatchObject({ endpoint: 'DEFAULT', version: '3' })
        const endpoint = (name: string): Promise<unknown> =>
          awsCli(
            ...['bedrock-agentcore-control', 'get-agent-runtime-endpoint', '--agent-runtime-id', id],
            ...['--endpoint-name', name],
          )
        expect(await endpoint('prod')).toMatchObject({ liveVersion: '2' })
        expect(await endpoint('DEFAULT')).toMatchObject({ liveVersion: '3' })

        expect(await json(project, 'deploy', '--endpoint', 'prod')).toMatchObject({ version: '3', changed: true })
        expect(await json(project, 'deploy', '--endpoint', 'prod')).toMatchObject({ changed: false, done: [] })

        const back = await json(project, 'deploy', '--endpoint', 'prod', '--version', '2')
        expect(back).toMatchObject({ endpoint: 'prod', version: '2', restored: '2', changed: true })
        expect(await endpoint('prod')).toMatchObject({ status: 'READY', liveVersion: '2', targetVersion: '2' })
        const again = await json(project, 'deploy', '--endpoint', 'prod', '--version', '2')
        expect(again).toMatchObject({ changed: false })

        const restored = await json(project, 'deploy', '--version', '2')
        expect(restored).toMatchObject({ endpoint: 'DEFAULT', version: '4', restored: '2', changed: true })
        const runtime = await awsCli('bedrock-agentcore-control', 'get-agent-runtime', '--agent-runtime-id', id)
        const earlier = await awsCli(
          ...['bedrock-agentcore-control', 'get-agent-runtime', '--agent-runtime-id', id],
          ...['--agent-runtime-version', '2'],
        )
        expect(runtime['agentRuntimeArtifact']).toEqual(earlier['agentRuntimeArtifact'])

        const unknown = await run(project, 'deploy', '--version', '9', '--json')
        expect(JSON.parse(unknown.stdout)).toMatchObject({ code: 'UNKNOWN_VERSION' })

        for (const name of ['staging', 'canary', 'beta']) await json(project, 'deploy', '--endpoint', name)
        const removal = await json(project, 'destroy', '--force')
        const removed = removal['removed'] as ReadonlyArray<{ readonly _tag: string; readonly endpoint?: string }>
        expect(removed.map(({ _tag }) => _tag).slice(0, 5)).toEqual([
          ...['RemoveEndpoint', 'RemoveEndpoint', 'RemoveEndpoint', 'RemoveEndpoint', 'RemoveRuntime'],
        ])
      }),
    180_000,
  )

  it(
    'removes what is dropped from the configuration, and keeps what others have set',
    () =>
      inAgent(async (project) => {
        const first = await json(project, 'deploy', '--env', 'MODEL=small')
        const shorter = configuration(project)
          .replace(/ {4}request_header_configuration:\n.*\n.*\n/, '')
          .replace(/ {6}lifecycle_configuration:\n.*\n.*\n/, '')
        expect(shorter).toContain('- environmentVariables.MODEL')
        project.write('.bedrock_agentcore.yaml', shorter)
        const plan = await json(project, 'deploy', '--dry-run')
        expect(plan).toMatchObject({
          removed: [
            ...['lifecycleConfiguration.idleRuntimeSessionTimeout', 'lifecycleConfiguration.maxLifetime'],
            'requestHeaderConfiguration',
          ],
          kept: ['environmentVariables.MODEL'],
        })
        await json(project, 'deploy')
        const runtime = await awsCli(
          'bedrock-agentcore-control',
          'get-agent-runtime',
          '--agent-runtime-id',
          String(first['id']),
        )
        expect(runtime).not.toHaveProperty('requestHeaderConfiguration')
        expect(runtime).toMatchObject({
          lifecycleConfiguration: { idleRuntimeSessionTimeout: 900, maxLifetime: 28800 },
          environmentVariables: { HOST: '0.0.0.0', MODEL: 'small' },
        })
        expect(await json(project, 'deploy', '--unset-env', 'MODEL')).toMatchObject({
          changed: true,
          removed: ['environmentVariables.MODEL'],
        })
        expect(await json(project, 'deploy')).toMatchObject({ changed: false })
      }),
    120_000,
  )

  it(
    'adopts a runtime that was deployed by hand, and destroys nothing else of its owner',
    () =>
      inAgent(async (project) => {
        const role = 'arn:aws:iam::123456789012:role/TheirRole'
        await awsCli('iam', 'create-role', '--role-name', 'TheirRole', '--assume-role-policy-document', '{}')
        const artifact = {
          codeConfiguration: {
            code: { s3: { bucket: 'their-bucket', prefix: 'code.zip' } },
            runtime: 'NODE_22',
            entryPoint: ['index.js'],
          },
        }
        const made = await awsCli(
          ...['bedrock-agentcore-control', 'create-agent-runtime', '--agent-runtime-name', 'byhand'],
          ...['--agent-runtime-artifact', JSON.stringify(artifact), '--role-arn', role],
          ...['--network-configuration', 'networkMode=PUBLIC', '--environment-variables', 'THEIRS=1'],
        )
        const arn = String(made['agentRuntimeArn'])
        const plan = await json(project, 'deploy', '--adopt', arn, '--dry-run')
        expect(steps(plan, 'steps')).toEqual([
          ...['CreateBucket', 'UploadCode', 'RecordRuntime', 'UpdateRuntime', 'AwaitRuntime', 'AwaitEndpoint'],
        ])
        expect(configuration(project)).toBe(yaml)
        expect(await json(project, 'deploy', '--adopt', arn)).toMatchObject({ arn, executionRole: role, version: '2' })
        expect(await json(project, 'deploy')).toMatchObject({
          arn,
          changed: false,
          kept: ['environmentVariables.THEIRS'],
        })
        const { removed } = await json(project, 'destroy', '--force')
        expect((removed as ReadonlyArray<{ _tag: string }>).map(({ _tag }) => _tag)).toEqual([
          ...['RemoveRuntime', 'RemoveCode', 'RemoveBucket'],
        ])
        expect(await awsCli('iam', 'get-role', '--role-name', 'TheirRole')).toHaveProperty('Role')
        expect(aws().requests.filter((request) => operationOf(request) === 'CreateAgentRuntime')).toHaveLength(1)
      }),
    120_000,
  )

  it(
    'makes the service-linked role for an agent in a VPC, and leaves it',
    () =>
      inAgent(async (project) => {
        const vpc = `      network_configuration:
        network_mode: VPC
        network_mode_config:
          subnets: [subnet-0123456789abcdef0]
          security_groups: [sg-0123456789abcdef0]
`
        project.write('.bedrock_agentcore.yaml', yaml.replace('      lifecycle', `${vpc}      lifecycle`))
        expect(steps(await json(project, 'deploy'))).toContain('CreateNetworkRole')
        const roles = async (): Promise<string> => JSON.stringify((await awsCli('iam', 'list-roles'))['Roles'])
        expect(await roles()).toContain('aws-service-role/network.bedrock-agentcore.amazonaws.com')
        await json(project, 'destroy', '--force')
        expect(await roles()).toContain('aws-service-role/network.bedrock-agentcore.amazonaws.com')
      }),
    60_000,
  )

  it.each([
    [['--version', '3', '--env', 'A=b'], '--env cannot be used with --version'],
    [['--env', 'A=b', '--unset-env', 'A'], 'both name A'],
    [['--unset-env', 'A B'], 'the name of a variable'],
    [['--version', '3', '--local-build'], '--local-build cannot be used with --version'],
    [['--version', '0'], 'the number of a version'],
    [['--endpoint', 'my-prod'], 'a letter, then at most 47'],
    [['--local', '--endpoint', 'prod'], '--endpoint is for deployments to AWS'],
  ])('does not take %j', async (words, message) =>
    inAgent(async (project) => {
      expect(await run(project, 'deploy', ...words)).toMatchObject({
        code: 2,
        stderr: expect.stringContaining(message) as string,
      })
    }),
  )
})
