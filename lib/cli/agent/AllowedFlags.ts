/** `--allow-origin` and `--allow-host`: which web pages and host names may call a server on this machine. */
import * as E from 'fp-ts/Either'
import type { Allowed, GuardPolicy } from '../../node/origin/LoopbackGuard'
import { list, type Parse } from '../program/Flag'

/** The values of both flags. */
export interface AllowedValues {
  readonly allowOrigin: ReadonlyArray<string>
  readonly allowHost: ReadonlyArray<string>
}

const origin: Parse<string> = (given) => {
  if (given === 'any' || given === 'null') return E.right(given)
  const url = URL.canParse(given) ? new URL(given) : undefined
  return url !== undefined && /^https?:$/.test(url.protocol) && `${url.origin}/` === url.href
    ? E.right(url.origin)
    : E.left(`expected an origin such as http://localhost:3000, null or any; got ${JSON.stringify(given)}`)
}

const host: Parse<string> = (given) =>
  /^[a-z0-9._-]{1,253}$/i.test(given)
    ? E.right(given)
    : E.left(`expected a host name without a port, or any; got ${JSON.stringify(given)}`)

/** The flags, for commands that start a server. */
export const allowFlags = {
  allowOrigin: list(
    '--allow-origin <origin>',
    'origin of a web page allowed to call the agent, such as http://localhost:3000, or any; repeatable',
    origin,
  ),
  allowHost: list('--allow-host <name>', 'host name allowed in requests, or any; repeatable', host),
}

const allowed = (values: ReadonlyArray<string>): Allowed => (values.includes('any') ? 'any' : values)

/** What the flags allow. */
export const guardPolicy = ({ allowOrigin, allowHost }: AllowedValues): GuardPolicy => ({
  allowedOrigins: allowed(allowOrigin),
  allowedHosts: allowed(allowHost),
})
