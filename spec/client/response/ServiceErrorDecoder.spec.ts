import * as fc from 'fast-check'
import type { ClientError } from '../../../lib/client/error/ClientError'
import { explain } from '../../../lib/client/error/ClientError'
import { decode } from '../../../lib/client/response/ServiceErrorDecoder'
import { examples } from '../examples'

const refusal = (status: number, headers: Readonly<Record<string, string>>, body: unknown): ClientError =>
  decode({ status, headers, body: typeof body === 'string' ? body : JSON.stringify(body) })

const ofService: ReadonlyArray<readonly [ClientError['_tag'], number]> = [
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

describe('a refusal of the data plane', () => {
  it.each(ofService)('%s is its own case', (_tag, status) => {
    const headers = { 'x-amzn-errortype': _tag, 'x-amzn-requestid': 'r-1' }
    expect(refusal(status, headers, { message: 'no' })).toEqual({ _tag, status, message: 'no', requestId: 'r-1' })
  })

  it.each([
    'ThrottlingException:http://internal.amazon.com/coral/',
    ' ThrottlingException ',
    'a.b#ThrottlingException',
  ])('is known by its name in %s', (name) => {
    expect(refusal(429, { 'x-amzn-errortype': name }, '')._tag).toBe('ThrottlingException')
    expect(refusal(429, {}, { __type: name, Message: 'slow' })).toMatchObject({
      _tag: 'ThrottlingException',
      message: 'slow',
    })
  })

  it('of an agent on this machine has what the local runtime says of it', () => {
    const of = (answer: string | undefined): unknown => {
      const headers = {
        'x-amzn-errortype': 'RuntimeClientError',
        'x-agentcore-local-reason': 'the agent responded with 400',
        'x-agentcore-local-log': '/logs/a.log',
        ...(answer === undefined ? {} : { 'x-agentcore-local-answer': answer }),
      }
      return Reflect.get(refusal(424, headers, { message: 'no' }), 'local')
    }
    const known = { reason: 'the agent responded with 400', log: '/logs/a.log' }
    expect(of(undefined)).toEqual(known)
    expect(of('{"error":"Invalid payload","code":"INVALID_PAYLOAD","details":[1]}')).toEqual({
      ...known,
      answer: { error: 'Invalid payload', code: 'INVALID_PAYLOAD', details: [1] },
    })
    expect(of('<h1>Teapot</h1>')).toEqual({ ...known, answer: { error: '<h1>Teapot</h1>' } })
    expect(of('{"error":7}')).toEqual({ ...known, answer: { error: '{"error":7}' } })
  })

  it('of an unknown name keeps the name', () => {
    expect(refusal(403, { 'x-amzn-errortype': 'ExpiredTokenException' }, { message: 'expired' })).toEqual({
      _tag: 'UnexpectedStatus',
      status: 403,
      message: 'ExpiredTokenException: expired',
      requestId: undefined,
    })
  })

  it('tells only the first line: those behind it may repeat the request', () => {
    const message = 'The signature does not match.\n\nThe Canonical String was\nx-amz-security-token:SECRET'
    const error = refusal(403, { 'x-amzn-errortype': 'AccessDeniedException' }, { message })
    expect(JSON.stringify(error)).not.toContain('SECRET')
  })
})

describe('a refusal of an agent', () => {
  it('has its code, its details and its request id', () => {
    const body = { error: 'Invalid payload', code: 'INVALID_PAYLOAD', requestId: 'r-2', details: [1] }
    expect(refusal(400, {}, body)).toEqual({
      _tag: 'AgentFailure',
      status: 400,
      code: 'INVALID_PAYLOAD',
      message: 'Invalid payload',
      requestId: 'r-2',
      details: [1],
    })
  })

  it.each([
    {
      statusCode: 413,
      code: 'FST_ERR_CTP_BODY_TOO_LARGE',
      error: 'Payload Too Large',
      message: 'Request body is too large',
    },
    { code: 'E_VALIDATION', error: 'Bad Request', message: 'Request body is too large' },
  ])('of another framework is none of this package: %j', (body) => {
    expect(refusal(413, {}, body)).toMatchObject({
      _tag: 'UnexpectedStatus',
      status: 413,
      message: 'Request body is too large',
    })
  })

  it('of another kind keeps its message', () => {
    expect(refusal(500, {}, { error: 'boom' })).toMatchObject({
      _tag: 'UnexpectedStatus',
      status: 500,
      message: 'boom',
    })
  })
})

describe('any other refusal', () => {
  it('is its status and the first line of its body', () => {
    expect(refusal(502, {}, '<html>\n<body>')).toMatchObject({ _tag: 'UnexpectedStatus', message: '<html>' })
    expect(refusal(302, {}, '')).toMatchObject({ _tag: 'UnexpectedStatus', status: 302, message: '' })
  })

  it('is a case whatever it says, its message is short, and it can be explained', () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 100, max: 599 }),
        fc.dictionary(fc.constantFrom('x-amzn-errortype', 'x-amzn-requestid', 'a'), fc.string()),
        fc.oneof(fc.string({ unit: 'binary' }), fc.json(), fc.constant('"'.repeat(100_000))),
        (status, headers, body) => {
          const error = decode({ status, headers, body })
          expect(Object.keys(examples)).toContain(error._tag)
          expect('message' in error ? error.message.length : -1).toBeLessThan(3000)
          expect(explain(error)).not.toBe('')
        },
      ),
    ))
})
