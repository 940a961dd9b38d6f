/**
 * The transport over `node:http` and `node:https`: connections are kept open between calls, every wait is bounded, and a
 * body is pulled.
 *
 * @since 0.2.0
 */
import type { Agent, ClientRequest, RequestOptions } from 'node:http'
import type { Socket } from 'node:net'
import * as E from 'fp-ts/Either'
import type { IO } from 'fp-ts/IO'
import { checkOptions, object, type Shape } from '../../core/OptionCheck'
import { errorCode } from '../../node/SystemError'
import { onResponse } from '../../node/exchange/HttpExchange'
import { joinedFields } from '../../node/http/RequestFields'
import type { ClientError } from '../error/ClientError'
import { findInvalidHeader } from './HeaderFault'
import { readBody } from './HttpBody'
import type { Answer, Bounds, Request, Transport } from './Transport'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** A transport, and what closes its connections. */
export interface HttpTransport {
  readonly transport: Transport
  /** Closes every connection, those in use too; a later call opens new ones. */
  readonly close: IO<void>
}

/** What `httpTransport` may be told. */
export interface HttpOptions {
  /** Makes the connections, for a proxy or certificates of your own. It is not closed here. */
  readonly agent?: Agent
}

const shape: Shape<HttpOptions> = { agent: object }

type Outcome = E.Either<ClientError, Answer>

type Make = (url: string, options: RequestOptions) => ClientRequest

interface Client {
  readonly make: Make
  readonly agent: Agent
}

/** The head of an answer may have so many bytes. */
const maxHead = 65_536

/** After so many milliseconds a connection without use is closed: sooner than the servers that are met close theirs. */
const keptFor = 4000

// ---------------------------------------------------------------------------------------------------------------------
// failures
// ---------------------------------------------------------------------------------------------------------------------

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused; check that it is running',
  ECONNRESET: 'the connection was closed before a response arrived',
  EPIPE: 'the connection was closed before a response arrived',
  ENOTFOUND: 'host not found',
  EAI_AGAIN: 'the DNS lookup failed temporarily',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'no route to host',
  ETIMEDOUT: 'no response',
}

const toReason = (cause: unknown): string => {
  const code = errorCode(cause)
  if (code === undefined) return 'the connection failed'
  return reasons[code] ?? `the connection failed with ${code}`
}

/** What an error of Node's means before the head of an answer is there. */
const toFailure = (host: string, cause: unknown, isSent: boolean): ClientError => {
  const code = errorCode(cause)
  if (code === 'HPE_HEADER_OVERFLOW')
    return { _tag: 'InvalidAnswer', reason: `the headers are larger than ${maxHead} bytes` }
  if (code?.startsWith('HPE_') === true) return { _tag: 'InvalidAnswer', reason: `not valid HTTP (${code})` }
  return { _tag: 'ConnectionFailed', host, reason: toReason(cause), isSent }
}

// ---------------------------------------------------------------------------------------------------------------------
// one exchange
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Follows a request to its connection; `onConnected` is called once it is there, to the end of a TLS handshake. Tells
 * whether the request has begun to go out, as far as can be known.
 */
const follow = (asked: ClientRequest, isTls: boolean, onConnected: (socket: Socket) => void): IO<boolean> => {
  let connected: Socket | undefined
  let before = -1
  asked.once('socket', (socket) => {
    const connect = (): void => {
      connected = socket
      onConnected(socket)
    }
    if (!asked.reusedSocket) return void socket.once(isTls ? 'secureConnect' : 'connect', connect)
    before = socket.bytesWritten
    connect()
  })
  return () => connected !== undefined && connected.bytesWritten > before
}

