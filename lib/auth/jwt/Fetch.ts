/** Fetches a JSON document of the provider, bounded in time and size. Redirects are not followed, so that no other host can supply keys. */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as J from 'fp-ts/Json'
import * as TE from 'fp-ts/TaskEither'
import { get, type GetFault } from '../../node/exchange/BoundedGet'

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
      return `Could not reach ${error.url}`
    case 'TimedOut':
      return `${error.url} did not respond within ${error.timeout} ms`
    case 'Redirects':
      return `${error.url} redirects, and redirects are not followed`
    case 'BadStatus':
      return `${error.url} responded with status ${error.status}`
    case 'TooLarge':
      return `${error.url} is larger than ${error.maxBytes} bytes`
    case 'Unfit':
      return `${error.url} ${error.what}`
  }
}

const getText = async (url: string, { timeout, maxBytes }: FetchLimits): Promise<E.Either<FetchError, string>> => {
  const got = await get(url, { headers: { accept: 'application/json' }, timeout, maxBytes })
  if (E.isLeft(got)) return E.left(fromFault(url, { timeout, maxBytes }, got.left))
  const { status, text } = got.right
  if (status >= 300 && status < 400) return E.left({ _tag: 'Redirects', url })
  return status === 200 ? E.right(text) : E.left({ _tag: 'BadStatus', url, status })
}

const fromFault = (url: string, { timeout, maxBytes }: FetchLimits, fault: GetFault): FetchError => {
  switch (fault._tag) {
    case 'Failed':
      return { _tag: 'Unreachable', url, cause: fault.cause }
    case 'Late':
      return { _tag: 'TimedOut', url, timeout }
    case 'TooLarge':
      return { _tag: 'TooLarge', url, maxBytes }
  }
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
          E.mapLeft(() => unfit(url, 'is not valid JSON')),
        ),
      ),
    )
