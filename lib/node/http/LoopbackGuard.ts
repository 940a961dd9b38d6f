/**
 * Keeps web pages away from a server on a loopback address. A browser lets any page send requests to this machine, and a
 * name that an attacker controls may resolve to it; what gives such requests away is in `Host`, `Origin` and
 * `Sec-Fetch-Site`. Clients that are not browsers send nothing that is refused here.
 *
 * @since 0.1.0
 */
import * as E from 'fp-ts/Either'
import { countHosts } from './HttpRequest'
import { type AgentError, forbiddenHost, forbiddenOrigin } from '../../core/AgentError'
import type { RawHeaders } from '../../core/Protocol'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** Names that are allowed beside those of this machine; `any` turns the check off. */
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
  /** Names and values in turn: a repeated `Host` shows only here. */
  readonly rawHeaders: ReadonlyArray<string>
}

/** Decides about a request by its head alone. Left: why it is refused. */
export type Guard = (head: GuardedHead) => E.Either<AgentError, void>

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

const passed: E.Either<never, void> = E.right(undefined)

/** Lets every request pass. */
export const open: Guard = () => passed

/** Whether an address can be reached from this machine only. */
export const isLoopback = (address: string): boolean =>
  /^(::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/i.test(address) || address === '::1'

const octet = '(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)'
const ipv4 = new RegExp(`^${octet}(?:\\.${octet}){3}$`)

/** A host and its port, as `Host` and the end of an origin have them. */
const authority = /^(\[[0-9a-f:.]+\]|[^[\]:/?#@\s]+)(?::(\d{1,5}))?$/

const isLocalName = (name: string): boolean => name === 'localhost' || name.endsWith('.localhost')

/** An attacker's name can resolve to this machine, an address literal cannot. */
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

const originParts = /^(https?):\/\/(.+)$/

/** Whether an origin is this server's own: a name of this machine with its port, or the host that was asked for. */
const isOwn = (origin: string, host: string, port: number): boolean => {
  const [, scheme, rest = ''] = originParts.exec(origin) ?? []
  if (scheme === undefined) return false
  if (rest === host) return true // forwarded ports have the same host and origin, under another number
  const [, name = '', told] = authority.exec(rest) ?? []
  return isLocalHost(name) && Number(told ?? (scheme === 'https' ? 443 : 80)) === port
}

/** The guard of a server on a loopback address, at the given port. */
export const loopbackGuard = ({ allowedHosts, allowedOrigins }: GuardPolicy, port: number): Guard => {
  const isAllowedHost = matcher(allowedHosts, (name) => name.trim().toLowerCase())
  const isAllowedOrigin = matcher(allowedOrigins, asOrigin)
  const isHostAllowed = (host: string): boolean => {
    if (allowedHosts === 'any') return true
    const [, name = ''] = authority.exec(host.toLowerCase()) ?? []
    return name !== '' && (isLocalName(name) || isAddress(name) || isAllowedHost(name))
  }
  let lastAllowed: string | undefined // clients repeat their Host: a comparison is cheaper than to take it apart again
  return ({ headers, rawHeaders }) => {
    const { host, origin } = headers
    if (typeof host !== 'string' || countHosts(rawHeaders) !== 1) return E.left(forbiddenHost(''))
    if (host !== lastAllowed) {
      if (!isHostAllowed(host)) return E.left(forbiddenHost(host))
      lastAllowed = host
    }
    if (origin !== undefined) {
      const text = String(origin)
      const lower = text.toLowerCase()
      return isOwn(lower, host.toLowerCase(), port) || isAllowedOrigin(lower) ? passed : E.left(forbiddenOrigin(text))
    }
    // Browsers send no origin with the GET of an image, a form or a link; they do say where it comes from.
    const site = headers['sec-fetch-site']
    if (site === undefined || site === 'same-origin' || site === 'none' || allowedOrigins === 'any') return passed
    return E.left(forbiddenOrigin(undefined))
  }
}

/** The guard of a server that has begun to listen: on for a loopback address, off for any other and for a Unix socket. */
export const guardOn = (policy: GuardPolicy, listeningOn: ListeningOn): Guard =>
  listeningOn !== null && typeof listeningOn === 'object' && isLoopback(listeningOn.address)
    ? loopbackGuard(policy, listeningOn.port)
    : open
