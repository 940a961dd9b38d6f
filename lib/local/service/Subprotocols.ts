/** The subprotocols of a request for a socket. On the data plane they may hold a browser's bearer token, which is not the agent's. */
import { bearerProtocol, lookup, type RawHeaders, tokenOfProtocol } from '../../core/Protocol'
import * as O from 'fp-ts/Option'
import { isFieldName, trimBlanks } from '../../node/http/RequestFields'

/** What the agent is offered, and what is accepted where it chooses nothing. */
export interface Protocols {
  readonly protocols: ReadonlyArray<string>
  readonly protocol: string | undefined
}

/** The offered subprotocols as they came. */
export const plainProtocols = (headers: RawHeaders): ReadonlyArray<string> => {
  const offered = lookup('sec-websocket-protocol')(headers)
  if (O.isNone(offered)) return []
  const names = offered.value.split(',').map(trimBlanks)
  return [...new Set(names)].filter(isFieldName)
}

/** The offered subprotocols without those that bear a token. */
export const toProtocols = (headers: RawHeaders): Protocols => {
  const offered = plainProtocols(headers)
  return {
    protocols: offered.filter((name) => name !== bearerProtocol && O.isNone(tokenOfProtocol(name))),
    protocol: offered.includes(bearerProtocol) ? bearerProtocol : undefined,
  }
}