const exchange = (client: Client, { url, method, headers, body }: Request, bounds: Bounds): Promise<Outcome> =>
  new Promise((resolve) => {
    const { connectTimeout, idleTimeout, signal } = bounds
    const { host, protocol } = new URL(url)
    const asked = client.make(url, { method, headers, agent: client.agent, maxHeaderSize: maxHead })
    let socket: Socket | undefined
    let isSettled = false

    const settle = (outcome: Outcome): void => {
      isSettled = true
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
      socket?.off('timeout', onIdle).setTimeout(0)
      resolve(outcome)
    }
    const fail = (error: ClientError): void => {
      if (isSettled) return
      settle(E.left(error))
      asked.destroy()
    }
    const abort = (): void => fail({ _tag: 'Aborted' })
    const onIdle = (): void => fail({ _tag: 'IdleTimeout', after: idleTimeout })

    const timer =
      connectTimeout > 0
        ? setTimeout(() => fail({ _tag: 'ConnectTimeout', host, after: connectTimeout }), connectTimeout)
        : undefined
    const isSent = follow(asked, protocol === 'https:', (connected) => {
      clearTimeout(timer)
      socket = connected
      if (idleTimeout > 0) socket.on('timeout', onIdle).setTimeout(idleTimeout)
    })
    signal?.addEventListener('abort', abort, { once: true })
    onResponse(asked, {
      onResponse: (res) =>
        settle(
          E.right({ status: res.statusCode ?? 0, headers: joinedFields(res.headers), body: readBody(res, bounds) }),
        ),
      onFailure: (cause) => fail(toFailure(host, cause, isSent())),
    })
    asked.end(body)
  })

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

const loadClient = async (isTls: boolean, own: Agent | undefined): Promise<Client> => {
  const module = isTls ? await import('node:https') : await import('node:http')
  const agent = own ?? new module.Agent({ keepAlive: true, timeout: keptFor })
  return { make: module.request, agent }
}

/** A whole turn of the event loop, in which Node sees which of the kept connections the other side has closed. */
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(() => void setImmediate(resolve)))

const isKept = ({ agent }: Client): boolean => Object.values(agent.freeSockets).some((free) => free !== undefined)

/** A kept connection may turn out to be closed; if nothing of the request went out, it goes over one of its own. */
const isStale = (outcome: Outcome): boolean =>
  E.isLeft(outcome) && outcome.left._tag === 'ConnectionFailed' && !outcome.left.isSent

const aborted: Outcome = E.left({ _tag: 'Aborted' })

/**
 * Creates a transport over `node:http` and `node:https`. Connections stay open for 4 seconds after their last use and do not keep
 * the process alive. Compression is not requested, and redirects are not followed. Left `InvalidParameter` for a header that
 * cannot be sent.
 *
 * @example
 * ```ts
 * import { createClient, httpTransport } from 'agentcore-fp/client'
 *
 * const { transport } = httpTransport()
 *
 * export const client = createClient({ url: 'http://localhost:8080', effects: { transport } })
 * ```
 */
export const httpTransport = (options: HttpOptions = {}): HttpTransport => {
  checkOptions('httpTransport', shape, options)
  const clients = new Map<boolean, Promise<Client>>()
  const clientFor = (isTls: boolean): Promise<Client> => {
    const found = clients.get(isTls) ?? loadClient(isTls, options.agent)
    clients.set(isTls, found)
    return found
  }
  const send = async (request: Request, bounds: Bounds): Promise<Outcome> => {
    const fault = findInvalidHeader(request.headers)
    if (fault !== undefined) return E.left(fault)
    if (!URL.canParse(request.url)) {
      return E.left({ _tag: 'InvalidEndpoint', endpoint: request.url, reason: 'not a URL' })
    }
    const client = await clientFor(request.url.startsWith('https:'))
    const wasKept = isKept(client)
    if (wasKept) await turn()
    if (bounds.signal?.aborted === true) return aborted
    const outcome = await exchange(client, request, bounds)
    return wasKept && isStale(outcome) ? exchange(client, request, bounds) : outcome
  }
  return {
    transport: (request, bounds) => () => send(request, bounds),
    close: () => {
      if (options.agent !== undefined) return
      clients.forEach((client) => void client.then(({ agent }) => agent.destroy()))
    },
  }
}
