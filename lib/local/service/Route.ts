/** Routes a request by its method and target: to an operation of the data plane, or to a plain path of the agent. */
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import { splitTarget, toOriginForm } from '../../node/http/RequestTarget'
import { toAccount } from '../../core/Arn'
import { toAgentId, isArn } from './RuntimeArn'
import { notFound, type ServiceError, unknownOperation, invalidField, unreadable } from './ServiceError'

/** A route. `query` excludes the question mark. */
export type Route =
  | { readonly _tag: 'Invoke' }
  | { readonly _tag: 'StopSession' }
  | { readonly _tag: 'AgentCard' }
  | { readonly _tag: 'ProtectedResource' }
  | { readonly _tag: 'Socket'; readonly query: string }
  | { readonly _tag: 'Plain'; readonly target: string; readonly isPing: boolean }
  | { readonly _tag: 'PlainSocket'; readonly target: string; readonly query: string }
  | { readonly _tag: 'Overview' }
  /** A browser asks whether a page may send a request. */
  | { readonly _tag: 'Preflight' }

/** What routing depends on. */
export interface Asked {
  readonly method: string
  readonly target: string
  readonly isUpgrade: boolean
}

const invoke: Route = { _tag: 'Invoke' }
const stopSession: Route = { _tag: 'StopSession' }
const agentCard: Route = { _tag: 'AgentCard' }
const protectedResource: Route = { _tag: 'ProtectedResource' }

const decoded = (text: string): string | undefined => {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

/** Checks that a path names this agent: by its ARN, or by its id together with the account id. */
const fromAgent = (arn: string, segment: string, accountId: string | null): E.Either<ServiceError, void> => {
  const named = decoded(segment)
  if (named === undefined) return E.left(unreadable(`The path contains an invalid escape sequence: ${segment}`))
  const unknown = E.left(notFound(`No endpoint or agent found with qualifier 'DEFAULT' for agent '${named}'`))
  if (named === arn) return E.right(undefined)
  if (named.startsWith('arn:'))
    return isArn(named) ? unknown : E.left(invalidField('agentRuntimeArn', 'Member must be an ARN of an agent runtime'))
  if (accountId === null) return E.left(invalidField('accountId', 'Member must not be null when the path has an id'))
  return named === toAgentId(arn) && accountId === O.toUndefined(toAccount(arn)) ? E.right(undefined) : unknown
}

const operation = ({ method, isUpgrade }: Asked, rest: string, query: string): Route | undefined => {
  const key = `${isUpgrade ? 'WS' : method} ${rest}`
  if (key === 'POST invocations') return invoke
  if (key === 'POST stopruntimesession') return stopSession
  if (key === 'GET invocations/.well-known/agent-card.json') return agentCard
  if (key === 'GET invocations/.well-known/oauth-protected-resource') return protectedResource
  if (key === 'WS ws') return { _tag: 'Socket', query }
  return undefined
}

// An escaped ARN, as clients send it, is one path segment; an unescaped one is two.
const dataPlane = /^\/runtimes\/(arn:[^/]*:runtime\/[^/]*|[^/]*)\/(.*)$/

/** The route of a request to the agent with the given ARN. */
export const route =
  (arn: string) =>
  (asked: Asked): E.Either<ServiceError, Route> => {
    const { isUpgrade } = asked
    const target = toOriginForm(asked.target)
    const [path, query = ''] = splitTarget(target)
    if (path === '/ws' && isUpgrade) return E.right({ _tag: 'PlainSocket', target, query })
    if (path === '/invocations' || path === '/ping' || path === '/ws')
      return E.right({ _tag: 'Plain', target, isPing: path === '/ping' })
    if (path === '/' && !isUpgrade && (asked.method === 'GET' || asked.method === 'HEAD'))
      return E.right({ _tag: 'Overview' })
    const found = dataPlane.exec(path)
    const [, segment = '', rest = ''] = found ?? []
    const what = found === null ? undefined : operation(asked, rest, query)
    if (what === undefined) return E.left(unknownOperation(`No operation matches ${asked.method} ${path}`))
    const parameters = new URLSearchParams(query)
    const mine = fromAgent(arn, segment, parameters.get('accountId'))
    if (E.isLeft(mine)) return mine
    const qualifier = parameters.get('qualifier') ?? 'DEFAULT'
    return qualifier === 'DEFAULT'
      ? E.right(what)
      : E.left(notFound(`No endpoint or agent found with qualifier '${qualifier}' for agent '${arn}'`))
  }

/** The data plane path of an agent, up to the operation. */
export const toPath = (arn: string): string => `/runtimes/${encodeURIComponent(arn)}`
