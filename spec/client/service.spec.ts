import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import { agentCard, type Client, ClientError, invoke, stopSession } from '../../lib/client'
import { dataPlane, inTurn, json, type Say, temporary } from './dataPlane'
import { leftOf, rightOf } from './environment'
import { arn } from './support'

const sessionId = 'session-0123456789-0123456789-0123456789'
const sessionHeader = 'x-amzn-bedrock-agentcore-runtime-session-id'

const refusing = (name: string, status: number, more: Readonly<Record<string, string>> = {}): Say =>
  json({ message: `${name} it is` }, status, { 'x-amzn-errortype': name, 'x-amzn-requestid': 'r-1', ...more })

const outcomeOf = (client: Client, payload: unknown = {}, idempotent = false): Promise<ClientError.ClientError> =>
  leftOf(invoke(payload, { idempotent })(client.environment))

describe('an invocation of a deployed agent', () => {
  it('is signed, with every header that says something', () =>
    dataPlane(json({ ok: 1 }), async ({ client, heard }) => {
      const answer = await client({ qualifier: 'prod' }).invoke(
        { prompt: 'grüße + ~*' },
        { sessionId, userId: 'ann', headers: { baggage: 'a=1, b=2', traceparent: '00-1', 'X-Api-Key': '7' } },
      )
      expect(answer).toMatchObject({ _tag: 'Json', value: { ok: 1 }, sessionId, status: 200 })
      const [request] = heard
      expect(request?.isSigned).toBe(true)
      expect(request?.method).toBe('POST')
      expect(request?.url.pathname).toBe(`/runtimes/${encodeURIComponent(arn)}/invocations`)
      expect(request?.url.search).toBe('?qualifier=prod')
      expect(request?.body.toString()).toBe('{"prompt":"grüße + ~*"}')
      expect(request?.headers).toMatchObject({
        [sessionHeader]: sessionId,
        'x-amzn-bedrock-agentcore-runtime-user-id': 'ann',
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream, application/vnd.agentcore-fp.refusal+json',
        baggage: 'a=1, b=2',
        'x-amz-security-token': temporary.sessionToken,
      })
      expect(request?.signed).toEqual(
        expect.arrayContaining([
          ...['accept', 'baggage', 'content-type', 'host', 'traceparent', 'x-amz-date', 'x-amz-security-token'],
          ...['x-amzn-bedrock-agentcore-runtime-user-id', 'x-api-key', sessionHeader],
        ]),
      )
    }))

  it('goes to the endpoint of the call', () =>
    dataPlane(json(1), async ({ client, heard }) => {
      await client({ qualifier: 'prod' }).invoke({}, { qualifier: 'canary' })
      expect(heard[0]?.url.search).toBe('?qualifier=canary')
    }))

  it('goes with a bearer token and without a signature, asked for each call', () =>
    dataPlane(json(1), async ({ client, heard }) => {
      let count = 0
      const { invoke: ask } = client({ credentials: undefined, bearerToken: async () => `token-${++count}` })
      await ask({})
      await ask({})
      expect(heard.map(({ headers: { authorization }, isSigned }) => [authorization, isSigned])).toEqual([
        ['Bearer token-1', undefined],
        ['Bearer token-2', undefined],
      ])
    }))

  it('goes with nothing where nothing is asked for', () =>
    dataPlane(json(1), async ({ client, heard }) => {
      await client({ credentials: undefined, anonymous: true }).invoke({})
      expect(heard[0]?.headers.authorization).toBeUndefined()
    }))

  it('of bytes is sent and signed as it is', () =>
    dataPlane(json(1), async ({ client, heard }) => {
      const bytes = Uint8Array.from({ length: 256 }, (_, i) => i)
      await client().invoke(bytes, { contentType: 'application/octet-stream' })
      expect(heard[0]).toMatchObject({ isSigned: true, body: Buffer.from(bytes) })
      expect(heard[0]?.headers['content-type']).toBe('application/octet-stream')
    }))

  it('has a session of its own, unless it is given one', () =>
    dataPlane(json(1), async ({ client, heard }) => {
      const { invoke: ask } = client()
      const answers = [await ask({}), await ask({})]
      const sent = heard.map(({ headers }) => headers[sessionHeader])
      expect(answers.map((answer) => answer.sessionId)).toEqual(sent)
      expect(new Set(sent).size).toBe(2)
      expect(sent.every((id) => String(id).length >= 33)).toBe(true)
    }))

  it('takes the agent at its word about the session', () =>
    dataPlane(json(1, 200, { [sessionHeader]: 'theirs', 'x-amzn-requestid': 'r-9' }), async ({ client }) => {
      expect(await client().invoke({}, { sessionId })).toMatchObject({
        sessionId: 'theirs',
        requestId: 'r-9',
      })
    }))
})

