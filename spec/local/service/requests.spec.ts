import * as fc from 'fast-check'
import * as E from 'fp-ts/Either'
import { localArn, isArn } from '../../../lib/local/service/RuntimeArn'
import { framed, isOverRate, noFrames } from '../../../lib/local/relay/FrameRate'
import { toAllowList, checked, forwarding, sentHeaders, toPairs } from '../../../lib/local/service/RequestHeaders'
import { toPath, route } from '../../../lib/local/service/Route'
import { answer } from '../../../lib/local/service/ServiceError'
import { toProtocols } from '../../../lib/local/service/Subprotocols'

const arn = localArn({ name: 'my_agent', folder: '/home/me/agent' })

describe('the ARN of a local agent', () => {
  it('has the form of the service, for every name and folder', () =>
    fc.assert(
      fc.property(fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9_]{0,47}$/), fc.string(), (name, folder) => {
        expect(isArn(localArn({ name, folder }))).toBe(true)
      }),
    ))

  it('is the same for the same agent, and another for another folder', () => {
    expect(localArn({ name: 'my_agent', folder: '/home/me/agent' })).toBe(arn)
    expect(localArn({ name: 'my_agent', folder: '/home/me/other' })).not.toBe(arn)
  })
})

describe('a route', () => {
  const at = (method: string, target: string, isUpgrade = false) => route(arn)({ method, target, isUpgrade })
  const path = toPath(arn)
  const id = arn.slice(arn.lastIndexOf('/') + 1)

  it.each([
    ['POST', `${path}/invocations?qualifier=DEFAULT`, 'Invoke'],
    ['POST', `/runtimes/${arn}/invocations`, 'Invoke'],
    ['POST', `/runtimes/${id}/invocations?accountId=000000000000`, 'Invoke'],
    ['POST', `${path}/stopruntimesession`, 'StopSession'],
    ['GET', `${path}/invocations/.well-known/agent-card.json`, 'AgentCard'],
    ['GET', `${path}/invocations/.well-known/oauth-protected-resource?qualifier=DEFAULT`, 'ProtectedResource'],
    ['POST', '/invocations', 'Plain'],
    ['GET', '/ping', 'Plain'],
    ['GET', '/', 'Overview'],
  ])('%s %s is %s', (method, target, tag) => {
    expect(at(method, target)).toMatchObject({ right: { _tag: tag } })
  })

  it('of a socket is one only with an upgrade', () => {
    expect(at('GET', `${path}/ws?qualifier=DEFAULT&a=b`, true)).toMatchObject({ right: { _tag: 'Socket' } })
    expect(at('GET', '/ws?a=b', true)).toMatchObject({ right: { _tag: 'PlainSocket', query: 'a=b' } })
    expect(at('GET', `${path}/ws`)).toMatchObject({ left: { _tag: 'UnknownOperation' } })
  })

  it.each([
    ['another agent', `${toPath(localArn({ name: 'other', folder: '/' }))}/invocations`, 'NotFound'],
    ['another endpoint', `${path}/invocations?qualifier=PROD`, 'NotFound'],
    ['no ARN', '/runtimes/arn%3Aaws%3Anonsense/invocations', 'InvalidField'],
    ['an id without an account', `/runtimes/${id}/invocations`, 'InvalidField'],
    ['an id of another account', `/runtimes/${id}/invocations?accountId=111111111111`, 'NotFound'],
    ['a bad escape', '/runtimes/%zz/invocations', 'Unreadable'],
    ['an operation that is not known', `${path}/commands`, 'UnknownOperation'],
    ['a path that is not known', '/else', 'UnknownOperation'],
  ])('to %s is refused', (_, target, tag) => {
    expect(at('POST', target)).toMatchObject({ left: { _tag: tag } })
  })

  it('is found or refused, whatever is asked', () =>
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.boolean(), (method, target, isUpgrade) => {
        route(arn)({ method, target: `/${target}`, isUpgrade })
      }),
    ))
})

describe('the headers of the data plane', () => {
  const policy = {
    allowList: toAllowList(['X-Api-Key', 'Authorization', 'Cookie', 'X-Amzn-Thing']),
    maxHeaderValue: 4096,
  }

  it('reach the agent only as the service or the allow-list lets them', () => {
    const headers = {
      'x-api-key': 'k',
      'x-other': 'o',
      cookie: 'c',
      'x-amzn-thing': 't',
      authorization: 'Bearer b',
      'content-type': 'application/json',
      traceparent: 't',
      'user-agent': 'u',
    }
    const forward = forwarding(policy.allowList, new Set())
    const names = (isJwt: boolean) => toPairs(forward(headers, isJwt)).map(([name]) => name)
    expect(names(false)).toEqual(['content-type', 'traceparent', 'x-api-key'])
    expect(names(true)).toEqual(['content-type', 'traceparent', 'x-api-key', 'authorization'])
  })

  const id = 'x-amzn-bedrock-agentcore-runtime-session-id'

  it.each([
    [{ [id]: 'x'.repeat(32) }, 'runtimeSessionId'],
    [{ [id]: 'x'.repeat(257) }, 'runtimeSessionId'],
    [{ traceparent: 'x'.repeat(129) }, 'traceParent'],
    [{ baggage: 'x'.repeat(8193) }, 'baggage'],
    [{ 'x-api-key': 'x'.repeat(4097) }, 'x-api-key'],
    [{ 'x-api-key': 'a\r\nb: c' }, 'x-api-key'],
  ])('are checked', (headers, field) => {
    const refused = checked(policy)(headers)
    if (E.isRight(refused)) throw new Error('it was taken')
    expect(answer(refused.left)).toMatchObject({ status: 400, headers: { 'x-amzn-errortype': 'ValidationException' } })
    expect(JSON.parse(answer(refused.left).body)).toMatchObject({
      reason: 'FieldValidationFailed',
      fieldList: [{ name: field }],
    })
  })

  it.each([33, 256])('may have a session id of %d characters', (length) => {
    expect(E.isRight(checked(policy)({ [id]: 'x'.repeat(length) }))).toBe(true)
  })

  it('may come as query parameters, where the header itself does not', () => {
    const query = `${id}=of-the-query&X-Amzn-Bedrock-AgentCore-Runtime-Custom-A=b&x-api-key=no`
    expect(sentHeaders({ headers: {}, rawHeaders: [] }, query)).toEqual(
      E.right({ [id]: 'of-the-query', 'x-amzn-bedrock-agentcore-runtime-custom-a': 'b' }),
    )
  })

  it('keep the token of a browser from the agent', () => {
    const offered = { 'sec-websocket-protocol': 'base64UrlBearerAuthorization.abc, base64UrlBearerAuthorization, chat' }
    expect(toProtocols(offered)).toEqual({ protocols: ['chat'], protocol: 'base64UrlBearerAuthorization' })
  })
})

describe('the rate of frames', () => {
  it('is over the limit exactly when more than that come within a second', () =>
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 400 }), (limit, count) => {
        const rate = Array.from({ length: count }).reduce<typeof noFrames>((sum) => framed(500)(sum), noFrames)
        expect(isOverRate(limit)(rate)).toBe(count > limit)
        expect(isOverRate(limit)(framed(1500)(rate))).toBe(false)
      }),
    ))
})
