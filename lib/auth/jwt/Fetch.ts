/** `GET` of a JSON document of the provider: bounded in time and size, and never sent on elsewhere. */
import { get as getHttp, type IncomingMessage, type RequestOptions } from 'node:http'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as J from 'fp-ts/Json'
import * as TE from 'fp-ts/TaskEither'
import { readBody } from '../../node/http/BoundedBody'

/** How long a document may take, in milliseconds, and how many bytes it may have. */
export interface FetchLimits {
  readonly timeout: number
  readonly maxBytes: number
}

/** Why there is no document. */
export type FetchError =
  | { readonly _tag: 'Unreachable'; readonly url: string; readonly cause: unknown }
  | { readonly _tag: 'TimedOut'; readonly url: string; readonly timeout: number }
  | { readonly _tag: 'Redirects'; readonly url: string }
  | { readonly _tag: 'BadStatus'; readonly url: string; readonly status: number }
  | { readonly _tag: 'TooLarge'; readonly url: string; readonly maxBytes: number }
  | { readonly _tag: 'Unfit'; readonly url: string; readonly what: string }

/** A document that is there, but is not what it should be. */
export const unfit = (url: string, what: string): FetchError => ({ _tag: 'Unfit', url, what })

/** For the log. */
export const explain = (error: FetchError): string => {
  switch (error._tag) {
    case 'Unreachable':
      return `${error.url} cannot be reached`
    case 'TimedOut':
      return `${error.url} did not answer within ${error.timeout} ms`
    case 'Redirects':
      return `${error.url} redirects, which is not followed`
    case 'BadStatus':
      return `${error.url} answered ${error.status}`
    case 'TooLarge':
      return `${error.url} is larger than ${error.maxBytes} bytes`
    case 'Unfit':
      return `${error.url} ${error.what}`
  }
}

type Read = E.Either<FetchError, string>

const readText = (url: string, res: IncomingMessage, maxBytes: number, done: (read: Read) => void): void => {
  const fail = (error: FetchError): void => {
    done(E.left(error))
    res.destroy()
  }
  const status = res.statusCode ?? 0
  if (status >= 300 && status < 400) return fail({ _tag: 'Redirects', url })
  if (status !== 200) return fail({ _tag: 'BadStatus', url, status })
  const tooLarge: FetchError = { _tag: 'TooLarge', url, maxBytes }
  readBody(res, { limit: maxBytes, take: () => true }, (read) => {
    if (E.isRight(read)) done(E.right(read.right.toString('utf8')))
    else fail(read.left === 'too large' ? tooLarge : { _tag: 'Unreachable', url, cause: new Error('cut off') })
  })
}

const isTimeout = (cause: unknown): boolean =>
  typeof cause === 'object' && cause !== null && 'name' in cause && /^(Abort|Timeout)Error$/.test(String(cause.name))

const getText = (url: string, { timeout, maxBytes }: FetchLimits): Promise<Read> => {
  const options: RequestOptions = {
    agent: false, // asked for once in a while: no connection is kept
    headers: { accept: 'application/json' },
    signal: AbortSignal.timeout(timeout),
  }
  const failed = (cause: unknown): Read =>
    E.left(isTimeout(cause) ? { _tag: 'TimedOut', url, timeout } : { _tag: 'Unreachable', url, cause })
  const by = (get: typeof getHttp): Promise<Read> =>
    new Promise((resolve) => {
      const broken = (cause: unknown): void => resolve(failed(cause))
      get(url, options, (res) => {
        res.on('error', broken)
        readText(url, res, maxBytes, resolve)
      }).on('error', broken)
    })
  return url.startsWith('https:') ? import('node:https').then(({ get }) => by(get)) : by(getHttp)
}

/** The JSON value at a URL. */
export const getJson =
  (limits: FetchLimits) =>
  (url: string): TE.TaskEither<FetchError, unknown> =>
    pipe(
      TE.tryCatch(
        () => getText(url, limits),
        (cause): FetchError => ({ _tag: 'Unreachable', url, cause }),
      ),
      TE.chainEitherK((read) => read),
      TE.chainEitherK((text) =>
        pipe(
          J.parse(text),
          E.mapLeft(() => unfit(url, 'is no JSON')),
        ),
      ),
    )
