/** What reached the server, before anything was checked: the request, its headers and its ids. */
import type { IncomingMessage } from 'node:http'
import * as E from 'fp-ts/Either'
import type { IO } from 'fp-ts/IO'
import { type AgentError, missingSessionId } from '../core/AgentError'
import type { Request } from '../core/Context'
import { header, headersOfQuery, path, type RawHeaders } from '../core/Protocol'
import { parseId, type SessionId } from '../core/Session'
import type { Runtime } from './Runtime'

/** What reached the server. */
export interface Incoming {
  readonly req: IncomingMessage
  readonly headers: RawHeaders
  readonly requestId: string
  /** Koa's view of the request; made when it is first asked for. */
  readonly koa: IO<Request>
  /** Makes Koa's view of the request when there is another object of it; absent where middleware has seen this one. */
  readonly koaAgain?: (req: IncomingMessage) => Request
}

const origin = /^https?:\/\/[^/?]*/i

/** The part of a URL before and after its question mark; a URL in absolute form counts from its path. */
export const splitUrl = (target: string): readonly [path: string, query: string] => {
  const url = target.startsWith('/') ? target : target.replace(origin, '')
  const at = url.indexOf('?')
  return at < 0 ? [url, ''] : [url.slice(0, at), url.slice(at + 1)]
}

/** The headers of a request; on `/ws` those that came as query parameters too. */
export const headersOf = (req: IncomingMessage): RawHeaders => {
  const [where, query] = splitUrl(req.url ?? '/')
  return where === path.websocket && query !== '' ? { ...headersOfQuery(query), ...req.headers } : req.headers
}

const single = (value: string | ReadonlyArray<string> | undefined): string | undefined =>
  value === undefined || typeof value === 'string' ? value : value.join(', ')

/** The request id that the service sent, where it is one that may stand in a header and a log line, or a new one. */
export const requestIdOf = (raw: RawHeaders, newId: IO<string>): string => {
  const sent = single(raw[header.requestId])
  return sent !== undefined && E.isRight(parseId(sent)) ? sent : newId()
}

/** What reached the server. */
export const incomingOf = (req: IncomingMessage, newId: IO<string>, koa: IO<Request>): Incoming => {
  const raw = headersOf(req)
  return { req, headers: raw, requestId: requestIdOf(raw, newId), koa }
}

/** The session id that was sent, or a new one if the policy is to make one. */
export const sessionIdOf = (raw: RawHeaders, { settings }: Runtime): E.Either<AgentError, SessionId> => {
  const sent = single(raw[header.sessionId])
  if (sent !== undefined) return parseId(sent)
  return settings.session.policy === 'require' ? E.left(missingSessionId) : parseId(settings.newId())
}

const afterScheme = /^\S+\s+(.+)$/

/** A secret as it may stand in a line: as it is, or escaped once or more, since what is logged may be JSON already. */
const formsOf = (secret: string): ReadonlyArray<string> => {
  const escape = (text: string): string => JSON.stringify(text).slice(1, -1)
  const escaped = escape(secret)
  return escaped === secret ? [secret] : [secret, escaped, escape(escaped), escape(escape(escaped))]
}

/** The values of a request that no log line may hold. */
export const secretsOf = (raw: RawHeaders): ReadonlyArray<string> =>
  ['authorization', 'cookie', header.workloadAccessToken, header.legacyWorkloadAccessToken].flatMap((name) => {
    const value = single(raw[name])
    return value === undefined ? [] : [value, ...(afterScheme.exec(value)?.slice(1) ?? [])].flatMap(formsOf)
  })
