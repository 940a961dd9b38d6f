/** Fetches a JSON document of the provider, bounded in time and size. Redirects are not followed, so that no other host can supply keys. */
import { get as getHttp, type IncomingMessage, type RequestOptions } from 'node:http'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as J from 'fp-ts/Json'
import * as TE from 'fp-ts/TaskEither'

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
  if (Number(res.headers['content-length']) > maxBytes) return fail(tooLarge)
  const parts: Array<Buffer> = []
  let size = 0
  res.on('data', (part: Buffer) => {
    size += part.length
    if (size <= maxBytes) return void parts.push(part)
    parts.length = 0
    fail(tooLarge)
  })
  res.on('end', () => done(E.right(Buffer.concat(parts).toString('utf8'))))
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
          E.mapLeft(() => unfit(url, 'is not valid JSON')),
        ),
      ),
    )
