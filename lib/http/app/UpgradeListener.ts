/** Handles upgrade requests: validates the handshake, runs the middleware, then the agent. */
import { type IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import * as E from 'fp-ts/Either'
import type { IO } from 'fp-ts/IO'
import { deadlineExceeded, notFound } from '../../core/AgentError'
import type { Request } from '../../core/Context'
import { toIncoming, toRequestId } from '../request/Incoming'
import { type Answer, writeTo } from '../response/WireResponse'
import { type Fields, validateHandshake, isForSocket, responseOn } from '../websocket/Handshake'
import type { KoaPipeline, Upgrade } from './KoaPipeline'
import type { Runtime } from '../request/Runtime'
import { toSecrets } from '../request/Secrets'
import type { Asked, Sockets } from '../websocket/SocketRequests'

/** What the listener needs from the app. */
export interface UpgradeParts {
  readonly runtime: Runtime
  readonly sockets: Sockets
  readonly pipeline: KoaPipeline
  readonly hasMiddleware: IO<boolean>
  readonly throughKoa: (req: IncomingMessage, res: ServerResponse) => Promise<void>
  readonly koaRequest: (req: IncomingMessage, res: ServerResponse) => Request
}

/** Response headers set by middleware, to send with the handshake. */
const toHeaders = (res: ServerResponse): Fields =>
  Object.entries(res.getHeaders()).flatMap(([name, value]) =>
    name.startsWith('content-') && name !== 'content-security-policy'
      ? []
      : [value ?? []].flat().map((item) => [name, String(item)] as const),
  )

/** The `upgrade` listener of an app's servers. */
export const upgradeListener = ({
  runtime: { settings, logs, failure },
  sockets,
  pipeline,
  hasMiddleware,
  throughKoa,
  koaRequest,
}: UpgradeParts): ((req: IncomingMessage, duplex: Duplex, head: Buffer) => void) => {
  const koa = (req: IncomingMessage): Request => koaRequest(req, new ServerResponse(req))

  /**
   * Times out a pending upgrade, until the returned effect runs. Needed because nobody reads from the connection
   * meanwhile: a client that disconnects with bytes unread goes unnoticed.
   */
  const bounded = (req: IncomingMessage, giveUp: (answer: Answer) => void): IO<void> => {
    const { upgradeTimeout, clock, newId } = settings
    if (upgradeTimeout <= 0) return () => undefined
    return clock.after(upgradeTimeout, () => {
      const requestId = toRequestId(req.headers, newId)
      logs(() => ({ requestId })).warn('An upgrade waited too long', { upgradeTimeout })()
      giveUp(failure(requestId)(deadlineExceeded))
    })
  }

  const settle = (req: IncomingMessage, duplex: Duplex, head: Buffer, asked: Asked): void => {
    if (E.isLeft(asked)) sockets.refuse(req, duplex, asked.left)
    else sockets.open(asked.right, head, [])
  }

  const straight = (req: IncomingMessage, duplex: Duplex, head: Buffer): void | Promise<void> => {
    const asked = sockets.ask(toIncoming(req, settings.newId, koa, false), duplex)
    if (!(asked instanceof Promise)) return settle(req, duplex, head, asked)
    const cancel = bounded(req, (answer) => sockets.refuse(req, duplex, answer))
    return asked.finally(cancel).then((settled) => settle(req, duplex, head, settled))
  }

  const throughMiddleware = async (req: IncomingMessage, duplex: Duplex, head: Buffer): Promise<void> => {
    const upgrade: Upgrade = { duplex }
    const res = responseOn(req, duplex)
    sockets.watch(duplex)
    pipeline.upgrades.set(req, upgrade)
    const cancel = bounded(req, (answer) => {
      if (!res.headersSent) writeTo(res, answer)
    })
    await throughKoa(req, res).finally(cancel)
    if (upgrade.granted === undefined) return
    if (res.headersSent || res.statusCode !== 101 || duplex.destroyed) return sockets.abandon(upgrade.granted)
    upgrade.isOpen = true
    res.detachSocket(duplex as Socket) // see responseOn
    sockets.open(upgrade.granted, head, toHeaders(res))
  }

  const fail = (req: IncomingMessage, duplex: Duplex, thrown: unknown): void => {
    const requestId = toRequestId(req.headers, settings.newId)
    logs(
      () => ({ requestId }),
      () => toSecrets(req.headers, req.url),
    ).error('An upgrade failed', { error: thrown })()
    duplex.destroy()
  }

  return (req, duplex, head) => {
    // With middleware, the route is that of the request as the last one has left it.
    const flaw = isForSocket(req) || hasMiddleware() ? validateHandshake(req) : notFound()
    if (flaw !== undefined) {
      return sockets.refuse(req, duplex, failure(toRequestId(req.headers, settings.newId))(flaw))
    }
    try {
      const opened = (hasMiddleware() ? throughMiddleware : straight)(req, duplex, head)
      if (opened instanceof Promise) opened.catch((thrown: unknown) => fail(req, duplex, thrown))
    } catch (thrown) {
      fail(req, duplex, thrown)
    }
  }
}
