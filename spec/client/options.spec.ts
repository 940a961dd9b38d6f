import * as E from 'fp-ts/Either'
import * as TE from 'fp-ts/TaskEither'
import { type ClientOptions, createClient, environment, isClientFailure } from '../../lib/client'
import { left, right } from '../core/support'
import { rightOf } from './environment'
import { http, onRequest, peer, saying } from './peers'
import { arn, keys } from './support'

const deployed = { runtimeArn: arn, variables: {} }
const plain = { url: 'http://127.0.0.1:8080', variables: {} }

describe('an environment', () => {
  it('has the bounds of the service, and three attempts', () => {
    expect(right(environment(deployed))).toMatchObject({ connectTimeout: 10_000, idleTimeout: 900_000, attempts: 3 })
  })

  it('has those that it is told', () => {
    const bounds = { connectTimeout: 0, idleTimeout: 0, attempts: 1 }
    expect(right(environment({ ...deployed, ...bounds }))).toMatchObject(bounds)
  })

  it('finds its agent by the ARN, in its region, where the variables say', () => {
    expect(right(environment(deployed)).target).toMatchObject({
      _tag: 'Deployed',
      origin: 'https://bedrock-agentcore.us-west-2.amazonaws.com',
    })
    const variables = { AWS_ENDPOINT_URL_BEDROCK_AGENTCORE: 'http://localhost:9000' }
    expect(right(environment({ ...deployed, variables })).target.origin).toBe('http://localhost:9000')
  })

  it.each<[string, object, string]>([
    ['an agent by its ARN signs with the chain of AWS', deployed, 'SigV4'],
    ['with given credentials', { ...deployed, credentials: keys }, 'SigV4'],
    ['or sends a token', { ...deployed, bearerToken: 't' }, 'Bearer'],
    ['or nothing', { ...deployed, anonymous: true }, 'Anonymous'],
    ['an agent by its URL is sent nothing', plain, 'Anonymous'],
    ['unless it is told', { ...plain, credentials: keys }, 'SigV4'],
    ['or named a profile', { ...plain, profile: 'dev' }, 'SigV4'],
    ['or a token', { ...plain, bearerToken: () => 't' }, 'Bearer'],
  ])('knows who asks: %s', (_, options, tag) => {
    expect(right(environment(options as ClientOptions)).auth._tag).toBe(tag) // as it is tabled
  })

  it.each<[string, object, string]>([
    ['neither ARN nor URL', { variables: {} }, 'InvalidParameter'],
    ['both', { ...deployed, ...plain }, 'InvalidParameter'],
    ['no ARN', { ...deployed, runtimeArn: 'arn:aws:s3:::x' }, 'InvalidArn'],
    ['an ARN with a path', { ...deployed, runtimeArn: `${arn}/../x?y#z` }, 'InvalidArn'],
    ['an evil region', { ...deployed, region: 'x.attacker.com/#' }, 'InvalidRegion'],
    ['another region', { ...deployed, region: 'eu-west-1' }, 'RegionMismatch'],
    ['no URL', { ...plain, url: 'localhost:8080' }, 'InvalidEndpoint'],
    ['no qualifier', { ...deployed, qualifier: 'a b' }, 'InvalidQualifier'],
    ['an empty token', { ...deployed, bearerToken: '' }, 'InvalidToken'],
    ['a token with a line break', { ...deployed, bearerToken: 'a\r\nb' }, 'InvalidToken'],
    ['a token and credentials', { ...deployed, bearerToken: 't', credentials: keys }, 'InvalidParameter'],
    ['credentials and a profile', { ...deployed, profile: 'p', credentials: keys }, 'InvalidParameter'],
    ['a token and nothing', { ...deployed, bearerToken: 't', anonymous: true }, 'InvalidParameter'],
    ['a time that is none', { ...deployed, connectTimeout: -1 }, 'InvalidParameter'],
    ['a time that never ends', { ...deployed, idleTimeout: Number.POSITIVE_INFINITY }, 'InvalidParameter'],
    ['eleven attempts', { ...deployed, attempts: 11 }, 'InvalidParameter'],
  ])('is not made of %s; a client throws the same', (_, options, tag) => {
    const wrong = options as ClientOptions // as it is tabled
    expect(left(environment(wrong))._tag).toBe(tag)
    const thrown = left(
      E.tryCatch(
        () => createClient(wrong),
        (cause) => cause,
      ),
    )
    expect(thrown).toMatchObject({ name: 'ClientFailure', failure: left(environment(wrong)) })
  })

  it('tells what it was made of, without a secret', () => {
    const thrown = E.tryCatch(
      () => createClient({ ...deployed, bearerToken: 'sec ret', region: 'nowhere' }),
      (cause) => cause,
    )
    expect(E.isLeft(thrown) && isClientFailure(thrown.left)).toBe(true)
    expect(JSON.stringify(thrown)).not.toContain('sec ret')
  })

  it('sleeps no longer than its signal lets it', async () => {
    const { sleep } = right(environment(plain))
    const began = performance.now()
    await sleep(60_000, AbortSignal.timeout(20))()
    await sleep(60_000, AbortSignal.abort())()
    await sleep(1)()
    expect(performance.now() - began).toBeLessThan(1000)
  })
})

