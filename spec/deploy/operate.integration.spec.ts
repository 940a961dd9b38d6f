/** `status`, `invoke`, `stop-session` and `logs` of deployed agents, beside the AWS CLI. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inProject, node, type Project, using } from '../cli/support'
import { agentcore, main, type Said } from '../cli/world'
import { cloudSuite, configuration, type Document, yaml } from './cloud'

const token = `e30.${Buffer.from('{"sub":"a"}').toString('base64url')}.x`

const jwt = `    authorizer_configuration:
      customJWTAuthorizer:
        discoveryUrl: https://idp.example/.well-known/openid-configuration
        allowedClients: [app]
`

const cloudOf = (document: Document): Document => {
  const [agent] = document['agents'] as ReadonlyArray<{ readonly cloud: Document }>
  return agent?.cloud ?? {}
}

cloudSuite('the commands for deployed agents', ({ aws, inAgent, run, json, awsCli }) => {
  const control = (...words: ReadonlyArray<string>): Promise<Document> => awsCli('bedrock-agentcore-control', ...words)

  it(
    'status says what the AWS CLI says',
    () =>
      inAgent(async (project) => {
        const before = await json(project, 'status')
        expect(cloudOf(before)).toEqual({ state: 'none', arn: null })
        expect(aws().requests).toEqual([])

        project.write('.bedrock_agentcore.yaml', `${configuration(project)}${jwt}`)
        const { id, arn } = await json(project, 'deploy', '--endpoint', 'prod', '--env', 'MODEL=small')
        const cloud = cloudOf(await json(project, 'status'))
        const runtime = await control('get-agent-runtime', '--agent-runtime-id', String(id))
        const endpoints = await control('list-agent-runtime-endpoints', '--agent-runtime-id', String(id))
        const versions = await control('list-agent-runtime-versions', '--agent-runtime-id', String(id))
        const code = runtime['agentRuntimeArtifact'] as { codeConfiguration: { code: { s3: Record<string, string> } } }
        const { bucket, prefix } = code.codeConfiguration.code.s3
        expect(cloud).toEqual({
          state: 'deployed',
          arn: runtime['agentRuntimeArn'],
          id: runtime['agentRuntimeId'],
          name: runtime['agentRuntimeName'],
          status: runtime['status'],
          failureReason: null,
          version: runtime['agentRuntimeVersion'],
          versions: (versions['agentRuntimes'] as ReadonlyArray<Document>)
            .map(({ agentRuntimeVersion }) => agentRuntimeVersion)
            .reverse(),
          endpoints: (endpoints['runtimeEndpoints'] as ReadonlyArray<Document>).map((endpoint) => ({
            name: endpoint['name'],
            status: endpoint['status'],
            liveVersion: endpoint['liveVersion'],
            targetVersion: endpoint['targetVersion'],
            logGroup: `/aws/bedrock-agentcore/runtimes/${String(id)}-${String(endpoint['name'])}`,
          })),
          code: `s3://${bucket ?? ''}/${prefix ?? ''}`,
          runtime: 'NODE_22',
          entryPoint: ['main.js'],
          executionRole: runtime['roleArn'],
          network: runtime['networkConfiguration'],
          protocol: (runtime['protocolConfiguration'] as Document)['serverProtocol'],
          lifecycle: runtime['lifecycleConfiguration'],
          authorizer: runtime['authorizerConfiguration'],
          headerAllowlist: (runtime['requestHeaderConfiguration'] as Document)['requestHeaderAllowlist'],
          environment: Object.keys(runtime['environmentVariables'] as Document),
          createdAt: expect.stringMatching(/Z$/) as unknown,
          lastUpdatedAt: expect.stringMatching(/Z$/) as unknown,
          notManaged: [],
          logGroup: `/aws/bedrock-agentcore/runtimes/${String(id)}-DEFAULT`,
          console: 'https://eu-west-1.console.aws.amazon.com/bedrock-agentcore/agents?region=eu-west-1',
        })
        const { code: exit, stdout } = await run(project, 'status')
        expect(exit).toBe(0)
        expect(stdout).toContain('cloud      READY, version 2\n')
        expect(stdout).toContain(String(arn))
        expect(stdout).toContain('prod READY, version 2')

        const fromAnywhere = (...words: ReadonlyArray<string>): Promise<Said> =>
          inProject({}, (empty) => run(empty, 'status', '--arn', String(arn), ...words))
        const byArn = await fromAnywhere('--json')
        expect(byArn).toMatchObject({ code: 0, stderr: '' })
        expect(JSON.parse(byArn.stdout)).toEqual({ agents: [{ name: null, cloud }] })
        expect((await fromAnywhere()).stdout).toMatch(/^\S+\n {2}cloud {6}READY, version 2\n/)

        aws().state.failedAs = { status: 'UPDATE_FAILED', reason: 'The role cannot be assumed' }
        const failed = await run(project, 'status')
        expect(failed).toMatchObject({ code: 1, stdout: expect.stringContaining('UPDATE_FAILED') as string })
        expect(failed.stderr).toContain('The role cannot be assumed')
        expect(await fromAnywhere()).toMatchObject({ code: 1, stderr: failed.stderr })
        aws().state.failedAs = undefined

        await control('delete-agent-runtime-endpoint', '--agent-runtime-id', String(id), '--endpoint-name', 'prod')
        await control('delete-agent-runtime', '--agent-runtime-id', String(id))
        const gone = await run(project, 'status', '--json')
        expect(gone.code).toBe(1)
        expect(cloudOf(JSON.parse(gone.stdout) as Document)).toEqual({ state: 'missing', arn })
        const goneByArn = await fromAnywhere()
        expect([goneByArn.code, goneByArn.stderr]).toEqual([
          1,
          `There is no agent runtime ${String(arn)}: check the ARN, and that --profile is of its account\n`,
        ])
      }),
    120_000,
  )

  it(
    'status says what is missing without credentials, and shows the rest all the same',
    () =>
      inAgent(async (project) => {
        await json(project, 'deploy')
        const env = { ...aws().env, AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '', HOME: project.folder }
        const { code, stdout, stderr } = await agentcore(project.folder, ['status'], { env })
        expect([code, stderr.split('\n').length]).toEqual([1, 2])
        expect(stderr).toMatch(/^No AWS credentials found: set AWS_PROFILE/)
        expect(stdout).toContain('cloud      No AWS credentials found')
        expect(stdout).toContain('local      not running')
        const local = await agentcore(project.folder, ['status', '--local'], { env })
        expect(local).toMatchObject({ code: 0, stderr: '' })
      }),
    60_000,
  )

  it(
    'status finds a runtime of the name that an interrupted deployment did not record',
    () =>
      inAgent(async (project) => {
        const { arn } = await json(project, 'deploy')
        const file = configuration(project).replace(/ {4}bedrock_agentcore:\n(?: {6}.*\n)*/, '')
        project.write('.bedrock_agentcore.yaml', file)
        const cloud = cloudOf(await json(project, 'status'))
        expect(cloud).toMatchObject({ state: 'unrecorded', arn })
        expect(await json(project, 'deploy', '--adopt', String(arn))).toMatchObject({ arn, changed: false })
      }),
    60_000,
  )

  it(
    'invoke and stop-session call endpoints by name, by ARN and by token, and explain refusals',
    () =>
      inAgent(async (project) => {
        const { arn } = await json(project, 'deploy', '--endpoint', 'prod')
        const first = await json(project, 'invoke', '{"a": 1}', '--endpoint', 'prod')
        expect(first).toMatchObject({ target: 'deployed', response: { payload: { a: 1 }, qualifier: 'prod' } })
        const second = await json(project, 'invoke', '{}')
        expect(second).toMatchObject({ sessionId: first['sessionId'], response: { qualifier: 'DEFAULT' } })
        expect(await json(project, 'stop-session', '--endpoint', 'prod')).toMatchObject({ stopped: true })
        expect(configuration(project)).not.toContain(String(first['sessionId']))

        await inProject({}, async (elsewhere) => {
          const called = await json(elsewhere, 'invoke', '{}', '--arn', String(arn), '--endpoint', 'prod')
          expect(called).toMatchObject({ agent: null, response: { qualifier: 'prod' } })
          const session = String(called['sessionId'])
          const stopped = await json(elsewhere, 'stop-session', '--arn', String(arn), '--session-id', session)
          expect(stopped).toMatchObject({ stopped: true, sessionId: session })
          expect(await run(elsewhere, 'stop-session', '--arn', String(arn))).toMatchObject({ code: 2 })
        })

        const fails = async (code: string, next: RegExp, ...words: ReadonlyArray<string>): Promise<void> => {
          const said = await run(project, 'invoke', ...words, '--json')
          expect(said.code).toBe(1)
          expect(JSON.parse(said.stdout)).toMatchObject({ code, next: expect.stringMatching(next) as string })
        }
        await fails('RUNTIME_CLIENT_ERROR', /agentcore logs --endpoint prod shows/, '"fail"', '--endpoint', 'prod')
        await fails('RESOURCE_NOT_FOUND_EXCEPTION', /agentcore status lists/, '{}', '--endpoint', 'nowhere')
        await fails('ACCESS_DENIED_EXCEPTION', /without a bearer token/, '{}', '--bearer-token', token)

        project.write('.bedrock_agentcore.yaml', `${configuration(project)}${jwt}`)
        await json(project, 'deploy')
        expect(await json(project, 'invoke', '{}', '--bearer-token', token)).toMatchObject({ target: 'deployed' })
        await fails('NO_TOKEN', /BEDROCK_AGENTCORE_BEARER_TOKEN/, '{}')
        await fails('ACCESS_DENIED_EXCEPTION', /pass --bearer-token/, '{}', '--arn', String(arn))
        await json(project, 'invoke', '{}', '--endpoint', 'DEFAULT', '--bearer-token', token)
      }),
    120_000,
  )

  it(
    'logs shows what is in CloudWatch Logs, of a session, since a time, and as it comes, each line once',
    () =>
      inAgent(async (project) => {
        const nowhere = await run(project, 'logs', '--deployed')
        expect(nowhere).toMatchObject({ code: 1, stderr: expect.stringContaining('is not deployed') as string })
        const { id, arn } = await json(project, 'deploy')
        const empty = await run(project, 'logs')
        expect(empty).toMatchObject({ code: 1, stderr: expect.stringContaining('with the first invocation') as string })
        const group = `/aws/bedrock-agentcore/runtimes/${String(id)}-DEFAULT`
        await logsIn(project, group)
        await inProject({}, async (elsewhere) => {
          const document = await json(elsewhere, 'logs', '--arn', String(arn), '--since', '1d')
          expect(document).toMatchObject({ agent: null, records: expect.arrayContaining([]) as unknown })
          expect((document['records'] as ReadonlyArray<unknown>).length).toBeGreaterThan(4)
          expect(await run(elsewhere, 'logs', '--arn', 'arn:nonsense')).toMatchObject({ code: 1 })
        })
      }),
    120_000,
  )

  /** Puts lines into streams, reads them back by the command, follows, and puts more. */
  const logsIn = async (project: Project, group: string): Promise<void> => {
    const streams = ['one', 'two'].map((name) => `2026/11/27/[runtime-logs-${session(name)}]abc`)
    await awsCli('logs', 'create-log-group', '--log-group-name', group)
    for (const stream of [...streams, 'otel-rt-logs'])
      await awsCli('logs', 'create-log-stream', '--log-group-name', group, '--log-stream-name', stream)
    const put = async (
      stream: string,
      events: ReadonlyArray<readonly [at: number, message: string]>,
    ): Promise<void> => {
      const file = join(project.folder, 'events.json')
      writeFileSync(file, JSON.stringify(events.map(([timestamp, message]) => ({ timestamp, message }))))
      await awsCli(
        ...['logs', 'put-log-events', '--log-group-name', group, '--log-stream-name', stream],
        ...['--log-events', `file://${file}`],
      )
    }
    const now = Date.now()
    const line = JSON.stringify({ level: 'INFO', message: 'hello', sessionId: session('one'), requestId: 'r-1' })
    await put(streams[0] ?? '', [
      [now - 7_200_000, 'long ago'],
      [now - 60_000, line],
      [now - 40_000, 'plain output'],
    ])
    await put(streams[1] ?? '', [[now - 50_000, 'of another']])
    await put('otel-rt-logs', [[now - 50_000, 'a copy']])

    const messages = (document: Document): ReadonlyArray<unknown> =>
      (document['records'] as ReadonlyArray<Document>).map(({ message }) => message)
    expect(messages(await json(project, 'logs'))).toEqual(['hello', 'of another', 'plain output'])
    expect(messages(await json(project, 'logs', '--session', session('two')))).toEqual(['of another'])
    expect(messages(await json(project, 'logs', '--since', '1d'))).toEqual([
      ...['long ago', 'hello', 'of another', 'plain output'],
    ])
    const { stdout } = await run(project, 'logs')
    expect(stdout).toMatch(/INFO.*hello/)

    await using(
      node([main, 'logs', '--follow', '--json'], project.folder, aws().env),
      async ({ child, says, ended, stdout: out }) => {
        await says(/plain output/)
        await put(streams[1] ?? '', [
          [Date.now(), 'more 1'],
          [Date.now(), 'more 2'],
        ])
        await says(/more 2/)
        // It comes late: its time is before that of what was seen already.
        await put(streams[0] ?? '', [[now - 10_000, 'late']])
        await says(/late/)
        await put(streams[0] ?? '', [[Date.now(), 'the end']])
        await says(/the end/)
        child.kill('SIGINT')
        expect(await ended).toBe(0)
        const seen = out()
          .trim()
          .split('\n')
          .map((text) => (JSON.parse(text) as Document)['message'])
        expect(seen).toEqual(['hello', 'of another', 'plain output', 'more 1', 'more 2', 'late', 'the end'])
      },
    )
  }

  it(
    'invoke and stop-session do the same to the data plane of this machine, which checks signatures',
    () =>
      inProject({ '.bedrock_agentcore.yaml': yaml, 'agent.js': talkative }, async (project) => {
        const env = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test', AWS_EC2_METADATA_DISABLED: 'true' }
        const command = (words: ReadonlyArray<string>, more: Readonly<Record<string, string>> = {}): Promise<Said> =>
          agentcore(project.folder, words, { env: { ...env, ...more } })
        const started = await command(['deploy', '--local', '--detach', '--auth', 'sigv4', '--port', '0', '--json'])
        try {
          const { arn = '', endpoint = '' } = JSON.parse(started.stdout) as { arn?: string; endpoint?: string }
          const there = { AWS_ENDPOINT_URL_BEDROCK_AGENTCORE: endpoint }
          expect(await command(['invoke', '{}', '--arn', arn], there)).toMatchObject({ code: 0, stdout: 'one two\n' })
          const talk = await command(['invoke', '"hi"', '--arn', arn, '--ws', '--raw'], there)
          expect(talk).toMatchObject({ code: 0, stdout: '{"heard":"hi"}\n' })
          const forged = await command(['invoke', '{}', '--arn', arn], { ...there, AWS_SECRET_ACCESS_KEY: 'wrong' })
          expect(forged).toMatchObject({ code: 1, stderr: expect.stringContaining('AccessDenied') as string })
          const called = await command(['invoke', '{}', '--arn', arn, '--json'], there)
          const { sessionId } = JSON.parse(called.stdout) as { readonly sessionId: string }
          const words = ['stop-session', '--arn', arn, '--session-id', sessionId, '--json']
          expect(JSON.parse((await command(words, there)).stdout)).toMatchObject({ stopped: true })
        } finally {
          await command(['stop'])
        }
      }),
    60_000,
  )

  it(
    'says nothing of the version of Node',
    () =>
      inAgent(async (project) => {
        const { stderr } = await run(project, 'deploy')
        expect(stderr).not.toMatch(/warning|NodeVersion|NodeDeprecation/i)
        const invoked = await run(project, 'invoke', '{}')
        expect(invoked).toMatchObject({ code: 0 })
        expect(invoked.stderr).not.toMatch(/warning/i)
        expect(readFileSync(join(project.folder, '.bedrock_agentcore.yaml'), 'utf8')).toContain('managed_fields')
      }),
    60_000,
  )
})

/** An agent that streams, and talks over sockets. */
const talkative = `
const { createApp, entrypoint, pipe, websocket } = require('agentcore-fp/plain')
const streams = entrypoint(function* () { yield 'one '; yield 'two' })
const talks = websocket(async function* (messages) { for await (const message of messages) yield { heard: message } })
exports.app = createApp(pipe(streams, talks))
`

const session = (name: string): string => `${name}-${'0'.repeat(40)}`
