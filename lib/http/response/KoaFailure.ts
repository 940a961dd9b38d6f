/** Failures of middleware in the uniform format: what it threw, and a failure status that it set without a body. */
import { STATUS_CODES } from 'node:http'
import type * as Koa from 'koa'
import { type AgentError, fromUnknown, methodNotAllowed, notFound, rejected, unexpected } from '../../core/AgentError'
import type { Log } from '../../core/Log'
import { carried } from './HeaderFields'
import { reportFlaws, reportHeaders } from './HeaderFlaws'
import { dropHeld, writeToKoa } from './KoaAnswer'
import { type Answer, writeTo } from './WireResponse'

/** Responds to failures. */
export interface KoaFailures {
  readonly tell: (ctx: Koa.Context, error: AgentError) => void
  /** Gives a failure status without a body the uniform format. */
  readonly tellBare: (ctx: Koa.Context) => void
  /** Koa's last resort for errors that middleware throws. */
  readonly onError: (ctx: Koa.Context, thrown: unknown) => void
}

/** What responses to failures depend on. */
export interface FailureParts {
  readonly failure: (ctx: Koa.Context) => (error: AgentError) => Answer
  readonly logFor: (ctx: Koa.Context) => Log
  /** Whether a request has become a WebSocket, so that no response is possible. */
  readonly isSocket: (ctx: Koa.Context) => boolean
}

/** The failures of an app. */
export const createKoaFailures = ({ failure, logFor, isSocket }: FailureParts): KoaFailures => {
  const tell = (ctx: Koa.Context, error: AgentError): void => writeToKoa(ctx, failure(ctx)(error))

  /** Emits Koa's `error` event, whose listeners may be the user's and throw. */
  const announce = (ctx: Koa.Context, thrown: unknown): void =>
    attempt(
      () => void ctx.app.emit('error', thrown, ctx),
      (error) => logFor(ctx).error('A listener of the error event failed', { error })(),
    )

  const answerThrown = (ctx: Koa.Context, thrown: unknown): void => {
    dropHeld(ctx)
    for (const name of ctx.res.getHeaderNames()) if (bodyHeader.test(name)) ctx.remove(name)
    const asked = carried(attempt(() => headersOfError(thrown), none))
    const error = attempt(
      () => errorOfThrown(thrown),
      () => unexpected(thrown),
    )
    reportHeaders(logFor(ctx), asked.flaws)
    reportFlaws(logFor(ctx), error)
    for (const [name, value] of Object.entries(asked.fields)) ctx.set(name, value)
    const { status, headers, content } = failure(ctx)(error)
    ctx.status = status
    for (const [name, value] of Object.entries(headers)) ctx.set(name, value)
    ctx.res.end(content._tag === 'Text' ? content.text : '')
  }

  /** The response when nothing else has worked. */
  const answerBare = (ctx: Koa.Context, error: unknown): void => {
    logFor(ctx).error('A request could not be answered', { error })()
    if (ctx.res.headersSent) return void ctx.res.destroy()
    for (const name of ctx.res.getHeaderNames()) ctx.res.removeHeader(name)
    writeTo(ctx.res, failure(ctx)(unexpected(error)))
  }

  return {
    tell,
    tellBare: (ctx) => {
      if (ctx.status >= 400 && !ctx.headerSent) tell(ctx, errorOfStatus(ctx.status, ctx.response.get('allow')))
    },
    onError: (ctx, thrown) => {
      const isTold = ctx.headerSent || !ctx.writable || isSocket(ctx)
      // Koa's default, once the response is over. Before that, a middleware has thrown it.
      if (isTold && (thrown === null || thrown === undefined)) return
      announce(ctx, thrown)
      // Koa calls this uncaught: a throw would crash the process.
      if (!isTold)
        attempt(
          () => answerThrown(ctx, thrown),
          (error) =>
            attempt(
              () => answerBare(ctx, error),
              () => void ctx.res.destroy(),
            ),
        )
    },
  }
}

/** Headers that describe a body, dropped when an error replaces it. */
const bodyHeader =
  /^(content-(?!security-policy)|etag$|last-modified$|transfer-encoding$|cache-control$|accept-ranges$)/

/** The value of `f`, or a fallback if it throws: a thrown value may be a proxy or have throwing getters. */
const attempt = <A>(f: () => A, instead: (thrown: unknown) => A): A => {
  try {
    return f()
  } catch (thrown) {
    return instead(thrown)
  }
}

/** The response headers of a thrown error, as `ctx.throw` accepts them. */
const headersOfError = (thrown: unknown): Readonly<Record<string, string>> => {
  if (typeof thrown !== 'object' || thrown === null || !('headers' in thrown)) return {}
  return Object.fromEntries(
    Object.entries(thrown.headers ?? {}).flatMap(([name, value]) =>
      !bodyHeader.test(name.toLowerCase()) && (typeof value === 'string' || typeof value === 'number')
        ? [[name, String(value)] as const]
        : [],
    ),
  )
}

const none = (): Readonly<Record<string, string>> => ({})

/** The error for a failure status without a body. `allow` is the `Allow` header, if the response has one. */
const errorOfStatus = (status: number, allow = ''): AgentError => {
  if (status === 404) return notFound()
  return status === 405 && allow !== ''
    ? methodNotAllowed(allow)
    : rejected(status, STATUS_CODES[status] ?? String(status))
}

/** Maps an error thrown by middleware. As in Koa, its status is exposed even if its message is not. */
const errorOfThrown = (thrown: unknown): AgentError => {
  const error = fromUnknown(thrown)
  if (error._tag !== 'Unexpected' || typeof thrown !== 'object' || thrown === null || !('status' in thrown))
    return error
  const { status } = thrown
  return typeof status === 'number' && status >= 400 && status !== 500 && status in STATUS_CODES
    ? errorOfStatus(status)
    : error
}
