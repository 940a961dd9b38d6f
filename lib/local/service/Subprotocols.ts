/** WebSocket subprotocols on the data plane. They may carry a browser's bearer token, which the agent must not see. */
import { bearerProtocol, lookup, type RawHeaders, tokenOfProtocol } from '../../core/Protocol'
import * as O from 'fp-ts/Option'
import { isFieldName, trimBlanks } from '../../node/http/RequestFields'

/** The subprotocols offered to the agent, and the one to accept if the agent chooses none. */
export interface Protocols {
  readonly protocols: ReadonlyArray<string>
  readonly protocol: string | undefined
}

/** The offered subprotocols, unchanged. */
export const plainProtocols = (headers: RawHeaders): ReadonlyArray<string> => {
  const offered = lookup('sec-websocket-protocol')(headers)
  if (O.isNone(offered)) return []
  const names = offered.value.split(',').map(trimBlanks)
  return [...new Set(names)].filter(isFieldName)
}

/** The offered subprotocols, without those that carry a token. */
export const toProtocols = (headers: RawHeaders): Protocols => {
  const offered = plainProtocols(headers)
  return {
    protocols: offered.filter((name) => name !== bearerProtocol && O.isNone(tokenOfProtocol(name))),
    protocol: offered.includes(bearerProtocol) ? bearerProtocol : undefined,
  }
}
