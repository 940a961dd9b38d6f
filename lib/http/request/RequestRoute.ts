/** The route of a request: one of the contract's paths, or another. */
import { path } from '../../core/Protocol'
import { toPath } from '../../node/http/RequestTarget'

/** The three paths of the contract, and all others. */
export type Route = 'invocations' | 'ping' | 'socket' | 'unknown'

/** The route of a request's target. */
export const toRoute = (target: string | undefined): Route => {
  switch (toPath(target)) {
    case path.invocations:
      return 'invocations'
    case path.ping:
      return 'ping'
    case path.websocket:
      return 'socket'
    default:
      return 'unknown'
  }
}
