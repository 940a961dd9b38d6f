/**
 * The data plane of one agent, from a request to its response: which route it takes and whether it is valid, here; whether
 * its headers and its caller are admitted, in `Admission`; what it does, in `RequestOperations` and `SocketOperations`.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import type { IO } from 'fp-ts/IO'
import { problem } from '../../core/AgentError'
import { budget, type Hold } from '../../node/Budget'
import type { Eventual } from '../../node/Eventual'
import { flawOfRequest } from '../../node/http/HttpRequest'
import type { Guard } from '../../node/http/LoopbackGuard'
import type { SocketRelay } from '../relay/SocketRelay'
import { refused, type Refused, refusedWith, refuseWith, respondRefused, toMarks } from '../service/Respond'
import { type Route, route } from '../service/Route'
import { accessDenied, internal, unreadable } from '../service/ServiceError'
import type { Sessions } from '../session/AgentSessions'
import { admission } from './Admission'
import type { Settings } from './Options'
import type { Overview } from './Overview'
import { requestOperations } from './RequestOperations'
import { socketOperations } from './SocketOperations'

/** What the data plane works with. */
export interface DataPlaneParts {
  readonly settings: Settings
  readonly sessions: Sessions
  readonly sockets: SocketRelay
  /** Where the runtime is reached. */
  readonly url: () => string
  readonly overview: () => Overview
  /** Decides about every request by its head; known once the server listens. */
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
  const admit = admission(parts.settings, parts.url)
  const answer = requestOperations(parts, admit)
  const open = socketOperations(parts, admit)
  const perform = performer(parts.settings)
  return {
    onRequest: (req, res) => {
      const refuse = respondRefused(res)
      pipe(
        findRoute(req, false),
        E.match(refuse, (found) => perform(refuse, (hold) => answer(found, { req, res, hold }))),
      )
    },
    onUpgrade: (req, duplex, head) => {
      duplex.on('error', () => duplex.destroy()) // a caller that has gone needs no answer
      const refuse = ({ error, marks }: Refused): void => refuseWith(duplex, error, marks)
      pipe(
        findRoute(req, true),
        E.match(refuse, (found) => perform(refuse, (hold) => open(found, { req, duplex, head, hold }))),
      )
    },
  }
}

/**
 * The route of a request that is valid HTTP and that the page guard lets pass. It is found at once, while the request's
 * packet is still being parsed: whatever is wrong with the rest of that comes after the answer to what is wrong here.
 */
const routing = ({ settings, guard }: DataPlaneParts) => {
  const toRoute = route(settings.arn)
  return (req: IncomingMessage, isUpgrade: boolean): E.Either<Refused, Route> => {
    const flaw = flawOfRequest(req)
    if (flaw !== undefined) {
      const marks = toMarks({ 'x-amzn-requestid': settings.newId() })
      return E.left({ ...refusedWith(marks)(unreadable(problem(flaw).message)), isLast: true })
    }
    return pipe(
      guard()(req),
      E.mapLeft((error) => accessDenied(problem(error).message)),
      E.chain(() => toRoute({ method: req.method ?? 'GET', target: req.url ?? '/', isUpgrade })),
      E.mapLeft(refused),
    )
  }
}

/** How many bytes of bodies may be held at once to check their signatures. */
const maxBuffered = 200_000_000

/** Performs operations: refuses what they refuse, and what throws as an error of the runtime's own. */
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
