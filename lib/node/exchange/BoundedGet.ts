/**
 * A `GET` of a small resource, read whole, with a timeout and a size limit, on a connection of its own. Redirects are
 * not followed.
 *
 * @since 0.2.0
 */
import { get as getHttp, type IncomingHttpHeaders, type RequestOptions } from 'node:http'
import * as E from 'fp-ts/Either'
import { onBody, onResponse } from './HttpExchange'

/** The request and its limits. */
export interface GetOptions {
  readonly headers: Readonly<Record<string, string>>
  /** The overall timeout, in milliseconds. */
  readonly timeout: number
  readonly maxBytes: number
}

/** A response. `text` is read for status 200 only, and empty otherwise. */
export interface SmallResponse {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

/** Why there is no response. */
export type GetFault =
  { readonly _tag: 'Failed'; readonly cause: unknown } | { readonly _tag: 'Late' } | { readonly _tag: 'TooLarge' }

/** Requests a URL. Throws if it is invalid. */
export const get = async (url: string | URL, options: GetOptions): Promise<E.Either<GetFault, SmallResponse>> => {
  const target = new URL(url)
  // Loaded on demand: an agent whose provider is reached without TLS, as in development, does not need it.
  return getBy(target.protocol === 'https:' ? (await import('node:https')).get : getHttp, target, options)
}

const getBy = (
  request: typeof getHttp,
  url: URL,
  { headers, timeout, maxBytes }: GetOptions,
): Promise<E.Either<GetFault, SmallResponse>> =>
  new Promise((resolve) => {
    const options: RequestOptions = { agent: false, headers }
    const asked = request(url, options)
    const finish = (result: E.Either<GetFault, SmallResponse>): void => {
      clearTimeout(late)
      resolve(result)
      asked.destroy()
    }
    const fail = (fault: GetFault): void => finish(E.left(fault))
    const onFailure = (cause: unknown): void => fail({ _tag: 'Failed', cause })
    const late = setTimeout(() => fail({ _tag: 'Late' }), timeout)
    onResponse(asked, {
      onResponse: (response) => {
        const status = response.statusCode ?? 0
        const succeed = (text: string): void => finish(E.right({ status, headers: response.headers, text }))
        if (status !== 200) return succeed('')
        if (Number(response.headers['content-length']) > maxBytes) return fail({ _tag: 'TooLarge' })
        const parts: Array<Buffer> = []
        let size = 0
        onBody(asked, response, {
          onPart: (part) => {
            size += part.length
            if (size > maxBytes) fail({ _tag: 'TooLarge' })
            else parts.push(part)
          },
          onEnd: () => succeed(Buffer.concat(parts).toString('utf8')),
          onFailure,
        })
      },
      onFailure,
    })
  })