describe('a client', () => {
  it('is tested with a transport that is made up', async () => {
    const asked: Array<string> = []
    const { invoke } = createClient({
      ...deployed,
      credentials: keys,
      effects: {
        now: () => 0,
        transport: ({ url }) => {
          asked.push(url)
          const body = (async function* () {
            yield Buffer.from('{"total":7}')
          })()
          return TE.right({ status: 200, headers: { 'content-type': 'application/json' }, body })
        },
      },
    })
    expect(await invoke({})).toMatchObject({ _tag: 'Json', value: { total: 7 } })
    expect(asked).toEqual([
      expect.stringContaining('https://bedrock-agentcore.us-west-2.amazonaws.com/runtimes/arn%3A'),
    ])
  })

  it('makes connections as data, as promises', async () => {
    const { generateWsConnection, generatePresignedUrl, generateWsConnectionOAuth } = createClient({
      ...deployed,
      credentials: keys,
    })
    expect((await generateWsConnection()).headers).toHaveProperty('Authorization')
    expect((await generatePresignedUrl({ expires: 60 })).url).toMatch(/^wss:.*X-Amz-Expires=60&/)
    expect((await generateWsConnectionOAuth({ bearerToken: 't' })).headers['Authorization']).toBe('Bearer t')
    await expect(generatePresignedUrl({ expires: 301 })).rejects.toMatchObject({
      failure: { _tag: 'InvalidExpiry', expires: 301 },
    })
  })

  it('reads JSON up to 100 MB, and no further', () =>
    peer(
      (socket) =>
        onRequest(socket, () => {
          socket.write('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 10000000000\r\n\r\n')
          const more = (): void => {
            while (socket.writable && socket.write(Buffer.alloc(1_000_000)));
          }
          socket.on('drain', more)
          more()
        }),
      ({ url }) =>
        expect(createClient({ url, variables: {} }).invoke({})).rejects.toMatchObject({
          failure: { _tag: 'InvalidAnswer', reason: 'the body is larger than 100000000 bytes' },
        }),
    ))

  it.each([
    [
      'no UTF-8',
      http('"caf\xe9"', ['Content-Type: application/json; charset=ascii-7']),
      'the body is not valid text of the charset ascii-7',
    ],
    [
      'a compressed one',
      http('x', ['Content-Type: application/json', 'Content-Encoding: gzip']),
      'the body is compressed, which was not requested',
    ],
  ])('is told of an answer that cannot be read: %s', (_, text, reason) =>
    saying(text, async ({ url }) => {
      const { invoke, close } = createClient({ url, variables: {} })
      await expect(invoke({})).rejects.toMatchObject({ failure: { _tag: 'InvalidAnswer', reason } })
      close()
    }),
  )

  it('has an environment for functions of fp-ts', async () => {
    const { environment: env } = createClient({ ...plain, attempts: 2 })
    expect(env.attempts).toBe(2)
    expect(await rightOf(TE.right(env.target._tag))).toBe('Plain')
  })
})
