/** Checks every request to a server before its body is read and before any middleware sees it. */
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import * as E from 'fp-ts/Either'
import { type AgentError, forbiddenCaller } from '../../core/AgentError'
import { problem } from '../../core/Problem'
import { flawOfRequest } from '../../node/http/HttpRequest'
import { guardOn, open } from '../../node/origin/LoopbackGuard'
import { type Answer, writeTo } from '../response/WireResponse'
import { refuse } from '../websocket/Handshake'
import { toRequestId } from '../request/Incoming'
import { bringsSecret, isSecretRequired } from '../state/LaunchSecret'
import type { Runtime } from '../request/Runtime'

/** Listener of `upgrade`. */
export type UpgradeListener = (req: IncomingMessage, duplex: Duplex, head: Buffer) => void

/** The gate of one server. */
export interface Gate {
  readonly request: (serve: RequestListener) => RequestListener
  /** For a server that is not the app's own: rejects a request without the launch secret, if there is one. */
  readonly refusesOnForeignServer: (req: IncomingMessage, res: ServerResponse) => boolean
  readonly upgrade: (serve: UpgradeListener) => UpgradeListener
  /** Configures the gate by the address that the server listens on. */
  readonly watch: (server: Server) => void
}

const refusedCaller = E.left(forbiddenCaller)

const secretGuard = (req: IncomingMessage): E.Either<AgentError, void> =>
  bringsSecret(req) ? E.right(undefined) : refusedCaller

/** A gate that is open until its server listens; then it requires the launch secret, or guards a loopback address. */
export const createGate = ({ settings, logs, failure }: Runtime): Gate => {
  let guard: (req: IncomingMessage) => E.Either<AgentError, void> = open

  const toRefusal = (req: IncomingMessage, error: AgentError): Answer => {
    const requestId = toRequestId(req.headers, settings.newId)
    const { status, code, message } = problem(error)
    logs(() => ({ requestId })).warn('Request refused', { status, code, reason: message })()
    return failure(requestId)(error)
  }

  /** Rejects a request. */
  const refuses = (req: IncomingMessage, res: ServerResponse, verdict: E.Either<AgentError, void>): boolean => {
    if (E.isRight(verdict)) return false
    req.resume()
    writeTo(res, toRefusal(req, verdict.left))
    return true
  }

  return {
    request: (serve) => (req, res) => {
      const flaw = flawOfRequest(req)
      // If the end of a request is in doubt, so is the start of the next.
      if (flaw !== undefined) res.shouldKeepAlive = false
      if (!refuses(req, res, flaw === undefined ? guard(req) : E.left(flaw))) serve(req, res)
    },
    refusesOnForeignServer: isSecretRequired ? (req, res) => refuses(req, res, secretGuard(req)) : () => false,
    upgrade: (serve) => (req, duplex, head) => {
      const flaw = flawOfRequest(req)
      const verdict = flaw === undefined ? guard(req) : E.left(flaw)
      if (E.isRight(verdict)) return serve(req, duplex, head)
      duplex.on('error', () => duplex.destroy()) // no response to a closed connection
      refuse(req, duplex, toRefusal(req, verdict.left))
    },
    watch: (server) => {
      server.on('listening', () => {
        // Whoever sends the secret guards the address that browsers know.
        guard = isSecretRequired ? secretGuard : guardOn(settings, server.address())
      })
    },
  }
}
