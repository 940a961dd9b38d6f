/**
 * Validation of requests beyond Node's parser, and what the parser's own errors mean. Every listener responds to an
 * invalid request in its own format: the app, the local runtime and the proxy of `agentcore dev`.
 *
 * @since 0.1.0
 */
import { type AgentError, badRequest, headersTooLarge, requestTimeout } from '../../core/AgentError'
import { trimBlanks } from './RequestFields'

/** The head of a request, from Node's parser. */
export interface RequestHead {
  readonly httpVersionMajor: number
  readonly httpVersionMinor: number
  readonly rawHeaders: ReadonlyArray<string>
  readonly headers: { readonly 'transfer-encoding'?: string | undefined }
  /** The connection of the request. */
  readonly socket: object
}

/** How often `Host` was sent. Comparing lengths first rules out most names. */
export const countHosts = (rawHeaders: ReadonlyArray<string>): number => {
  let count = 0
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]
    if (name?.length === 4 && (name === 'Host' || name === 'host' || name.toLowerCase() === 'host')) count += 1
  }
  return count
}

/**
 * Why a request is ambiguous or unsupported: its version is not 1.0 or 1.1, `Host` is missing or repeated, or the body
 * has a transfer coding other than `chunked`, which nobody would decode. Undefined if it is valid.
 */
const flawOfHead = ({
  httpVersionMajor,
  httpVersionMinor,
  rawHeaders,
  headers,
}: RequestHead): AgentError | undefined => {
  // Node's parser also accepts the request lines of HTTP/0.9 and HTTP/2.0, which other servers read differently.
  if (httpVersionMajor !== 1) return badRequest('The HTTP version must be 1.0 or 1.1')
  const coding = headers['transfer-encoding']
  if (coding !== undefined && coding !== 'chunked' && trimBlanks(coding).toLowerCase() !== 'chunked') {
    return badRequest('Transfer-Encoding must be chunked: no other transfer coding is supported')
  }
  const hosts = countHosts(rawHeaders)
  if (hosts > 1) return badRequest('The Host header is repeated: send it once')
  return hosts === 0 && httpVersionMinor === 1 ? badRequest('The Host header is missing') : undefined
}

/** Connections that have sent an invalid request. The flag spares servers that never see one the look-up. */
const distrusted = new WeakSet()
let isAnyDistrusted = false

/**
 * As `flawOfHead`, but also rejects every request after an invalid one on the same connection. The parser reads on in
 * the same packet, and another server might read those bytes as part of the first request: request smuggling.
 */
export const flawOfRequest = (req: RequestHead): AgentError | undefined => {
  if (isAnyDistrusted && distrusted.has(req.socket)) return badRequest('The request follows one that is not valid HTTP')
  const flaw = flawOfHead(req)
  if (flaw !== undefined) {
    isAnyDistrusted = true
    distrusted.add(req.socket)
  }
  return flaw
}

/** Maps a parser's error to a response; undefined if the client has disconnected. */
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
