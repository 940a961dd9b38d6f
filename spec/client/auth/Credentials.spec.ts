/** The chain of AWS, each of its links against a stand-in, in a process of its own with an environment of its own. */
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type * as E from 'fp-ts/Either'
import type { ClientError } from '../../../lib/client/error/ClientError'
import { fromProvider } from '../../../lib/client/auth/Credentials'
import type { Credentials } from '../../../lib/client/transport/Environment'
import { root } from '../../package/support'
import { left, right } from '../../core/support'

interface Told {
  readonly found: E.Either<ClientError, Credentials>
  readonly said: string
  readonly took: number
  readonly loaded: ReadonlyArray<string>
}

type Variables = Readonly<Record<string, string>>

const home = mkdtempSync(join(tmpdir(), 'agentcore-fp-aws-'))
afterAll(() => rmSync(home, { recursive: true, force: true, maxRetries: 10 }))

const run = promisify(execFile)

/** What the chain gives to a process with these variables, and no others but a home. */
const chain = async (
  variables: Variables,
  { times = 1, options = {}, script = join(__dirname, 'credentialsChild.js') } = {},
): Promise<Told> => {
  const env = {
    HOME: home,
    NODE_NO_WARNINGS: '1', // the SDK's own, of the versions of Node that it leaves behind

    PATH: process.env['PATH'],
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_REGION: 'us-west-2',
    ...variables,
  }
  const args = [script, String(times), JSON.stringify(options)]
  const { stdout, stderr } = await run(process.execPath, args, { env })
  expect(stderr).toBe('')
  return JSON.parse(stdout) as Told
}

