/**
 * What makes a request invalid HTTP although a parser accepted it, and what a parser says of one that it gave up. Every
 * listener answers such a request in its own format: the app, the local runtime and the front of `agentcore dev`.
 *
 * @since 0.1.0
 */
import { type AgentError, badRequest, headersTooLarge, requestTimeout } from '../../core/AgentError'

/** The head of a request, as Node's parser gives it. */
export interface RequestHead {
  readonly httpVersionMinor: number
  readonly rawHeaders: ReadonlyArray<string>
  readonly headers: { readonly 'transfer-encoding'?: string | undefined }
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
 * Why a request is ambiguous or cannot be read: `Host` is missing or repeated, or the body has a transfer coding other
 * than `chunked`, whose bytes nobody would decode. Undefined if it is neither.
 */
export const flawOfRequest = ({ httpVersionMinor, rawHeaders, headers }: RequestHead): AgentError | undefined => {
  const coding = headers['transfer-encoding']
  if (coding !== undefined && coding !== 'chunked' && coding.trim().toLowerCase() !== 'chunked') {
    return badRequest('Transfer-Encoding must be chunked: no other transfer coding is supported')
  }
  const hosts = countHosts(rawHeaders)
  if (hosts > 1) return badRequest('The Host header is repeated: send it once')
  return hosts === 0 && httpVersionMinor === 1 ? badRequest('The Host header is missing') : undefined
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
