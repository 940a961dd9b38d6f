/** Every failure has an HTTP side, told by nothing that was thrown. */
import * as fc from 'fast-check'
import * as AgentError from '../../lib/node/failure/AgentErrors'

/** What a thrown value holds that the wire must not show. */
const secret = 'S3CR3T'

const issues = [{ path: 'a', message: 'expected string' }]

/** One of each case, by its tag: a case that is missing here does not compile. */
const each: Readonly<Record<AgentError.AgentError['_tag'], AgentError.AgentError>> = {
  BadRequest: AgentError.badRequest('no'),
  InvalidJson: AgentError.invalidJson('at 1'),
  InvalidEncoding: AgentError.invalidEncoding('not UTF-8'),
  InvalidPayload: AgentError.invalidPayload(issues),
  InvalidSessionId: AgentError.invalidSessionId,
  MissingSessionId: AgentError.missingSessionId,
  UnknownAction: AgentError.unknownAction('fly'),
  Unauthorized: AgentError.unauthorized('no token', 'Bearer resource_metadata="https://a/b"'),
  AwsRefused: AgentError.awsRefused('InvalidSignatureException', 'no match'),
  ForbiddenHost: AgentError.forbiddenHost('rebind.test'),
  ForbiddenOrigin: AgentError.forbiddenOrigin('https://evil.example'),
  ForbiddenCaller: AgentError.forbiddenCaller,
  NotFound: AgentError.notFound(),
  MethodNotAllowed: AgentError.methodNotAllowed('GET, HEAD'),
  NotAcceptable: AgentError.notAcceptable,
  RequestTimeout: AgentError.requestTimeout,
  PayloadTooLarge: AgentError.payloadTooLarge(10),
  UnsupportedMediaType: AgentError.unsupportedMediaType('br'),
  UpgradeRequired: AgentError.upgradeRequired,
  HeadersTooLarge: AgentError.headersTooLarge,
  Interrupted: AgentError.interrupted,
  Cancelled: AgentError.cancelled,
  Rejected: AgentError.rejected(418, 'no coffee', { pot: 'tea' }),
  Unexpected: AgentError.unexpected(new Error(secret)),
  Unencodable: AgentError.unencodable('it is a bigint'),
  InvalidState: AgentError.invalidState(issues),
  NoEntrypoint: AgentError.noEntrypoint,
  StoreFailed: AgentError.storeFailed(new Error(secret)),
  TooManySessions: AgentError.tooManySessions(3),
  Overloaded: AgentError.overloaded(2),
  TooManyTasks: AgentError.tooManyTasks(7),
  Stopping: AgentError.stopping,
  AuthorizerUnavailable: AgentError.authorizerUnavailable(new Error(secret), 7),
  ContextTooLong: AgentError.contextTooLong(new Error(secret)),
  BudgetExceeded: AgentError.budgetExceeded(new Error(secret)),
  ModelFailed: AgentError.modelFailed(new Error(secret)),
  ModelThrottled: AgentError.modelThrottled(new Error(secret), 9),
  DeadlineExceeded: AgentError.deadlineExceeded,
  InvalidMessage: AgentError.invalidMessage(issues),
  MessageTooLarge: AgentError.messageTooLarge(10),
  SocketClosed: AgentError.socketClosed(1006),
}

const cases = Object.entries(each)

