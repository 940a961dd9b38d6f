/**
 * Failures of models, agent frameworks and their providers as an `AgentError`: one table, by the shape of what was thrown,
 * so that no framework is needed for it.
 *
 * @since 0.2.0
 */
import * as O from 'fp-ts/Option'
import {
  type AgentError,
  budgetExceeded,
  contextTooLong,
  deadlineExceeded,
  fromUnknown,
  interrupted,
  modelFailed,
  modelThrottled,
  rejected,
  unexpected,
} from './AgentError'
import { parseRetryAfter } from './RetryAfter'

/**
 * Converts what a model or an agent framework threw, at a time in milliseconds since the epoch: `Retry-After` may be a
 * date. `AgentError.fromModel` says what becomes what.
 */
export const fromModelAt =
  (now: number) =>
  (thrown: unknown): AgentError => {
    const known = fromUnknown(thrown)
    if (known._tag !== 'Unexpected') return known
    try {
      return firstOf(chainOf(thrown, now), thrown) ?? known
    } catch {
      return unexpected(thrown) // a throwing proxy or getter
    }
  }

// ---------------------------------------------------------------------------------------------------------------------
// the table
// ---------------------------------------------------------------------------------------------------------------------

/** A row: which errors it is about, and the failure that they are. */
interface Row {
  readonly names: RegExp
  readonly statuses?: ReadonlyArray<number>
  readonly codes?: RegExp
  readonly text?: RegExp
  readonly to: (facts: Facts, thrown: unknown) => AgentError
}

/** What is known of an error. */
interface Facts {
  /** Its `name` and that of its class, which may differ. */
  readonly names: ReadonlyArray<string>
  /** The status that a provider answered with. */
  readonly status: number | undefined
  /** `code`, `type` and such. */
  readonly codes: ReadonlyArray<string>
  readonly text: string
  /** In seconds. */
  readonly retryAfter: number | undefined
}

/** In the order in which they are tried. */
const table: ReadonlyArray<Row> = [
  {
    names: /^(AbortError|APIUserAbortError|ModelAbortError|CancelledError|ResponseAborted)$/,
    to: () => interrupted,
  },
  {
    names:
      /^(TimeoutError|APIConnectionTimeoutError|ModelTimeoutError|NodeTimeoutError|AI_TimeoutError|MastraTimeoutError)$/,
    to: () => deadlineExceeded,
  },
  {
    names: /^(ContextWindowOverflowError|ContextOverflowError)$/,
    codes: /^context_length_exceeded$/,
    text: /prompt is too long|input is too long|context (length|window)|maximum context|too many (input )?tokens/i,
    to: (_, thrown) => contextTooLong(thrown),
  },
  {
    names:
      /^(ModelThrottledError|RateLimitError|ThrottlingException|TooManyRequestsException|ServiceUnavailableException|ModelNotReadyException)$/,
    statuses: [429, 503, 529],
    codes: /^(rate_limit_exceeded|rate_limit_error|overloaded_error|MODEL_RATE_LIMIT)$/,
    to: ({ retryAfter }, thrown) => modelThrottled(thrown, retryAfter),
  },
  {
    names: /^(MaxTurnsExceededError|GraphRecursionError|MaxTokensError|LengthFinishReasonError)$/,
    to: (_, thrown) => budgetExceeded(thrown),
  },
  {
    names: /^ConcurrentInvocationError$/,
    to: () => rejected(409, 'The session is busy with another invocation'),
  },
]

/** Errors of providers that say no status: the connection broke, or the answer made no sense. */
const failures =
  /^(ModelError|ModelRefusalError|ModelBehaviorError|AI_(?:APICall|NoContentGenerated|NoOutputGenerated|InvalidResponseData|EmptyResponseBody|LoadAPIKey|NoSuchModel)Error|API(?:Connection)?Error|CredentialsProviderError|ModelErrorException|ModelStreamErrorException|ModelTimeoutException)$/

const networkCodes = /^(ECONN|ENOTFOUND|EAI_AGAIN|EPIPE|ETIMEDOUT|UND_ERR_)/

const matches = ({ names, statuses = [], codes, text }: Row, facts: Facts): boolean =>
  facts.names.some((name) => names.test(name)) ||
  (facts.status !== undefined && statuses.includes(facts.status)) ||
  (codes !== undefined && facts.codes.some((code) => codes.test(code))) ||
  // What a provider says of a request that it refused, not what any error says.
  (text !== undefined && (facts.status === 400 || facts.status === 413) && text.test(facts.text))

const isFailure = ({ names, status, codes }: Facts): boolean =>
  status !== undefined || names.some((name) => failures.test(name)) || codes.some((code) => networkCodes.test(code))

/** The failure of the first error in a chain that the table knows. */
const firstOf = (chain: ReadonlyArray<Facts>, thrown: unknown): AgentError | undefined => {
  for (const facts of chain) {
    const row = table.find((one) => matches(one, facts))
    if (row !== undefined) return row.to(facts, thrown)
  }
  return chain.some(isFailure) ? modelFailed(thrown) : undefined
}

// ---------------------------------------------------------------------------------------------------------------------
// facts
// ---------------------------------------------------------------------------------------------------------------------

type Fields = Readonly<Record<string, unknown>>

const isRecord = (value: unknown): value is Fields => typeof value === 'object' && value !== null

/** An error and those inside it, the outermost first. */
const chainOf = (thrown: unknown, now: number): ReadonlyArray<Facts> => {
  const chain: Array<Facts> = []
  const seen = new Set<unknown>()
  for (let error = thrown; isRecord(error) && !seen.has(error) && chain.length < 8; error = innerOf(error)) {
    seen.add(error)
    chain.push(factsOf(error, now))
  }
  return chain
}

/** The AI SDK keeps the last of several attempts, others what they wrap. */
const innerOf = ({ lastError, cause }: Fields): unknown => lastError ?? cause

const factsOf = (error: Fields, now: number): Facts => {
  const metadata = isRecord(error['$metadata']) ? error['$metadata'] : {}
  const inner = isRecord(error['error']) ? error['error'] : {}
  const deeper = isRecord(inner['error']) ? inner['error'] : {} // Anthropic's body has its error inside
  return {
    names: [error['name'], error.constructor.name].filter(isText),
    status: [error['statusCode'], error['status'], metadata['httpStatusCode']].find(isErrorStatus),
    codes: [error['code'], error['type'], error['lc_error_code'], inner['type'], deeper['type']].filter(isText),
    text: [error['message'], error['responseBody']].filter(isText).join('\n').slice(0, 10_000),
    retryAfter: retryAfterOf(error, now),
  }
}

const isText = (value: unknown): value is string => typeof value === 'string'

const isErrorStatus = (value: unknown): value is number => typeof value === 'number' && value >= 400 && value <= 599

/** Whole seconds of `Retry-After`, and at least one. */
const retryAfterOf = (error: Fields, now: number): number | undefined => {
  const response = isRecord(error['$response']) ? error['$response'] : {}
  for (const headers of [error['responseHeaders'], error['headers'], response['headers']]) {
    const wait = parseRetryAfter(now)(headerOf(headers, 'retry-after') ?? '')
    if (O.isSome(wait)) return Math.max(1, Math.ceil(wait.value / 1000))
  }
  return undefined
}

/** A header of a `Headers` or of a record by lower-case names. */
const headerOf = (headers: unknown, name: string): string | undefined => {
  if (!isRecord(headers)) return undefined
  const { get } = headers
  const value: unknown = typeof get === 'function' ? Reflect.apply(get, headers, [name]) : headers[name]
  return isText(value) ? value : undefined
}
