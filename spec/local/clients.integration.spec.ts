import { execFile, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import {
  BedrockAgentCoreClient,
  InvokeAgentRuntimeCommand,
  StopRuntimeSessionCommand,
} from '@aws-sdk/client-bedrock-agentcore'
import { type At, local, seen, sessionId, withFolder } from './support'

const a = sessionId('a')

const run = promisify(execFile)

const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'not-a-secret' }

const env = {
  ...process.env,
  AWS_ACCESS_KEY_ID: credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  AWS_DEFAULT_REGION: 'us-east-1',
}

const has = (command: string, ...args: ReadonlyArray<string>): boolean =>
  spawnSync(command, [...args], { stdio: 'ignore' }).status === 0

/** A spec for machines that have what it needs; on others it is listed as skipped, which CI counts as failed. */
const where = (isThere: boolean): typeof it => (isThere ? it : it.skip)

const withClient = (at: At, use: (client: BedrockAgentCoreClient) => Promise<void>): Promise<void> => {
  const client = new BedrockAgentCoreClient({ region: 'us-east-1', endpoint: at.url, credentials, maxAttempts: 10 })
  return use(client).finally(() => client.destroy())
}

const invoking = (at: At, wish: object) =>
  new InvokeAgentRuntimeCommand({
    agentRuntimeArn: at.arn,
    runtimeSessionId: a,
    qualifier: 'DEFAULT',
    contentType: 'application/json',
    accept: 'application/json, text/event-stream',
    payload: new TextEncoder().encode(JSON.stringify(wish)),
  })

describe('unmodified clients of AWS call the local runtime:', () => {
  it('the SDK for JavaScript', () =>
    local({}, (at) =>
      withClient(at, async (client) => {
        const answer = await client.send(invoking(at, { text: 'hi' }))
        expect(answer).toMatchObject({ statusCode: 200, runtimeSessionId: a, contentType: 'application/json' })
        expect(JSON.parse((await answer.response?.transformToString()) ?? '')).toMatchObject({ wish: { text: 'hi' } })
        const stream = await client.send(invoking(at, { do: 'stream', n: 3 }))
        expect(stream.contentType).toBe('text/event-stream')
        expect(await stream.response?.transformToString()).toBe('data: 0\n\ndata: 1\n\ndata: 2\n\n')
        await expect(client.send(invoking(at, { do: 'status', n: 500 }))).rejects.toMatchObject({
          name: 'RuntimeClientError',
        })
        const stopped = new StopRuntimeSessionCommand({ agentRuntimeArn: at.arn, runtimeSessionId: a })
        expect(await client.send(stopped)).toMatchObject({ statusCode: 200, runtimeSessionId: a })
        await expect(client.send(stopped)).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
      }),
    ))

  it('the SDK for JavaScript, which tries again while a session is being started', () =>
    local({}, (at) =>
      withClient(at, async (client) => {
        const all = await Promise.all([1, 2].map(() => client.send(invoking(at, {}))))
        expect(all.map(({ statusCode }) => statusCode)).toEqual([200, 200])
        for (const { response } of all) await response?.transformToString()
      }),
    ))

  where(has('aws', '--version'))('the AWS CLI', () =>
    local({}, (at) =>
      withFolder(async (folder) => {
        const payload = join(folder, 'payload.json')
        const answer = join(folder, 'answer.json')
        writeFileSync(payload, '{"text":"hi"}')
        const which = ['--endpoint-url', at.url, '--agent-runtime-arn', at.arn, '--runtime-session-id', a]
        const asked = ['bedrock-agentcore', 'invoke-agent-runtime', ...which, '--payload', `fileb://${payload}`, answer]
        const { stdout } = await run('aws', asked, { env })
        expect(JSON.parse(stdout)).toMatchObject({ statusCode: 200, runtimeSessionId: a })
        expect(JSON.parse(readFileSync(answer, 'utf8'))).toMatchObject({ wish: { text: 'hi' } })
        await run('aws', ['bedrock-agentcore', 'stop-runtime-session', ...which], { env })
        expect(seen(at, a)).toBe(undefined)
        await expect(
          run('aws', ['bedrock-agentcore', 'stop-runtime-session', ...which], { env }),
        ).rejects.toMatchObject({ stderr: expect.stringContaining('ResourceNotFoundException') })
      }),
    ),
  )

  where(has('python3', '-c', 'import boto3; boto3.client("bedrock-agentcore", "us-east-1")'))('boto3', () => {
    const script = `
import boto3, json, sys
url, arn, session = sys.argv[1:]
client = boto3.client('bedrock-agentcore', endpoint_url=url)
def ask(wish):
    return client.invoke_agent_runtime(agentRuntimeArn=arn, runtimeSessionId=session, payload=json.dumps(wish).encode())
print(ask({'text': 'hi'})['response'].read().decode())
print(json.dumps([line.decode() for line in ask({'do': 'stream', 'n': 2})['response'].iter_lines() if line]))
try: ask({'do': 'status', 'n': 500})
except client.exceptions.RuntimeClientError as error: print(json.dumps(error.response['Error']['Message']))
client.stop_runtime_session(agentRuntimeArn=arn, runtimeSessionId=session)
try: client.stop_runtime_session(agentRuntimeArn=arn, runtimeSessionId=session)
except client.exceptions.ResourceNotFoundException: print('"gone"')
try: client.invoke_agent_runtime(agentRuntimeArn=arn, runtimeSessionId='x' * 33, qualifier='PROD', payload=b'{}')
except client.exceptions.ResourceNotFoundException: print('"no such endpoint"')
`
    return local({}, async (at) => {
      const { stdout } = await run('python3', ['-c', script, at.url, at.arn, a], { env })
      const [first, ...rest] = stdout
        .trim()
        .split('\n')
        .map((line): unknown => JSON.parse(line))
      expect(first).toMatchObject({ wish: { text: 'hi' } })
      expect(rest).toEqual([
        ['data: 0', 'data: 1'],
        'Received error (500) from runtime. Please check your CloudWatch logs for more information.',
        'gone',
        'no such endpoint',
      ])
    })
  })
})
