/** No string that names an agent may change the host that is signed for or called. */
import * as fc from 'fast-check'
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import { explain } from '../../../lib/client/error/ClientError'
import * as Arn from '../../../lib/client/target/AgentArn'
import * as Endpoint from '../../../lib/client/target/Endpoint'
import * as Region from '../../../lib/client/target/RegionName'
import { toPartition } from '../../../lib/core/Region'
import * as Target from '../../../lib/client/target/Target'
import { left, right } from '../../core/support'
import { arn, hostile, target } from '../support'

const operations: ReadonlyArray<Target.Operation> = [
  'invocations',
  'websocket',
  'shells',
  'stopSession',
  'commands',
  'agentCard',
]

describe('a region', () => {
  it.each([
    ['us-west-2', 'aws'],
    ['ap-southeast-5', 'aws'],
    ['us-gov-west-1', 'aws-us-gov'],
    ['cn-northwest-1', 'aws-cn'],
  ])('%s is of the partition %s', (name, partition) => {
    expect(toPartition(right(Region.parse(name)))).toBe(partition)
  })

  it.each([
    '',
    'x.attacker.com/#',
    'us-west-2\r\n',
    'us-west-2.',
    'US-WEST-2',
    'us-west',
    'us--west-2',
    '-1',
    ' us-west-2',
  ])('is not %j', (name) => {
    expect(left(Region.parse(name))._tag).toBe('InvalidRegion')
  })
})

describe('an ARN', () => {
  it('gives its parts', () => {
    expect(right(Arn.parse(arn))).toEqual({
      arn,
      partition: 'aws',
      region: 'us-west-2',
      account: '123456789012',
      id: 'my_agent-a1b2c3d4e5',
      endpoint: O.none,
    })
  })

  it('may be that of an endpoint, which is the qualifier then', () => {
    const parsed = right(Arn.parse(`${arn}/runtime-endpoint/prod`))
    expect([parsed.arn, parsed.endpoint]).toEqual([arn, O.some('prod')])
    expect(right(Target.deployed({ runtimeArn: `${arn}/runtime-endpoint/prod` }))).toMatchObject({
      arn,
      qualifier: O.some('prod'),
    })
  })

  it.each([
    'arn:aws-us-gov:bedrock-agentcore:us-gov-west-1:123456789012:runtime/a-0123456789',
    'arn:aws-cn:bedrock-agentcore:cn-north-1:123456789012:runtime/a-0123456789',
  ])('may be of another partition: %s', (text) => {
    expect(right(Arn.parse(text)).arn).toBe(text)
  })

  it.each([
    '',
    'arn',
    'my_agent-a1b2c3d4e5',
    arn.replace('arn:aws:', 'arn:aws-iso:'),
    arn.replace('bedrock-agentcore', 'bedrock'),
    arn.replace('123456789012', '12345678901'),
    arn.replace('123456789012', ''),
    arn.replace('runtime/', 'memory/'),
    arn.replace('runtime/', 'agent/'),
    arn.replace('us-west-2', 'cn-north-1'),
    arn.replace('a1b2c3d4e5', 'a1b2c3d4e'),
    arn.replace('my_agent', '1my_agent'),
    `${arn}:1`,
    `${arn}/`,
    `${arn}/ws`,
    `${arn}?qualifier=x`,
    `${arn}#x`,
    `${arn}/../../x`,
    `${arn}%2F..`,
    `${arn}\r\nx: y`,
    `${arn}/runtime-endpoint/`,
    `${arn}/runtime-endpoint/a/b`,
    `${arn}/runtime-endpoint/a-b`,
    ` ${arn}`,
  ])('is not %j', (text) => {
    const error = left(Arn.parse(text))
    expect(error._tag).toBe('InvalidArn')
    expect(explain(error).length).toBeLessThan(400)
    expect(explain(error)).toMatch(/^[\x20-\x7e…]+$/)
  })

  it('is not a text of megabytes, and the refusal is short', () => {
    const error = left(Arn.parse(arn + 'x'.repeat(5_000_000)))
    expect(error._tag).toBe('InvalidArn')
    expect(explain(error).length).toBeLessThan(300)
  })

  it('has a region', () => {
    expect(left(Arn.parse(arn.replace('us-west-2', 'x.attacker.com/#')))._tag).toBe('InvalidRegion')
  })
})

