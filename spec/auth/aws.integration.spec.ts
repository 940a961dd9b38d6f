/** boto3 and the `aws` command, unmodified, with nothing but an endpoint of their own. */
import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Credentials } from '../../lib/auth'
import { served, type Served } from '../http/support'
import { dial } from '../http/socketSupport'
import { withSigv4 } from './runtimes'
import { credentials, temporary } from './signing'

const run = promisify(execFile)

const isHere = (command: string, ...args: ReadonlyArray<string>): boolean => {
  try {
    execFileSync(command, [...args], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Describes what needs a program. Where it is missing, it says so; `.ci/run` counts that as failed. */
const describeWith = (name: string, isThere: boolean, specs: () => void): void => {
  if (!isThere) process.stdout.write(`SKIPPED: ${name}, which is not installed\n`)
  const describeHere = isThere ? describe : describe.skip
  describeHere(name, specs)
}

const arn = 'arn:aws:bedrock-agentcore:us-west-2:123456789012:runtime/my_agent-a1b2c3d4e5'

const environment = ({ accessKeyId, secretAccessKey, sessionToken }: Credentials) => {
  const { AWS_PROFILE: _, AWS_SESSION_TOKEN: __, ...rest } = process.env
  return {
    ...rest,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_MAX_ATTEMPTS: '1',
    NO_PROXY: '127.0.0.1',
    ...(sessionToken === undefined ? {} : { AWS_SESSION_TOKEN: sessionToken }),
  }
}

const python = (script: string, args: ReadonlyArray<string>, by: Credentials): Promise<string> =>
  run('python3', ['-c', script, ...args], { env: environment(by) }).then(({ stdout }) => stdout.trim())

const invoking = `
import sys, json, boto3, botocore
url, arn, region, payload = sys.argv[1:]
client = boto3.client('bedrock-agentcore', region_name=region, endpoint_url=url)
try:
    answer = client.invoke_agent_runtime(agentRuntimeArn=arn, payload=payload.encode(), qualifier='DEFAULT', runtimeSessionId='s' * 40, contentType='application/json', accept='application/json', runtimeUserId='ann')
    print(json.dumps([answer['statusCode'], json.loads(answer['response'].read())]))
except botocore.exceptions.ClientError as error:
    print(json.dumps([error.response['ResponseMetadata']['HTTPStatusCode'], error.response['Error']['Code']]))
`

const presigning = `
import sys
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.session import Session
url, expires = sys.argv[1:]
request = AWSRequest('GET', url)
SigV4QueryAuth(Session().get_credentials(), 'bedrock-agentcore', 'us-west-2', expires=int(expires)).add_auth(request)
print(request.url)
`

describeWith('boto3', isHere('python3', '-c', 'import boto3'), () => {
  const invoke = async ({ url }: Served, payload: unknown, by = credentials, region = 'us-west-2'): Promise<unknown> =>
    JSON.parse(await python(invoking, [url, arn, region, JSON.stringify(payload)], by))

  it(
    'is let in, with lasting and with temporary credentials, with text and with 100 KB',
    () =>
      served(withSigv4(), async (at) => {
        const hello = { prompt: 'héllo ☃' }
        expect(await invoke(at, hello)).toEqual([200, { caller: 'AKIDEXAMPLE', payload: hello }])
        expect(await invoke(at, hello, temporary)).toEqual([200, { caller: 'ASIAEXAMPLE', payload: hello }])
        const large = 'x'.repeat(100_000)
        expect(await invoke(at, large)).toEqual([200, { caller: 'AKIDEXAMPLE', payload: large }])
      }),
    60_000,
  )

  it(
    'is told AWS’s own name of what is wrong',
    () =>
      served(withSigv4(), async (at) => {
        expect(await invoke(at, {}, { ...credentials, secretAccessKey: 'wrong' })).toEqual([
          403,
          'InvalidSignatureException',
        ])
        expect(await invoke(at, {}, { ...credentials, accessKeyId: 'AKIDOTHER' })).toEqual([
          403,
          'UnrecognizedClientException',
        ])
        expect(await invoke(at, {}, { ...temporary, sessionToken: 'wrong' })).toEqual([
          403,
          'UnrecognizedClientException',
        ])
        expect(await invoke(at, {}, credentials, 'eu-west-1')).toEqual([403, 'InvalidSignatureException'])
      }),
    60_000,
  )

  it(
    'makes a URL for a socket that is let in, as its SDK for agents does',
    () =>
      served(withSigv4(), async ({ port }) => {
        const path = `/runtimes/${encodeURIComponent(arn)}/ws?qualifier=DEFAULT&X-Amzn-Bedrock-AgentCore-Runtime-Session-Id=${'s'.repeat(33)}`
        const url = await python(presigning, [`http://127.0.0.1:${port}${path}`, '300'], temporary)
        expect(await (await dial(url.replace('http', 'ws'))).next()).toEqual({
          caller: 'ASIAEXAMPLE',
          isPresigned: true,
        })
      }),
    60_000,
  )
})

describeWith('the aws command', isHere('aws', '--version'), () => {
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'agentcore-fp-aws-'))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }))

  const invoke = async ({ url }: Served, by: Credentials): Promise<string> => {
    const out = join(folder, 'out.json')
    const args = `bedrock-agentcore invoke-agent-runtime --region us-west-2 --endpoint-url ${url} --agent-runtime-arn ${arn}`
    const payload = join(folder, 'payload.json') // a file means the same to both versions of the command
    writeFileSync(payload, '{"prompt":"hi"}')
    await run('aws', [...args.split(' '), '--payload', `fileb://${payload}`, out], { env: environment(by) })
    return readFileSync(out, 'utf8')
  }

  it(
    'is let in, and told AWS’s own name of what is wrong',
    () =>
      served(withSigv4(), async (at) => {
        expect(JSON.parse(await invoke(at, temporary))).toEqual({ caller: 'ASIAEXAMPLE', payload: { prompt: 'hi' } })
        await expect(invoke(at, { ...credentials, secretAccessKey: 'wrong' })).rejects.toMatchObject({
          stderr: expect.stringContaining('InvalidSignatureException'),
        })
      }),
    60_000,
  )
})
