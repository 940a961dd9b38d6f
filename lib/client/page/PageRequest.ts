/** Invocations by the `fetch` of a page. */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { refusalType } from '../../core/Protocol'
import type { SessionId } from '../../core/Session'
import { authorize, withoutSecrets } from '../auth/Authorization'
import type { ClientError } from '../error/ClientError'
import { decode, maxBody } from '../response/ServiceErrorDecoder'
import type { ConnectionEnvironment } from '../socket/Connection'
import { sessionName } from '../target/Query'
import { toUrl } from '../target/Target'
import type { Request } from '../transport/Transport'

/** What an invocation of a page is made of. */
export interface PageInvocation {
  readonly sessionId: SessionId
  readonly payload: unknown
  readonly accept: string
  /** Headers of the caller's own, which never override those of the invocation. */
  readonly headers?: Readonly<Record<string, string>>
}

/**
 * The request, with what says who asks. Left: `Unencodable`, `InvalidToken`, `NoCredentials`, and what a signature may
 * be refused for.
 */
export const toPageRequest =
  ({ sessionId, payload, accept, headers = {} }: PageInvocation) =>
  (env: ConnectionEnvironment): TE.TaskEither<ClientError, Request> =>
    pipe(
      E.Do,
      E.apS('url', toUrl('invocations')(env.target)),
      E.apS('body', toBody(payload)),
      E.map(({ url, body }): Request => ({
        method: 'POST',
        url,
        headers: { ...headers, Accept: accept, 'Content-Type': 'application/json', [sessionName]: sessionId },
        body,
      })),
      TE.fromEither,
      TE.chain((request) => authorize(request)(env)),
    )

/** What a page accepts: events, JSON, and refusals that AgentCore lets through. */
export const acceptAll = `text/event-stream, application/json, ${refusalType}`

const toBody = (payload: unknown): E.Either<ClientError, Uint8Array> =>
  E.tryCatch(
    () => new TextEncoder().encode(JSON.stringify(payload) ?? 'null'),
    (): ClientError => ({ _tag: 'Unencodable', reason: 'it has no JSON' }),
  )

/** Sends a request. Left: `Aborted`, `ConnectionFailed`, and what a response that is no success tells. */
export const sendFromPage =
  (request: Request, { signal }: { readonly signal?: AbortSignal | undefined }) =>
  async (): Promise<E.Either<ClientError, Response>> => {
    try {
      const { url, method, headers, body } = request
      const response = await fetch(url, { method, headers, body, ...(signal === undefined ? {} : { signal }) })
      if (response.ok && !isRefusal(response)) return E.right(response)
      const text = (await response.text()).slice(0, maxBody)
      const fields = Object.fromEntries(response.headers)
      return E.left(decode({ status: response.status, headers: fields, body: withoutSecrets(request)(text) }))
    } catch (cause) {
      return E.left(signal?.aborted === true ? { _tag: 'Aborted' } : connectionFailed(request.url, cause))
    }
  }

/** AgentCore drops the refusals of an agent unless they have status 200. */
const isRefusal = ({ headers }: Response): boolean => headers.get('content-type')?.startsWith(refusalType) === true

/** A browser does not say whether anything was sent: it may have been. */
const connectionFailed = (url: string, cause: unknown): ClientError => ({
  _tag: 'ConnectionFailed',
  host: new URL(url).host,
  reason: cause instanceof Error ? cause.message : String(cause),
  isSent: true,
})
