/** Failures of models, by the shapes in which SDKs and frameworks throw them. */
import * as fc from 'fast-check'
import { fromModelAt } from '../../lib/core/ModelError'
import * as AgentError from '../../lib/node/failure/AgentErrors'

/** What a provider says, which no client may see. */
const secret = 'S3CR3T'

const failing = (name: string, fields: object = {}): Error => Object.assign(new Error(secret), { name, ...fields })

/** An error whose class tells what it is, but not its name, as those of OpenAI. */
const ofClass = (name: string, fields: object = {}): Error => {
  const error = failing('Error', fields)
  Object.defineProperty(error, 'constructor', { value: { name } })
  return error
}

const apiCall = (statusCode: number, fields: object = {}): Error =>
  failing('AI_APICallError', { statusCode, responseHeaders: {}, responseBody: secret, ...fields })

const aws = (name: string, httpStatusCode: number, fields: object = {}): Error =>
  failing(name, { $fault: 'client', $metadata: { httpStatusCode }, ...fields })

type Tag = AgentError.AgentError['_tag']

const rows: ReadonlyArray<readonly [Tag, string, unknown]> = [
  ['Interrupted', 'an abort of fetch', new DOMException('This operation was aborted', 'AbortError')],
  ['Interrupted', 'an abort of OpenAI or Anthropic', ofClass('APIUserAbortError', { status: undefined })],
  ['Interrupted', 'a cancelled agent of Strands', failing('CancelledError')],
  ['DeadlineExceeded', 'a timeout of a signal', new DOMException('The operation timed out', 'TimeoutError')],
  ['DeadlineExceeded', 'a timeout of OpenAI', ofClass('APIConnectionTimeoutError')],
  ['DeadlineExceeded', 'a time limit of Mastra', failing('MastraTimeoutError', { timeoutType: 'step' })],
  ['ModelThrottled', 'a rate limit in the AI SDK', apiCall(429)],
  ['ModelThrottled', 'one after several attempts', failing('AI_RetryError', { lastError: apiCall(429), errors: [] })],
  ['ModelThrottled', 'an overloaded provider', apiCall(529)],
  ['ModelThrottled', 'a rate limit of OpenAI', ofClass('RateLimitError', { status: 429 })],
  [
    'ModelThrottled',
    'an overload in a stream of Anthropic',
    failing('Error', { error: { error: { type: 'overloaded_error' } } }),
  ],
  ['ModelThrottled', 'throttling by AWS', aws('ThrottlingException', 400)],
  [
    'ModelThrottled',
    'throttling in Strands',
    failing('ModelThrottledError', { cause: aws('ThrottlingException', 429) }),
  ],
  ['ContextTooLong', 'a long prompt in Strands', failing('ContextWindowOverflowError')],
  ['ContextTooLong', 'a long prompt in LangChain', failing('ContextOverflowError')],
  [
    'ContextTooLong',
    'a long prompt for OpenAI',
    ofClass('BadRequestError', { status: 400, code: 'context_length_exceeded' }),
  ],
  [
    'ContextTooLong',
    'a long prompt for Anthropic',
    apiCall(400, { responseBody: '{"message":"prompt is too long: 9"}' }),
  ],
  [
    'ContextTooLong',
    'a long prompt for Bedrock',
    aws('ValidationException', 400, { message: 'Input is too long for requested model.' }),
  ],
  ['BudgetExceeded', 'too many turns in OpenAI Agents', ofClass('MaxTurnsExceededError')],
  [
    'BudgetExceeded',
    'too many steps in LangGraph',
    failing('GraphRecursionError', { lc_error_code: 'GRAPH_RECURSION_LIMIT' }),
  ],
  ['BudgetExceeded', 'too many tokens in Strands', failing('MaxTokensError')],
  ['Rejected', 'a second call of an agent of Strands', failing('ConcurrentInvocationError')],
  ['ModelFailed', 'a wrong key', apiCall(401)],
  ['ModelFailed', 'a model that does not exist', ofClass('NotFoundError', { status: 404 })],
  ['ModelFailed', 'a refusal of AWS', aws('AccessDeniedException', 403)],
  ['ModelFailed', 'a failure of the provider', apiCall(500)],
  [
    'ModelFailed',
    'a connection that failed',
    new TypeError('fetch failed', { cause: failing('Error', { code: 'ECONNREFUSED' }) }),
  ],
  ['ModelFailed', 'a failure that a framework wraps', failing('ModelError', { cause: new Error(secret) })],
  ['Unexpected', 'a mistake in the program', new TypeError('x is not a function')],
  ['Unexpected', 'an error that only speaks of it', new Error('the context window is broken')],
  ['Unexpected', 'what is no error', secret],
]

