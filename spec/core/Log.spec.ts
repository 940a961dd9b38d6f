/** Log lines hold no secrets, wherever a secret was put. */
import * as fc from 'fast-check'
import { rank, redact, scrub } from '../../lib/core/Log'

const secret = 'S3CR3T-hunter2-S3CR3T'

const secretName = fc.constantFrom(
  'authorization',
  'Authorization',
  'proxy-authorization',
  'token',
  'accessToken',
  'workloadAccessToken',
  'WorkloadAccessToken',
  'X-Amz-Bedrock-AgentCore-Identity-WAT',
  'AWS_SECRET_ACCESS_KEY',
  'clientSecret',
  'password',
  'db_passwd',
  'cookie',
  'Set-Cookie',
  'apiKey',
  'api_key',
  'X-API-Key',
  'credentials',
)

const plainName = fc.constantFrom('user', 'body', 'nested', 'list', '__proto__')

/** A secret under its name, in something, in something else, and so on. */
const withSecret = (wrap: (inner: unknown, name: string, kind: number) => unknown): fc.Arbitrary<unknown> =>
  fc
    .tuple(
      secretName,
      fc.constantFrom<unknown>(secret, [secret], { value: secret }, new Map([['a', secret]])),
      fc.array(fc.tuple(plainName, fc.nat({ max: 4 })), { maxLength: 12 }),
    )
    .map(([name, value, around]) =>
      around.reduce<unknown>((inner, [other, kind]) => wrap(inner, other, kind), { [name]: value }),
    )

const prototype = {
  get name() {
    return 'config'
  },
}

/** An instance of what would be a class. */
const instance = (inner: unknown): object => Object.assign(Object.create(prototype) as object, { inner })

/** What a log would show of a value: members of objects, of Maps and of Sets, however deep. */
const shown = (value: unknown): string =>
  JSON.stringify(value, (_, item: unknown) =>
    item instanceof Map ? [...item] : item instanceof Set ? [...item] : item,
  )

describe('redact', () => {
  it('leaves no secret in plain objects and arrays, at any depth', () => {
    const plain = withSecret((inner, name, kind) => (kind === 0 ? [inner] : { [name]: inner, other: 1 }))
    fc.assert(
      fc.property(plain, (value) => {
        expect(shown(redact({ value }))).not.toContain(secret)
      }),
    )
  })

  it('leaves no secret in Maps, Sets and instances either', () => {
    const any = withSecret(
      (inner, name, kind) =>
        [[inner], { [name]: inner }, new Map([[name, inner]]), new Set([inner]), instance(inner)][kind],
    )
    fc.assert(
      fc.property(any, (value) => {
        expect(shown(redact({ value }))).not.toContain(secret)
      }),
    )
  })

  it('shows all the rest as its JSON does', () => {
    const fields = {
      user: 'ann',
      list: [1, { a: null }, undefined],
      at: new Date(0),
      url: new URL('http://a/'),
      error: Object.assign(new Error('e'), { code: 'E' }),
      bad: new Date(Number.NaN),
      instance: instance(1),
      nothing: undefined,
    }
    expect(JSON.stringify(redact(fields))).toBe(JSON.stringify(fields))
    expect(redact({ n: 1n, f: Math.max })).toEqual({ n: 1n, f: Math.max })
  })

  it('shows Maps as objects and Sets as arrays', () => {
    expect(redact({ map: new Map([['a', { token: 't' }]]), set: new Set([1]) })).toEqual({
      map: { a: { token: '[redacted]' } },
      set: [1],
    })
  })

  it('does not copy bytes', () => {
    const bytes = new Uint8Array(2)
    expect(redact({ bytes })['bytes']).toBe(bytes)
  })

  it('leaves no secret in what an object says of itself, nor fails when it cannot', () => {
    const request = { toJSON: () => ({ header: { authorization: secret } }) }
    const broken = {
      toJSON: () => {
        throw new Error('no')
      },
    }
    expect(redact({ request, broken })).toEqual({
      request: { header: { authorization: '[redacted]' } },
      broken: '[unreadable]',
    })
  })

  it('leaves no secret in the members of an error', () => {
    const error = Object.assign(new Error('no'), { config: { headers: { Authorization: secret } } })
    expect(shown(redact({ error }))).not.toContain(secret)
  })

  it('says that something was there', () => {
    expect(redact({ token: 't', nested: { password: { a: 1 } } })).toEqual({
      token: '[redacted]',
      nested: { password: '[redacted]' },
    })
  })

  it('ends on a value that contains itself', () => {
    const cyclic: { self?: unknown; list: Array<unknown> } = { list: [] }
    cyclic.self = cyclic
    cyclic.list.push(cyclic.list)
    expect(shown(redact(cyclic))).toContain('{…}')
  })

  it('leaves the fields it was given as they were', () => {
    const fields = { token: 't', nested: { cookie: 'c' } }
    redact(fields)
    expect(fields).toEqual({ token: 't', nested: { cookie: 'c' } })
  })
})

describe('scrub', () => {
  const words = fc.string({ unit: 'grapheme' })
  const token = fc.stringMatching(/^[\w.~+/-]{8,40}={0,2}$/)

  it('takes a secret out wherever it stands', () => {
    fc.assert(
      fc.property(fc.array(words), words, (texts, end) => {
        expect(scrub([secret])([...texts, end].join(secret))).not.toContain(secret)
      }),
    )
  })

  it('takes a secret out that another one is part of, and leaves no rest of it', () => {
    fc.assert(
      fc.property(
        fc.shuffledSubarray([secret, secret.slice(0, 8), secret.slice(4), 'hunter2'], { minLength: 4 }),
        (secrets) => {
          expect(scrub(secrets)(`a ${secret} b`)).toBe('a [redacted] b')
        },
      ),
    )
  })

  it('takes out what follows Bearer or Basic', () => {
    fc.assert(
      fc.property(words, fc.mixedCase(fc.constantFrom('bearer', 'basic')), token, (before, scheme, given) => {
        expect(scrub([])(`${before} ${scheme} ${given}`)).toBe(`${scrub([])(before)} ${scheme} [redacted]`)
      }),
    )
  })

  it.each(['Signature', 'X-Amz-Signature', 'X-Amz-Security-Token', 'x-amz-signature'])(
    'takes out the value of %s',
    (name) => {
      fc.assert(
        fc.property(fc.stringMatching(/^[\w%.~+/-]{1,40}$/), (given) => {
          expect(scrub([])(`GET /ws?a=1&${name}=${given}&b=2`)).toBe(`GET /ws?a=1&${name}=[redacted]&b=2`)
        }),
      )
    },
  )

  it('takes no secret for one that is too short to be one', () => {
    expect(scrub(['', 'a', 'abc'])('abc is a text')).toBe('abc is a text')
  })
})

describe('rank', () => {
  it('orders the levels, silent above all', () => {
    const levels = ['debug', 'info', 'warn', 'error', 'silent'] as const
    expect([...levels].sort((a, b) => rank[a] - rank[b])).toEqual(levels)
  })
})
