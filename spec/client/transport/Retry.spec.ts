import * as fc from 'fast-check'
import * as O from 'fp-ts/Option'
import type { ClientError, Told } from '../../../lib/client/error/ClientError'
import { base, delay, type Failed, isRetryable, longest } from '../../../lib/client/transport/Retry'
import { examples } from '../examples'

const all: ReadonlyArray<ClientError> = Object.values(examples)

const told: Told = { status: 500, message: 'no', requestId: undefined }

const refused: ClientError = { _tag: 'ConnectionFailed', host: 'h', reason: 'r', isSent: false }

const failed = (more: Partial<Failed> = {}): Failed => ({
  error: refused,
  attempt: 1,
  isIdempotent: false,
  retryAfter: O.none,
  ...more,
})

const errors = fc.nat(all.length - 1).map((index) => all[index] ?? refused)

const failures: fc.Arbitrary<Failed> = fc.record({
  error: errors,
  attempt: fc.integer({ min: 1, max: 12 }),
  isIdempotent: fc.boolean(),
  retryAfter: fc.option(fc.integer({ min: 0, max: 100_000 })).map(O.fromNullable),
})

const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

describe('what is tried again', () => {
  it.each<[string, ClientError]>([
    ['a connection that was refused', refused],
    ['a connection that was not made in time', { _tag: 'ConnectTimeout', host: 'h', after: 1 }],
    ['RetryableConflictException', { _tag: 'RetryableConflictException', ...told, status: 409 }],
    ['ThrottlingException', { _tag: 'ThrottlingException', ...told, status: 429 }],
    ['429 of anyone', { _tag: 'UnexpectedStatus', ...told, status: 429 }],
    ['429 of an agent', { _tag: 'AgentFailure', code: 'C', ...told, status: 429 }],
  ])('whatever the call: %s', (_, error) => {
    expect(isRetryable({ error, isIdempotent: false })).toBe(true)
  })

  it.each<[string, ClientError]>([
    ['a connection that broke after the request', { ...refused, isSent: true }],
    ['an answer that was cut', { _tag: 'Truncated' }],
    ['InternalServerException', { _tag: 'InternalServerException', ...told }],
    ['503 of an agent', { _tag: 'AgentFailure', code: 'C', ...told, status: 503 }],
    ['502 of anyone', { _tag: 'UnexpectedStatus', ...told, status: 502 }],
  ])('only what may happen twice: %s', (_, error) => {
    expect(isRetryable({ error, isIdempotent: false })).toBe(false)
    expect(isRetryable({ error, isIdempotent: true })).toBe(true)
  })

  it('nothing that would fail again, and nothing that was given up', () => {
    const never = Object.values(examples).filter((error) => !isRetryable({ error, isIdempotent: true }))
    expect(never.map(({ _tag }) => _tag)).toEqual(
      expect.arrayContaining(['Aborted', 'IdleTimeout', 'ValidationException', 'RuntimeClientError', 'NoCredentials']),
    )
  })
})

describe('the wait', () => {
  it('is a part of what doubles', () => {
    const waits = [1, 2, 3, 4].map((attempt) => delay(10, 0.5)(failed({ attempt })))
    expect(waits).toEqual([50, 100, 200, 400].map(O.some))
  })

  it('is never longer than 20 seconds, and is over after the last attempt', () =>
    fc.assert(
      fc.property(failures, chance, fc.integer({ min: 1, max: 10 }), (failure, random, attempts) => {
        const wait = delay(attempts, random)(failure)
        if (failure.attempt >= attempts || !isRetryable(failure)) return expect(wait).toEqual(O.none)
        if (O.isNone(wait)) return expect(O.getOrElse(() => 0)(failure.retryAfter)).toBeGreaterThan(longest)
        expect(wait.value).toBeGreaterThanOrEqual(O.getOrElse(() => 0)(failure.retryAfter))
        expect(wait.value).toBeLessThanOrEqual(
          Math.max(base * 2 ** (failure.attempt - 1), O.getOrElse(() => 0)(failure.retryAfter)),
        )
        expect(wait.value).toBeLessThanOrEqual(longest)
      }),
    ))

  it('is what Retry-After asks for, unless it asks for too much', () => {
    expect(delay(3, 0)(failed({ retryAfter: O.some(1500) }))).toEqual(O.some(1500))
    expect(delay(3, 0)(failed({ retryAfter: O.some(60_000) }))).toEqual(O.none)
  })
})