/** Answers requests with bodies while `use` runs. */
const answering = async <A>(
  answer: (request: IncomingMessage) => string | undefined,
  use: (url: string, count: () => number) => Promise<A>,
): Promise<A> => {
  let asked = 0
  const server = createServer((request, response) => {
    asked += 1
    const body = answer(request)
    if (body !== undefined) response.end(body) // else it hangs
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    return await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, () => asked)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

const later = new Date(Date.now() + 3_600_000).toISOString()
const json = JSON.stringify({ AccessKeyId: 'AKIDJ', SecretAccessKey: 'hunter2', Token: 'token', Expiration: later })
const ofJson = { accessKeyId: 'AKIDJ', secretAccessKey: 'hunter2', sessionToken: 'token' }

const file = (name: string, text: string): string => {
  const path = join(home, name)
  writeFileSync(path, text)
  return path
}

const profiles = file(
  'config',
  `[default]
aws_access_key_id = AKIDD
aws_secret_access_key = hunter2
[profile other]
aws_access_key_id = AKIDO
aws_secret_access_key = hunter2
[profile process]
credential_process = echo '{"Version":1,"AccessKeyId":"AKIDP","SecretAccessKey":"hunter2"}'
[profile broken]
credential_process = ${process.execPath} -e 'process.exit(1)' hunter2
[profile sso]
sso_session = mine
sso_account_id = 123456789012
sso_role_name = role
[sso-session mine]
sso_region = us-west-2
sso_start_url = https://example.com/start
`,
)
const config = { AWS_CONFIG_FILE: profiles, AWS_SHARED_CREDENTIALS_FILE: join(home, 'none') }
const environment = { AWS_ACCESS_KEY_ID: 'AKIDE', AWS_SECRET_ACCESS_KEY: 'hunter2' }

describe('the chain of AWS', () => {
  it('is loaded when it is asked, not before', async () => {
    expect((await chain(environment)).loaded).toEqual([])
  })

  it('gives the keys of the environment', async () => {
    const { found } = await chain({ ...environment, AWS_SESSION_TOKEN: 'token' })
    expect(right(found)).toEqual({ accessKeyId: 'AKIDE', secretAccessKey: 'hunter2', sessionToken: 'token' })
  })

  it('gives those of the default profile, of a named one and of its credential_process', async () => {
    const keyId = async (variables: Variables, options = {}): Promise<string> =>
      right((await chain({ ...config, ...variables }, { options })).found).accessKeyId
    expect(await keyId({})).toBe('AKIDD')
    expect(await keyId({ AWS_PROFILE: 'other' })).toBe('AKIDO')
    expect(await keyId(environment, { profile: 'other' })).toBe('AKIDO')
    expect(await keyId({}, { profile: 'process' })).toBe('AKIDP')
  })

  it('gives those of the container, once until they expire', async () => {
    await answering(
      () => json,
      async (url, count) => {
        const variables = { AWS_CONTAINER_CREDENTIALS_FULL_URI: `${url}/keys`, AWS_CONFIG_FILE: '/none' }
        expect(right((await chain(variables, { times: 3 })).found)).toEqual(ofJson)
        expect(count()).toBe(1)
      },
    )
  })

  it('asks again for what has expired', async () => {
    const expired = json.replace(later, new Date(Date.now() - 1000).toISOString())
    await answering(
      () => expired,
      async (url, count) => {
        await chain({ AWS_CONTAINER_CREDENTIALS_FULL_URI: url, AWS_CONFIG_FILE: '/none' }, { times: 3 })
        expect(count()).toBeGreaterThanOrEqual(3)
      },
    )
  })

  it('gives those of the instance', async () => {
    const paths: Readonly<Record<string, string>> = {
      '/latest/api/token': 'token',
      '/latest/meta-data/iam/security-credentials/': 'role',
      '/latest/meta-data/iam/security-credentials/role': json.replace('{', '{"Code":"Success",'),
    }
    await answering(
      ({ url = '' }) => paths[url] ?? '',
      async (url) => {
        const variables = { AWS_EC2_METADATA_DISABLED: 'false', AWS_EC2_METADATA_SERVICE_ENDPOINT: url }
        expect(right((await chain(variables)).found)).toEqual(ofJson)
      },
    )
  })

  it('gives those of a web identity', async () => {
    const answer = `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<AssumeRoleWithWebIdentityResult><AssumedRoleUser><Arn>a</Arn><AssumedRoleId>b</AssumedRoleId></AssumedRoleUser>
<Credentials><AccessKeyId>AKIDJ</AccessKeyId><SecretAccessKey>hunter2</SecretAccessKey><SessionToken>token</SessionToken>
<Expiration>${later}</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`
    await answering(
      () => answer,
      async (url) => {
        const { found } = await chain({
          AWS_WEB_IDENTITY_TOKEN_FILE: file('token', 'a.b.c'),
          AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/r',
          AWS_ENDPOINT_URL_STS: url,
        })
        expect(right(found)).toEqual(ofJson)
      },
    )
  })

  it('says what it tried and what was not set, soon', async () => {
    const { found, said, took } = await chain({})
    expect(left(found)).toMatchObject({
      _tag: 'NoCredentials',
      tried: [
        'the environment (not set)',
        'the profile default in ~/.aws with its SSO session or credential_process',
        'a web identity (not set)',
        'the container (not set)',
        'the metadata of the instance (disabled)',
      ],
    })
    expect(said).toMatch(/^No AWS credentials: [\x20-\x7e]+; tried the environment \(not set\), the profile default/)
    expect(took).toBeLessThan(5000)
  })

  it('names the profile, and what to do for its SSO session', async () => {
    const { said } = await chain(config, { options: { profile: 'sso' } })
    expect(said).toMatch(/SSO/)
    expect(said).toContain('the profile sso in ~/.aws')
  })

  it('keeps the command of a credential_process, and what is in it, to itself', async () => {
    const told = await chain(config, { options: { profile: 'broken' } })
    expect(left(told.found)._tag).toBe('NoCredentials')
    expect(JSON.stringify(told)).not.toContain('hunter2')
  })

  it('waits no longer than it is told for an instance that says nothing', async () => {
    await answering(
      () => undefined,
      async (url) => {
        const variables = { AWS_EC2_METADATA_DISABLED: 'false', AWS_EC2_METADATA_SERVICE_ENDPOINT: url }
        const short = await chain(variables, { options: { timeout: 300 } })
        expect(left(short.found)).toMatchObject({ _tag: 'NoCredentials', reason: 'no response within 300 ms' })
        const { found, took } = await chain(variables)
        expect(left(found)._tag).toBe('NoCredentials')
        expect(took).toBeLessThan(9000)
      },
    )
  })

  it('is asked to be installed where it is not', async () => {
    const alone = join(home, 'alone')
    mkdirSync(join(alone, 'node_modules'), { recursive: true })
    cpSync(join(root, 'dist/lib'), join(alone, 'lib'), { recursive: true })
    cpSync(join(__dirname, 'credentialsChild.js'), join(alone, 'spec/client/auth/credentialsChild.js'))
    for (const name of ['fp-ts', 'aws4'])
      symlinkSync(join(root, 'node_modules', name), join(alone, 'node_modules', name))
    const { said } = await chain({}, { script: join(alone, 'spec/client/auth/credentialsChild.js') })
    expect(said).toBe(
      'No AWS credentials: install @aws-sdk/credential-provider-node, or pass credentials; tried nothing',
    )
  })
})

describe('a provider of keys', () => {
  it('gives what signing needs and no more', async () => {
    const more = { accessKeyId: 'a', secretAccessKey: 'b', sessionToken: 'c', expiration: new Date() }
    expect(right(await fromProvider(async () => more)())).toEqual({
      ...{ accessKeyId: 'a', secretAccessKey: 'b', sessionToken: 'c' },
    })
  })

  it('that repeats a command line keeps it to itself', async () => {
    const failed = async (): Promise<Credentials> => Promise.reject(new Error('Command failed: get --key hunter2'))
    expect(left(await fromProvider(failed)())).toMatchObject({
      reason: 'the credential_process of the profile failed',
    })
  })

  it('that rejects is a left', async () => {
    const rejecting = async (): Promise<Credentials> => Promise.reject(new Error('no\r\nway'))
    expect(left(await fromProvider(rejecting)())).toEqual({
      ...{ _tag: 'NoCredentials', tried: ['the given provider'], reason: 'no way' },
    })
  })
})
