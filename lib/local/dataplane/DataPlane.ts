/**
 * The data plane of one agent, from request to response: routing and validation here, admission in `Admission`, the
 * operations in `RequestOperations` and `SocketOperations`.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import * as E from 'fp-ts/Either'
import type { IO } from 'fp-ts/IO'
import { problem } from '../../core/Problem'
import { budget, type Hold } from '../../node/Budget'
import type { Eventual } from '../../node/Eventual'
import { corsFor } from '../../node/origin/Cors'
import { flawOfRequest } from '../../node/http/HttpRequest'
import type { Guard } from '../../node/origin/LoopbackGuard'
import type { SocketRelay } from '../relay/SocketRelay'
import { refused, type Refused, refuseWith, respondRefused, toMarks } from '../service/Respond'
import { type Asked, type Route, route } from '../service/Route'
import { accessDenied, internal, type ServiceError, unreadable } from '../service/ServiceError'
import type { Sessions } from '../session/AgentSessions'
import { admission } from './Admission'
import type { Settings } from './Options'
import type { Overview } from './Overview'
import { requestOperations } from './RequestOperations'
import { socketOperations } from './SocketOperations'

/** What the data plane depends on. */
export interface DataPlaneParts {
  readonly settings: Settings
  readonly sessions: Sessions
  readonly sockets: SocketRelay
  /** The runtime's own URL. */
  readonly url: () => string
  readonly overview: () => Overview
  /** Guards every request by its head; known once the server listens. */
  readonly guard: IO<Guard>
}

/** The listeners of a server. */
export interface DataPlane {
  readonly onRequest: (req: IncomingMessage, res: ServerResponse) => void
  readonly onUpgrade: (req: IncomingMessage, duplex: Duplex, head: Buffer) => void
}

/** The data plane of one agent. */
export const dataPlane = (parts: DataPlaneParts): DataPlane => {
  const findRoute = routing(parts)
  const corsOf = corsFor(parts.settings)
  const admit = admission(parts.settings, parts.url)
  const answer = requestOperations(parts, admit)
  const open = socketOperations(parts, admit)
  const perform = performer(parts.settings)
  const identified = identifying(parts.settings)
  return {
    onRequest: (req, res) => {
      const refuse = (refusal: Refused): void => respondRefused(res)(identified(refusal))
      const cors = corsOf(req)
      for (const [name, value] of cors?.headers ?? []) res.setHeader(name, value)
      const found = findRoute(req, cors?.isPreflight === true ? 'preflight' : 'request')
      if (E.isLeft(found)) refuse(found.left)
      else perform(refuse, (hold) => answer(found.right, { req, res, hold }))
    },
    onUpgrade: (req, duplex, head) => {
      duplex.on('error', () => duplex.destroy()) // no response to a closed connection
      const refuse = (refusal: Refused): void => {
        const { error, marks } = identified(refusal)
        refuseWith(duplex, error, marks)
      }
      const found = findRoute(req, 'upgrade')
      if (E.isLeft(found)) refuse(found.left)
      else perform(refuse, (hold) => open(found.right, { req, duplex, head, hold }))
    },
  }
}

/**
 * Routes a request that is valid HTTP and passes the loopback guard. Synchronous, while the parser is still reading the
 * packet, so that this response comes before any for an error in the rest of it. A preflight starts no agent.
 */
const routing = ({ settings: { arn }, guard }: DataPlaneParts) => {
  const toRoute = rememberLast(route(arn))
  return (req: IncomingMessage, kind: 'request' | 'preflight' | 'upgrade'): E.Either<Refused, Route> => {
    const flaw = flawOfRequest(req)
    if (flaw !== undefined) return E.left({ ...refused(unreadable(problem(flaw).message)), isLast: true })
    const guarded = guard()(req)
    if (E.isLeft(guarded)) return E.left(refused(accessDenied(problem(guarded.left).message)))
    if (kind === 'preflight') return E.right({ _tag: 'Preflight' })
    const found = toRoute({ method: req.method ?? 'GET', target: req.url ?? '/', isUpgrade: kind === 'upgrade' })
    return E.isLeft(found) ? E.left(refused(found.left)) : found
  }
}

/** Remembers the last route: clients repeat their target, and comparing it takes 1 µs less than parsing it. */
const rememberLast = (toRoute: (asked: Asked) => E.Either<ServiceError, Route>): typeof toRoute => {
  let last: Asked = { method: '', target: '', isUpgrade: false }
  let found = toRoute(last)
  return (asked) => {
    if (asked.target === last.target && asked.method === last.method && asked.isUpgrade === last.isUpgrade) return found
    last = asked
    return (found = toRoute(asked))
  }
}

/** Gives a refusal a request id, as every response of the service has one, unless admission has given it one. */
const identifying =
  ({ newId }: Settings) =>
  (refusal: Refused): Refused =>
    requestIdHeader in refusal.marks
      ? refusal
      : { ...refusal, marks: toMarks({ ...refusal.marks, [requestIdHeader]: newId() }) }

const requestIdHeader = 'x-amzn-requestid'

/** How many bytes of bodies may be held at once for signature checks. */
const maxBuffered = 200_000_000

/** Runs operations. What they reject becomes its error response, what they throw an internal error. */
const performer = ({ log }: Settings) => {
  const bodies = budget(maxBuffered)
  return (refuse: (refusal: Refused) => void, operation: (hold: Hold) => Eventual<Refused, void>): void => {
    const hold = bodies.hold()
    const fail = (error: unknown): void => {
      hold.release()
      log.error('A request could not be answered', { error })()
      refuse(refused(internal('The local runtime failed')))
    }
    const finish = (done: E.Either<Refused, void>): void => {
      hold.release()
      if (E.isLeft(done)) refuse(done.left)
    }
    try {
      const done = operation(hold)
      if (done instanceof Promise) void done.then(finish).catch(fail)
      else finish(done)
    } catch (error) {
      fail(error)
    }
  }
}