describe('fromModel', () => {
  it.each(rows)('is %s for %s', (tag, _, thrown) => {
    const error = AgentError.fromModel(thrown)
    expect(error._tag).toBe(tag)
    const problem = AgentError.problem(error)
    expect(JSON.stringify(problem)).not.toContain(secret)
    expect([200, 400, 401, 403, 404, 429]).not.toContain(problem.status) // those of a provider are not ours
    expect([undefined, thrown]).toContain(AgentError.cause(error))
  })

  it.each<readonly [string, Error, number]>([
    ['in a record', apiCall(429, { responseHeaders: { 'retry-after': '7' } }), 7],
    ['in Headers', ofClass('RateLimitError', { status: 429, headers: new Headers({ 'retry-after': '30' }) }), 30],
    ['in a response of AWS', aws('ThrottlingException', 429, { $response: { headers: { 'retry-after': '2' } } }), 2],
    [
      'in an error inside',
      failing('AI_RetryError', { lastError: apiCall(429, { responseHeaders: { 'retry-after': '5' } }) }),
      5,
    ],
    ['that is a date', apiCall(429, { responseHeaders: { 'retry-after': 'Tue, 01 Jan 2030 00:00:05 GMT' } }), 5],
    [
      'that is a date in the past',
      apiCall(429, { responseHeaders: { 'retry-after': 'Tue, 01 Jan 2019 00:00:05 GMT' } }),
      1,
    ],
    ['that is neither', apiCall(429, { responseHeaders: { 'retry-after': 'soon' } }), 1],
    ['that is zero', apiCall(429, { responseHeaders: { 'retry-after': '0' } }), 1],
    ['that is not there', apiCall(429), 1],
  ])('keeps Retry-After %s', (_, thrown, retryAfter) => {
    expect(fromModelAt(Date.UTC(2030, 0, 1))(thrown)).toMatchObject({ _tag: 'ModelThrottled', retryAfter })
  })

  it('reads a date by the time of this machine', () => {
    const at = new Date(Date.now() + 3_600_000).toUTCString()
    const error = AgentError.fromModel(apiCall(429, { responseHeaders: { 'retry-after': at } }))
    const { 'retry-after': wait = '' } = AgentError.problem(error).headers ?? {}
    expect(Math.abs(3600 - Number(wait))).toBeLessThan(60)
  })

  it('knows failures again, and those that may be exposed', () => {
    expect(AgentError.fromModel(AgentError.stopping)).toBe(AgentError.stopping)
    const exposed = Object.assign(new Error('no'), { status: 418, expose: true })
    expect(AgentError.fromModel(exposed)).toMatchObject({ _tag: 'Rejected', status: 418 })
  })

  it('ends where errors are each the cause of the other', () => {
    const a = failing('A')
    expect(AgentError.fromModel(Object.assign(a, { cause: failing('B', { cause: a }) }))._tag).toBe('Unexpected')
  })

  it('is total', () => {
    const hostile = new Proxy(
      {},
      {
        get: () => {
          throw new Error(secret)
        },
      },
    )
    expect(AgentError.fromModel(hostile)._tag).toBe('Unexpected')
    expect(AgentError.fromModel(Object.create(null))._tag).toBe('Unexpected')
    fc.assert(fc.property(fc.anything(), (thrown) => expect(AgentError.fromModel(thrown)._tag).toBe('Unexpected')))
  })
})