describe('problem', () => {
  it.each(cases)('of %s has an error status, a code and a message', (tag, error) => {
    const { status, code, message } = AgentError.problem(error)
    expect(error._tag).toBe(tag)
    expect(Number.isInteger(status) && status >= 400 && status <= 599).toBe(true)
    expect(code).toMatch(tag === 'AwsRefused' ? /^[A-Za-z]+Exception$/ : /^[A-Z]+(_[A-Z]+)*$/)
    expect(message).not.toBe('')
  })

  it('gives no code twice', () => {
    const codes = cases.map(([, error]) => AgentError.problem(error).code)
    expect(new Set(codes).size).toBe(cases.length)
  })

  it('says the statuses and codes that are documented', () => {
    const told = Object.fromEntries(
      cases.map(([tag, error]) => [tag, `${AgentError.problem(error).status} ${AgentError.problem(error).code}`]),
    )
    expect(told).toEqual({
      BadRequest: '400 BAD_REQUEST',
      InvalidJson: '400 INVALID_JSON',
      InvalidEncoding: '400 INVALID_ENCODING',
      InvalidPayload: '400 INVALID_PAYLOAD',
      InvalidSessionId: '400 INVALID_SESSION_ID',
      MissingSessionId: '400 MISSING_SESSION_ID',
      UnknownAction: '400 UNKNOWN_ACTION',
      Unauthorized: '401 UNAUTHORIZED',
      AwsRefused: '403 InvalidSignatureException',
      NotFound: '404 NOT_FOUND',
      MethodNotAllowed: '405 METHOD_NOT_ALLOWED',
      NotAcceptable: '406 NOT_ACCEPTABLE',
      RequestTimeout: '408 REQUEST_TIMEOUT',
      PayloadTooLarge: '413 PAYLOAD_TOO_LARGE',
      UnsupportedMediaType: '415 UNSUPPORTED_MEDIA_TYPE',
      UpgradeRequired: '426 UPGRADE_REQUIRED',
      ForbiddenCaller: '403 FORBIDDEN_CALLER',
      ForbiddenHost: '403 FORBIDDEN_HOST',
      ForbiddenOrigin: '403 FORBIDDEN_ORIGIN',
      HeadersTooLarge: '431 HEADERS_TOO_LARGE',
      Interrupted: '409 INTERRUPTED',
      Cancelled: '499 CANCELLED',
      Rejected: '418 REJECTED',
      Unexpected: '500 INTERNAL_ERROR',
      Unencodable: '500 UNENCODABLE',
      InvalidState: '500 INVALID_STATE',
      NoEntrypoint: '500 NO_ENTRYPOINT',
      StoreFailed: '500 SESSION_STORE_FAILED',
      TooManySessions: '503 TOO_MANY_SESSIONS',
      Overloaded: '503 OVERLOADED',
      TooManyTasks: '503 TOO_MANY_TASKS',
      Stopping: '503 STOPPING',
      AuthorizerUnavailable: '503 AUTHORIZER_UNAVAILABLE',
      ContextTooLong: '413 CONTEXT_TOO_LONG',
      BudgetExceeded: '422 BUDGET_EXCEEDED',
      ModelFailed: '502 MODEL_FAILED',
      ModelThrottled: '503 MODEL_THROTTLED',
      DeadlineExceeded: '504 DEADLINE_EXCEEDED',
      InvalidMessage: '400 INVALID_MESSAGE',
      MessageTooLarge: '500 MESSAGE_TOO_LARGE',
      SocketClosed: '499 SOCKET_CLOSED',
    })
  })

  it('shows nothing that was thrown', () => {
    const thrown = fc.oneof(
      fc.constant(secret),
      fc.constant({ message: secret }),
      fc.string().map((text) => new Error(`${text}${secret}`)),
      fc.string().map((text) => Object.assign(new Error(secret), { status: 400, details: text })),
    )
    const ways = [AgentError.unexpected, AgentError.storeFailed, AgentError.fromUnknown]
    fc.assert(
      fc.property(thrown, fc.constantFrom(...ways), (cause, way) => {
        const problem = AgentError.problem(way(cause))
        expect(problem.status).toBe(500)
        expect(JSON.stringify(problem)).not.toContain(secret)
      }),
    )
    cases.forEach(([, error]) => expect(JSON.stringify(AgentError.problem(error))).not.toContain(secret))
  })

  it('sends a rejection with its status where that can have a body, else with 500', () => {
    const status = fc.oneof(
      fc.integer({ min: -1, max: 1000 }),
      fc.double(),
      fc.constantFrom(204, 205, 304, 199, 200, 599, 600),
    )
    fc.assert(
      fc.property(status, fc.string(), fc.option(fc.jsonValue(), { nil: undefined }), (given, message, details) => {
        const valid = Number.isInteger(given) && given >= 200 && given < 600 && ![204, 205, 304].includes(given)
        const told = { status: valid ? given : 500, code: 'REJECTED', message }
        expect(AgentError.problem(AgentError.rejected(given, message, details))).toEqual(
          details === undefined ? told : { ...told, details },
        )
      }),
    )
  })

  it('has no details unless there are some', () => {
    expect(AgentError.problem(AgentError.rejected(400, 'no'))).not.toHaveProperty('details')
    expect(AgentError.problem(AgentError.rejected(400, 'no', null))).toHaveProperty('details', null)
    expect(AgentError.problem(AgentError.invalidPayload(issues)).details).toBe(issues)
  })

  it('names the header fields that a status asks for', () => {
    expect(AgentError.problem(AgentError.methodNotAllowed('POST')).headers).toEqual({ allow: 'POST' })
    expect(AgentError.problem(AgentError.upgradeRequired).headers).toMatchObject({ upgrade: 'websocket' })
    expect(AgentError.problem(AgentError.unauthorized('no')).headers).toEqual({ 'www-authenticate': 'Bearer' })
    expect(AgentError.problem(each.AwsRefused).headers).toEqual({ 'x-amzn-errortype': 'InvalidSignatureException' })
    expect(AgentError.problem(each.AuthorizerUnavailable).headers).toEqual({ 'retry-after': '7' })
    expect(AgentError.problem(each.ModelThrottled).headers).toEqual({ 'retry-after': '9' })
  })
})

