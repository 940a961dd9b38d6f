/**
 * Protects a server on a loopback address from web pages: browsers let any page send requests to this machine, and a
 * name that an attacker controls may resolve to it (DNS rebinding). `Host`, `Origin` and `Sec-Fetch-Site` give such
 * requests away. Clients other than browsers are not affected.
 *
 * @since 0.1.0
 */
import * as E from 'fp-ts/Either'
import { countHosts } from '../http/HttpRequest'
import { type AgentError, forbiddenHost, forbiddenOrigin } from '../../core/AgentError'
import type { RawHeaders } from '../../core/Protocol'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** Names that are allowed in addition to those of this machine; `any` turns the check off. */
export type Allowed = 'any' | ReadonlyArray<string>

/** What is allowed beyond the defaults. */
export interface GuardPolicy {
  /** Host names without a port, such as `agent.test`. */
  readonly allowedHosts: Allowed
  /** Origins as browsers send them, such as `http://localhost:3000`, or `null`. */
  readonly allowedOrigins: Allowed
}

/** The address of a listening server, as Node reports it: text for a Unix socket. */
export type ListeningOn = { readonly address: string; readonly port: number } | string | null

/** The head of a request, as Node reports it. */
export interface GuardedHead {
  readonly headers: RawHeaders
  /** Names and values in turn; only here does a repeated `Host` show. */
  readonly rawHeaders: ReadonlyArray<string>
}

/** Checks a request by its head alone. Left: why it is rejected. */
export type Guard = (head: GuardedHead) => E.Either<AgentError, void>

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

const passed: E.Either<never, void> = E.right(undefined)

/** Admits every request. */
export const open: Guard = () => passed

/** Whether an address can be reached from this machine only. */
export const isLoopback = (address: string): boolean =>
  /^(::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/i.test(address) || address === '::1'

const octet = '(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)'
const ipv4 = new RegExp(`^${octet}(?:\\.${octet}){3}$`)

/** A host and its port, as in `Host` and at the end of an origin. */
const authority = /^(\[[0-9a-f:.]+\]|[^[\]:/?#@\s]+)(?::(\d{1,5}))?$/

const isLocalName = (name: string): boolean => name === 'localhost' || name.endsWith('.localhost')

/** An address literal is safe; an attacker's name could resolve to this machine. */
const isAddress = (name: string): boolean => name.startsWith('[') || ipv4.test(name)

const isLocalHost = (name: string): boolean =>
  isLocalName(name) || name === '[::1]' || (ipv4.test(name) && isLoopback(name))

const asOrigin = (text: string): string =>
  text
    .trim()
    .toLowerCase()
    .replace(/([^/])\/$/, '$1')

const matcher = (allowed: Allowed, normalized: (text: string) => string): ((text: string) => boolean) => {
  if (allowed === 'any') return () => true
  const known = new Set(allowed.map(normalized))
  return (text) => known.has(text)
}

/** Whether an origin, as a browser sends it, is one of those that a policy allows. */
export const allowsOrigin = ({
  allowedOrigins,
}: Pick<GuardPolicy, 'allowedOrigins'>): ((origin: string) => boolean) => {
  const isAllowed = matcher(allowedOrigins, asOrigin)
  return (origin) => isAllowed(origin.toLowerCase())
}

const originParts = /^(https?):\/\/(.+)$/

/** Whether an origin is this server's own: a name of this machine with its port, or the requested host. */
const isOwn = (origin: string, host: string, port: number): boolean => {
  const [, scheme, rest = ''] = originParts.exec(origin) ?? []
  if (scheme === undefined) return false
  if (rest === host) return true // a forwarded port is the same in both
  const [, name = '', told] = authority.exec(rest) ?? []
  return isLocalHost(name) && Number(told ?? (scheme === 'https' ? 443 : 80)) === port
}

/** The guard of a server on a loopback address, at the given port. */
export const loopbackGuard = ({ allowedHosts, allowedOrigins }: GuardPolicy, port: number): Guard => {
  const isAllowedHost = matcher(allowedHosts, (name) => name.trim().toLowerCase())
  const isAllowedOrigin = allowsOrigin({ allowedOrigins })
  const isHostAllowed = (host: string): boolean => {
    if (allowedHosts === 'any') return true
    const [, name = ''] = authority.exec(host.toLowerCase()) ?? []
    return name !== '' && (isLocalName(name) || isAddress(name) || isAllowedHost(name))
  }
  let lastAllowed: string | undefined // clients repeat their Host: comparing is cheaper than parsing
  return ({ headers, rawHeaders }) => {
    const { host, origin } = headers
    if (typeof host !== 'string' || countHosts(rawHeaders) !== 1) return E.left(forbiddenHost(''))
    if (host !== lastAllowed) {
      if (!isHostAllowed(host)) return E.left(forbiddenHost(host))
      lastAllowed = host
    }
    if (origin !== undefined) {
      const text = String(origin)
      const isAccepted = isOwn(text.toLowerCase(), host.toLowerCase(), port) || isAllowedOrigin(text)
      return isAccepted ? passed : E.left(forbiddenOrigin(text))
    }
    // Browsers send no origin with the GET of an image, a form or a link, but they do send `Sec-Fetch-Site`.
    const site = headers['sec-fetch-site']
    if (site === undefined || site === 'same-origin' || site === 'none' || allowedOrigins === 'any') return passed
    return E.left(forbiddenOrigin(undefined))
  }
}

/** The guard of a listening server: active on a loopback address, inactive on any other and on a Unix socket. */
export const guardOn = (policy: GuardPolicy, listeningOn: ListeningOn): Guard =>
  listeningOn !== null && typeof listeningOn === 'object' && isLoopback(listeningOn.address)
    ? loopbackGuard(policy, listeningOn.port)
    : open
