/**
 * What makes a request invalid HTTP although a parser accepted it, and what a parser says of one that it gave up. Every
 * listener answers such a request in its own format: the app, the local runtime and the front of `agentcore dev`.
 *
 * @since 0.1.0
 */
import { type AgentError, badRequest, headersTooLarge, requestTimeout } from '../../core/AgentError'
import { trimBlanks } from './RequestFields'

/** The head of a request, as Node's parser gives it. */
export interface RequestHead {
  readonly httpVersionMajor: number
  readonly httpVersionMinor: number
  readonly rawHeaders: ReadonlyArray<string>
  readonly headers: { readonly 'transfer-encoding'?: string | undefined }
  /** The connection that it came on. */
  readonly socket: object
}

/** How often `Host` was sent. Most names differ in length, so that few are compared. */
export const countHosts = (rawHeaders: ReadonlyArray<string>): number => {
  let count = 0
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]
    if (name?.length === 4 && (name === 'Host' || name === 'host' || name.toLowerCase() === 'host')) count += 1
  }
  return count
}

/**
 * Why a request is ambiguous or cannot be read: its version is not 1.0 or 1.1, `Host` is missing or repeated, or the body
 * has a transfer coding other than `chunked`, whose bytes nobody would decode. Undefined if it is none of these.
 */
const flawOfHead = ({
  httpVersionMajor,
  httpVersionMinor,
  rawHeaders,
  headers,
}: RequestHead): AgentError | undefined => {
  // Node's parser also accepts the request lines of HTTP/0.9 and HTTP/2.0, which other servers read differently.
  if (httpVersionMajor !== 1) return badRequest('The version of HTTP must be 1.0 or 1.1')
  const coding = headers['transfer-encoding']
  if (coding !== undefined && coding !== 'chunked' && trimBlanks(coding).toLowerCase() !== 'chunked') {
    return badRequest('Transfer-Encoding must be chunked: no other transfer coding is supported')
  }
  const hosts = countHosts(rawHeaders)
  if (hosts > 1) return badRequest('The Host header is repeated: send it once')
  return hosts === 0 && httpVersionMinor === 1 ? badRequest('The Host header is missing') : undefined
}

/** Connections with a request that had a flaw. Most servers never see one, so that the set is not looked into. */
const distrusted = new WeakSet()
let isAnyDistrusted = false

/**
 * As `flawOfHead`; besides, nothing is valid behind a request with a flaw. The parser has read on in the same packet, and
 * would hand over what is a part of the first request for whoever reads that one differently.
 */
export const flawOfRequest = (req: RequestHead): AgentError | undefined => {
  if (isAnyDistrusted && distrusted.has(req.socket)) return badRequest('It follows a request that is not valid HTTP')
  const flaw = flawOfHead(req)
  if (flaw !== undefined) {
    isAnyDistrusted = true
    distrusted.add(req.socket)
  }
  return flaw
}

/** What the code of a parser's error means for the client; undefined where the client has gone. */
export const fromParserCode = (code: unknown): AgentError | undefined => {
  switch (code) {
    case 'ECONNRESET':
    case 'EPIPE':
      return undefined
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return requestTimeout
    case 'HPE_HEADER_OVERFLOW':
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return headersTooLarge
    default:
      return badRequest('The request is not valid HTTP')
  }
}
