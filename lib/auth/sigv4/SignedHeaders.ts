/**
 * Which headers a signature must cover. A header that is not signed can be added or changed by anyone who holds the
 * request: a captured one, or a presigned URL, which is made to be given away.
 */
import { header } from '../../core/Protocol'
import type { ParsedRequest } from './SignatureProof'

/**
 * Headers that decide who asks, for which session and with which token, whatever their prefix. Every `x-amz-*` and
 * `x-amzn-*` header belongs to them too: AWS's clients sign those.
 */
const decisive: ReadonlySet<string> = new Set([
  'host',
  header.legacyWorkloadAccessToken,
  header.oauth2CallbackUrl,
  'mcp-session-id',
])

/**
 * Says to which trace a request belongs, and nothing else. AWS's clients leave it unsigned on purpose, because load
 * balancers and tracing agents add or rewrite it on the way.
 */
const exempt: ReadonlySet<string> = new Set([header.xAmznTraceId])

const mustBeSigned = (name: string): boolean => decisive.has(name) || (/^x-amzn?-/.test(name) && !exempt.has(name))

/**
 * `generate_ws_connection` of AWS's Python SDK signs only the host and the date of the upgrade request, and adds the
 * session id afterwards. Such headers stay with the caller that made them; a presigned URL, which does not, has the
 * session id in its signed query.
 */
const isAddedBySdk = (name: string, { method, fields }: ParsedRequest, isPresigned: boolean): boolean =>
  name === header.sessionId &&
  !isPresigned &&
  method === 'GET' &&
  fields.get('upgrade')?.[0]?.trim().toLowerCase() === 'websocket'

/**
 * The first header of a request that its signature must cover and does not; undefined if there is none. Other headers,
 * such as `accept`, `content-type`, `traceparent` and `baggage`, may be unsigned: clients and proxies add them after
 * signing, and none of them says who asks or for what session. The body they describe is signed.
 */
export const unsignedHeader = (
  sent: ParsedRequest,
  signed: ReadonlyArray<string>,
  isPresigned: boolean,
): string | undefined => {
  if (!signed.includes('host')) return 'host'
  return [...sent.fields.keys()].find(
    (name) => mustBeSigned(name) && !signed.includes(name) && !isAddedBySdk(name, sent, isPresigned),
  )
}