describe('what cannot be sent', () => {
  const headers = (name: string, value = 'x'): object => ({ headers: { [name]: value } })

  it.each<[string, object, ClientError.ClientError['_tag']]>([
    ['a session id of 32 characters', { sessionId: 'a'.repeat(32) }, 'InvalidSessionId'],
    ['one of 257', { sessionId: 'a'.repeat(257) }, 'InvalidSessionId'],
    ['a session id with a line break', { sessionId: `${'a'.repeat(40)}\r\nHost: evil` }, 'InvalidSessionId'],
    ['a user id with a line break', { userId: 'ann\r\nHost: evil' }, 'InvalidParameter'],
    ['an empty user id', { userId: '' }, 'InvalidParameter'],
    ['a user id of 1025 characters', { userId: 'a'.repeat(1025) }, 'InvalidParameter'],
    ['a type with a line break', { contentType: 'a\r\nb: c' }, 'InvalidParameter'],
    ['an accept with a line break', { accept: 'a\r\nb: c' }, 'InvalidParameter'],
    ['a header with a line break', headers('baggage', 'a\r\nHost: evil'), 'InvalidParameter'],
    ['a name with a line break', headers('a\r\nHost'), 'InvalidParameter'],
    ['the authorization', headers('Authorization'), 'InvalidParameter'],
    ['the host', headers('HOST'), 'InvalidParameter'],
    ['the length', headers('Content-Length', '1'), 'InvalidParameter'],
    ['an encoding', headers('Transfer-Encoding', 'chunked'), 'InvalidParameter'],
    ['a part of the signature', headers('X-Amz-Date'), 'InvalidParameter'],
    ['the session by its header', headers('X-Amzn-Bedrock-AgentCore-Runtime-Session-Id'), 'InvalidParameter'],
    ['a qualifier with a path', { qualifier: 'a/../b' }, 'InvalidQualifier'],
    ['an idle time that is no number', { idleTimeout: Number.NaN }, 'InvalidParameter'],
    ['an idle time that no timer waits', { idleTimeout: 2 ** 31 }, 'InvalidParameter'],
    ['no attempt', { attempts: 0 }, 'InvalidParameter'],
  ])('is refused before anything is: %s', (_, options, tag) =>
    dataPlane(json(1), async ({ client, heard }) => {
      expect((await leftOf(invoke({}, options)(client().environment)))._tag).toBe(tag)
      expect(heard).toHaveLength(0)
    }),
  )

  it.each<[string, unknown]>([
    ['a BigInt', 1n],
    ['a function', () => 1],
    ['a key of a Map', new Map([[{}, 1]])],
  ])('is no JSON: %s', (_, payload) =>
    dataPlane(json(1), async ({ client, heard }) => {
      expect((await outcomeOf(client(), payload))._tag).toBe('Unencodable')
      expect(heard).toHaveLength(0)
    }),
  )

  it('is larger than AgentCore takes', () =>
    dataPlane(json(1), async ({ client }) => {
      expect((await outcomeOf(client(), new Uint8Array(100_000_001)))._tag).toBe('InvalidParameter')
    }))

  it.each(['', 'a\r\nb', 'undefined', 'Bearer x'])('is the token %j of a function', (token) =>
    dataPlane(json(1), async ({ client, heard }) => {
      const asked = client({ credentials: undefined, bearerToken: () => token })
      expect((await outcomeOf(asked))._tag).toBe('InvalidToken')
      expect(heard).toHaveLength(0)
    }),
  )

  it('says why there are no credentials, and nothing that is secret', () =>
    dataPlane(json(1), async ({ client }) => {
      const credentials = async (): Promise<never> => Promise.reject(new Error('the vault is closed'))
      const error = await outcomeOf(client({ credentials }))
      expect(error).toEqual({
        _tag: 'NoCredentials',
        tried: ['the given provider'],
        reason: 'the vault is closed',
      })
    }))
})