describe('fromUnknown', () => {
  it.each(cases)('knows a thrown %s again', (_, error) => expect(AgentError.fromUnknown(error)).toBe(error))

  it('takes an error that says it may be exposed for a rejection', () => {
    const error = Object.assign(new Error('no coffee'), { status: 418, expose: true })
    expect(AgentError.problem(AgentError.fromUnknown(error))).toEqual({
      status: 418,
      code: 'REJECTED',
      message: 'no coffee',
    })
  })

  it.each<[string, unknown]>([
    ['an error that may not be exposed', Object.assign(new Error(secret), { status: 500, expose: false })],
    ['an error that does not say so', Object.assign(new Error(secret), { status: 400 })],
    ['an error without a status', Object.assign(new Error(secret), { expose: true })],
    ['an error whose status is no number', Object.assign(new Error(secret), { expose: true, status: '400' })],
    ['what is no error', { message: secret, status: 400, expose: true }],
    ['what only looks like one of ours', { _tag: 'Rejected', status: 400, message: secret }],
    ['null', null],
    ['undefined', undefined],
    ['a string', secret],
  ])('takes %s for unexpected, and keeps it as the cause', (_, thrown) => {
    const error = AgentError.fromUnknown(thrown)
    expect(error._tag).toBe('Unexpected')
    expect(AgentError.cause(error)).toBe(thrown)
  })

  it('is total', () => {
    fc.assert(fc.property(fc.anything(), (thrown) => expect(AgentError.fromUnknown(thrown)._tag).toBe('Unexpected')))
  })
})

describe('isAgentError', () => {
  it('knows what its constructors made, also from another copy of the library', () => {
    expect(cases.every(([, error]) => AgentError.isAgentError(error))).toBe(true)
    expect(AgentError.isAgentError({ [Symbol.for('agentcore-fp/AgentError')]: true, _tag: 'Stopping' })).toBe(true)
  })

  it('is not fooled by JSON', () => {
    const parsed = cases.map(([, error]) => JSON.parse(JSON.stringify(error)) as unknown)
    expect(parsed.some(AgentError.isAgentError)).toBe(false)
  })
})

describe('closeCode', () => {
  it('is 1007 for what cannot be decoded, 1001 for a server that stops, 1011 for all else', () => {
    const codes = Object.fromEntries(cases.map(([tag, error]) => [tag, AgentError.closeCode(error)]))
    const others = Object.fromEntries(cases.map(([tag]) => [tag, 1011]))
    expect(codes).toEqual({ ...others, InvalidMessage: 1007, Stopping: 1001 })
  })
})

describe('cause', () => {
  it('is there for what was thrown, and for nothing else', () => {
    const told = cases.filter(([, error]) => AgentError.cause(error) !== undefined).map(([tag]) => tag)
    expect(told).toEqual([
      ...['Unexpected', 'StoreFailed', 'AuthorizerUnavailable'],
      ...['ContextTooLong', 'BudgetExceeded', 'ModelFailed', 'ModelThrottled'],
    ])
  })
})