describe('the region of a target', () => {
  it('is that of the ARN', () => {
    expect(target()).toMatchObject({ region: 'us-west-2', origin: 'https://bedrock-agentcore.us-west-2.amazonaws.com' })
    expect(right(Target.deployed({ runtimeArn: arn, region: 'us-west-2' }))).toMatchObject({ region: 'us-west-2' })
  })

  it('may not be another', () => {
    expect(left(Target.deployed({ runtimeArn: arn, region: 'eu-west-1' }))).toEqual({
      _tag: 'RegionMismatch',
      region: 'eu-west-1',
      arnRegion: 'us-west-2',
    })
    expect(left(Target.deployed({ runtimeArn: arn, region: 'x.attacker.com/#' }))._tag).toBe('InvalidRegion')
  })
})

describe('an endpoint', () => {
  const resolved = (options: Parameters<typeof Endpoint.resolve>[1]): string =>
    right(Endpoint.resolve(right(Region.parse('us-west-2')), options))

  it.each([
    ['us-west-2', {}, 'https://bedrock-agentcore.us-west-2.amazonaws.com'],
    ['us-gov-west-1', {}, 'https://bedrock-agentcore.us-gov-west-1.amazonaws.com'],
    ['cn-north-1', {}, 'https://bedrock-agentcore.cn-north-1.amazonaws.com.cn'],
    ['us-west-2', { AWS_USE_FIPS_ENDPOINT: 'true' }, 'https://bedrock-agentcore-fips.us-west-2.amazonaws.com'],
    ['us-west-2', { AWS_USE_DUALSTACK_ENDPOINT: 'TRUE' }, 'https://bedrock-agentcore.us-west-2.api.aws'],
    [
      'us-west-2',
      { AWS_USE_FIPS_ENDPOINT: 'true', AWS_USE_DUALSTACK_ENDPOINT: 'true' },
      'https://bedrock-agentcore-fips.us-west-2.api.aws',
    ],
    ['us-west-2', { AWS_USE_FIPS_ENDPOINT: 'false' }, 'https://bedrock-agentcore.us-west-2.amazonaws.com'],
  ])('of AWS in %s with %j is %s', (region, variables, url) => {
    expect(right(Endpoint.resolve(right(Region.parse(region)), { variables }))).toBe(url)
  })

  it('is the argument, then what the variables say in their order', () => {
    const variables = {
      AWS_ENDPOINT_URL_BEDROCK_AGENTCORE: 'http://a',
      AWS_ENDPOINT_URL: 'http://b',
      BEDROCK_AGENTCORE_DATA_PLANE_ENDPOINT: 'http://c',
    }
    expect(resolved({ variables, endpoint: 'http://localhost:1' })).toBe('http://localhost:1')
    expect(resolved({ variables })).toBe('http://a')
    expect(resolved({ variables: { ...variables, AWS_ENDPOINT_URL_BEDROCK_AGENTCORE: '' } })).toBe('http://b')
    expect(resolved({ variables: { BEDROCK_AGENTCORE_DATA_PLANE_ENDPOINT: 'http://c' } })).toBe('http://c')
    expect(resolved({ variables: { ...variables, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' } })).toBe('http://c')
  })

  it.each([
    ['http://localhost:8080', 'http://localhost:8080'],
    ['HTTP://LOCALHOST:8080/', 'http://localhost:8080'],
    ['https://example.com/base/path/', 'https://example.com/base/path'],
    ['https://example.com:443', 'https://example.com'],
    ['http://[::1]:8080', 'http://[::1]:8080'],
    ['http://host.docker.internal:1/a%20b@c', 'http://host.docker.internal:1/a%20b@c'],
  ])('may be %s', (text, url) => {
    expect(right(Endpoint.parse(text))).toBe(url)
  })

  it.each([
    '',
    'localhost:8080',
    'ftp://example.com',
    'ws://example.com',
    'http://',
    'http:///x',
    'http:x',
    '//example.com',
    'http://example.com?x',
    'http://example.com/#x',
    'http://example.com/a//b',
    'http://example.com/a|b',
    'http://example.com/a%2',
    'http://example.com\\@x',
    'http://exa mple.com',
    'http://example.com:99999',
    'http://example.com\r\nx',
    `http://${'x'.repeat(3000)}`,
  ])('is not %j', (text) => {
    expect(left(Endpoint.parse(text))._tag).toBe('InvalidEndpoint')
  })

  it.each([
    'https://me:hunter2@example.com',
    'https://hunter2@x',
    'https://x/?token=hunter2',
    'hunter2@x',
    '@hunter2@x',
  ])('is not %j, and the refusal keeps the secret', (text) => {
    const error = left(Endpoint.parse(text))
    expect(error._tag).toBe('InvalidEndpoint')
    expect(JSON.stringify(error) + explain(error)).not.toContain('hunter2')
  })
})

describe('the URL of an operation', () => {
  const path = '/runtimes/arn%3Aaws%3Abedrock-agentcore%3Aus-west-2%3A123456789012%3Aruntime%2Fmy_agent-a1b2c3d4e5'

  it.each<[Target.Operation, string]>([
    ['invocations', `${path}/invocations?qualifier=prod`],
    ['websocket', `${path}/ws?qualifier=prod`],
    ['shells', `${path}/ws/shells?qualifier=prod`],
    ['stopSession', `${path}/stopruntimesession?qualifier=prod`],
    ['commands', `${path}/commands?qualifier=prod`],
    ['agentCard', `${path}/invocations/.well-known/agent-card.json?qualifier=prod`],
  ])('%s of a deployed agent', (operation, url) => {
    const at = right(Target.deployed({ runtimeArn: arn, qualifier: 'prod', endpoint: 'http://localhost:1/base' }))
    expect(right(Target.toUrl(operation)(at))).toBe(`http://localhost:1/base${url}`)
  })

  it.each<[Target.Operation, string]>([
    ['invocations', 'http://localhost:8080/invocations'],
    ['websocket', 'http://localhost:8080/ws'],
    ['agentCard', 'http://localhost:8080/.well-known/agent-card.json'],
  ])('%s of an agent itself', (operation, url) => {
    expect(right(Target.toUrl(operation)(right(Target.plain({ url: 'http://localhost:8080' }))))).toBe(url)
  })

  it.each<Target.Operation>(['shells', 'stopSession', 'commands'])('%s is none of an agent itself', (operation) => {
    const at = right(Target.plain({ url: 'http://localhost:8080' }))
    expect(left(Target.toUrl(operation)(at))).toMatchObject({ _tag: 'InvalidEndpoint' })
  })

  it('has another qualifier when it is asked for', () => {
    expect(right(Target.withQualifier('v2')(target()))).toMatchObject({ qualifier: O.some('v2') })
    expect(right(Target.withQualifier(undefined)(target()))).toEqual(target())
    expect(left(Target.withQualifier('a&b')(target()))).toEqual({ _tag: 'InvalidQualifier', qualifier: 'a&b' })
  })

  it('is of the expected host, whatever is asked for', () => {
    const near = (text: string): fc.Arbitrary<string> => fc.oneof(fc.constant(text), hostile(text), fc.string())
    fc.assert(
      fc.property(
        near(arn),
        fc.option(near('us-west-2'), { nil: undefined }),
        fc.option(near('prod'), { nil: undefined }),
        fc.array(fc.tuple(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' })), { maxLength: 3 }),
        (runtimeArn, region, qualifier, query) => {
          const made = Target.deployed({ runtimeArn, region, qualifier })
          if (E.isLeft(made)) return
          for (const operation of operations) {
            const text = right(Target.toUrl(operation, query)(made.right))
            const url = new URL(text)
            expect(url.host).toBe('bedrock-agentcore.us-west-2.amazonaws.com')
            expect(url.pathname.startsWith('/runtimes/arn%3Aaws%3Abedrock-agentcore%3A')).toBe(true)
            expect(url.href).toBe(text)
            expect(
              [...url.searchParams].slice(
                O.isSome(made.right._tag === 'Plain' ? O.none : made.right.qualifier) ? 1 : 0,
              ),
            ).toEqual(query)
          }
        },
      ),
      { numRuns: 1000 },
    )
  })

  it('is of the host of the endpoint, whatever stands in it', () => {
    fc.assert(
      fc.property(fc.oneof(hostile('http://localhost:8080/base'), fc.webUrl(), fc.string()), (endpoint) => {
        const made = Target.deployed({ runtimeArn: arn, endpoint })
        if (E.isLeft(made)) return
        const url = new URL(right(Target.toUrl('websocket')(made.right)))
        expect(url.host).toBe(new URL(endpoint).host)
        expect([url.username, url.password, url.search, url.hash]).toEqual(['', '', '', ''])
        expect(url.pathname.endsWith('/ws')).toBe(true)
      }),
      { numRuns: 1000 },
    )
  })
})