describe('what the service refuses', () => {
  const refusals: ReadonlyArray<readonly [string, number]> = [
    ['ValidationException', 400],
    ['UnauthorizedException', 401],
    ['ServiceQuotaExceededException', 402],
    ['AccessDeniedException', 403],
    ['ResourceNotFoundException', 404],
    ['ConflictException', 409],
    ['RetryableConflictException', 409],
    ['RuntimeClientError', 424],
    ['ThrottlingException', 429],
    ['InternalServerException', 500],
  ]

  it.each(refusals)('%s is its own case, with its request', (_tag, status) =>
    dataPlane(refusing(_tag, status), async ({ client }) => {
      expect(await outcomeOf(client({ attempts: 1 }))).toEqual({
        ...{ _tag, status, message: `${_tag} it is`, requestId: 'r-1' },
      })
    }),
  )

  it.each([301, 304, 404, 418, 502])('anything else is its status: %i', (status) =>
    dataPlane(
      (_, res) => void res.writeHead(status, { location: 'http://127.0.0.1:1/' }).end(),
      async ({ client, heard }) => {
        expect(await outcomeOf(client())).toMatchObject({ _tag: 'UnexpectedStatus', status })
        expect(heard).toHaveLength(1)
      },
    ),
  )

  it('holds nothing that was secret in the request, though it repeats it', () =>
    dataPlane(
      ({ headers }, res) => void res.writeHead(403).end(JSON.stringify({ message: JSON.stringify(headers) })),
      async ({ client }) => {
        const { environment } = client({ credentials: undefined, bearerToken: 'very.secret-token' })
        const errors = [await leftOf(invoke({})(environment)), await outcomeOf(client())]
        const said = errors.map((error) => `${JSON.stringify(error)} ${ClientError.explain(error)}`).join()
        expect(said).toContain('authorization')
        expect(said).not.toMatch(/very\.secret-token|Secret\/session|Signature=[0-9a-f]/)
      },
    ))

  it('is read no further than 64 KB', () =>
    dataPlane(
      (_, res) => {
        res.writeHead(500, { 'content-type': 'text/plain' })
        const more = (): void => {
          while (!res.destroyed && res.write('x'.repeat(65_536)));
        }
        res.on('drain', more)
        more()
      },
      async ({ client }) => {
        const error = await outcomeOf(client())
        expect(error).toMatchObject({ _tag: 'UnexpectedStatus', status: 500 })
        expect(JSON.stringify(error).length).toBeLessThan(2000)
      },
    ))
})

describe('a call that is made again', () => {
  it.each([
    ['RetryableConflictException', 409],
    ['ThrottlingException', 429],
  ])('whatever it is, for %s', (name, status) =>
    dataPlane(inTurn(refusing(name, status), refusing(name, status), json('done')), async ({ client, heard }) => {
      expect(await client().invoke({})).toMatchObject({ value: 'done' })
      expect(heard.map(({ isSigned }) => isSigned)).toEqual([true, true, true])
      expect(new Set(heard.map(({ headers }) => headers[sessionHeader])).size).toBe(1)
    }),
  )

  it('is given up after the last attempt', () =>
    dataPlane(refusing('ThrottlingException', 429), async ({ client, heard }) => {
      expect((await outcomeOf(client({ attempts: 4 })))._tag).toBe('ThrottlingException')
      expect(heard).toHaveLength(4)
    }))

  it('waits as long as Retry-After says', () =>
    dataPlane(inTurn(refusing('ThrottlingException', 429, { 'retry-after': '7' }), json(1)), async ({ client }) => {
      const waits: Array<number> = []
      const sleep = (ms: number) => async () => void waits.push(ms)
      await client({ effects: { sleep } }).invoke({})
      expect(waits).toEqual([7000])
    }))

  it('does not wait when it is aborted', () =>
    dataPlane(refusing('ThrottlingException', 429, { 'retry-after': '15' }), async ({ client, heard }) => {
      const signal = AbortSignal.timeout(100)
      expect(await leftOf(invoke({}, { signal })(client().environment))).toEqual({ _tag: 'Aborted' })
      expect(heard).toHaveLength(1)
    }))

  it('is not an invocation that may have been seen, unless it may happen twice', () =>
    dataPlane(refusing('InternalServerException', 500), async ({ client, heard }) => {
      expect((await outcomeOf(client()))._tag).toBe('InternalServerException')
      expect(heard).toHaveLength(1)
      await outcomeOf(client(), {}, true)
      expect(heard).toHaveLength(4)
    }))

  it('is one whose answer was cut, if it may happen twice', () =>
    dataPlane(
      inTurn((_, res) => {
        res.writeHead(200, { 'content-type': 'application/json', 'content-length': '9' })
        res.write('{', () => res.destroy())
      }, json('whole')),
      async ({ client, heard }) => {
        expect(await client().invoke({}, { idempotent: true })).toMatchObject({ value: 'whole' })
        expect(heard).toHaveLength(2)
      },
    ))
})

describe('stopSession', () => {
  it('says which session, with a token that stays when it is sent again', () =>
    dataPlane(
      inTurn(refusing('InternalServerException', 500), json({ runtimeSessionId: sessionId })),
      async ({ client, heard }) => {
        expect(await client({ qualifier: 'prod' }).stopSession(sessionId)).toEqual({ sessionId })
        const bodies = heard.map(({ body }) => JSON.parse(body.toString()) as { readonly clientToken: string })
        expect(bodies[0]?.clientToken.length).toBeGreaterThanOrEqual(33)
        expect(bodies[1]).toEqual(bodies[0])
        expect(heard[1]).toMatchObject({ method: 'POST', isSigned: true })
        expect(heard[1]?.url.pathname).toBe(`/runtimes/${encodeURIComponent(arn)}/stopruntimesession`)
        expect(heard[1]?.url.search).toBe('?qualifier=prod')
        expect(heard[1]?.headers[sessionHeader]).toBe(sessionId)
      },
    ))

  it('goes with a bearer token too', () =>
    dataPlane(json({}), async ({ client, heard }) => {
      await client({ credentials: undefined, bearerToken: 'token' }).stopSession(sessionId)
      expect(heard[0]?.headers.authorization).toBe('Bearer token')
    }))

  it('tells a session that is gone', () =>
    dataPlane(refusing('ResourceNotFoundException', 404), async ({ client }) => {
      const error = await leftOf(stopSession(sessionId)(client().environment))
      expect(error._tag).toBe('ResourceNotFoundException')
    }))

  it('needs an id, and a data plane', () =>
    dataPlane(json({}), async ({ client, heard, url }) => {
      expect(await leftOf(stopSession('short')(client().environment))).toMatchObject({ _tag: 'InvalidSessionId' })
      const { environment } = client({ runtimeArn: undefined, url, credentials: undefined })
      expect(await leftOf(stopSession(sessionId)(environment))).toMatchObject({ _tag: 'InvalidEndpoint' })
      expect(heard).toHaveLength(0)
    }))
})

describe('agentCard', () => {
  it('is the JSON of the agent', () =>
    dataPlane(inTurn(refusing('ThrottlingException', 429), json({ name: 'a' })), async ({ client, heard }) => {
      expect(await rightOf(agentCard({ sessionId })(client().environment))).toEqual({ name: 'a' })
      expect(heard[1]).toMatchObject({ method: 'GET', isSigned: true })
      expect(heard[1]?.headers[sessionHeader]).toBe(sessionId)
      expect(heard[1]?.url.pathname).toBe(
        `/runtimes/${encodeURIComponent(arn)}/invocations/.well-known/agent-card.json`,
      )
    }))

  it('is no other thing', () =>
    dataPlane(
      (_, res) => void res.end('<html>'),
      async ({ client }) => {
        expect(await leftOf(agentCard()(client().environment))).toMatchObject({ _tag: 'InvalidAnswer' })
      },
    ))
})

it('a call of a client that is an Either says all at once', () =>
  dataPlane(json({ total: 7 }), async ({ client }) => {
    const outcome = await pipe(client().environment, invoke({}))()
    expect(E.isRight(outcome)).toBe(true)
  }))
