/** The code of a user that authorizers call: their clocks. Each misbehaves while it is armed. */
import { jwtMiddleware, sigv4Middleware } from '../../lib/auth'
import { configOf } from '../auth/oidc'
import { type Hook, middleware, unheard } from './awkwardHooks'

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** A token that is well formed, so that its time and its key are asked for. */
const token = `${part({ alg: 'RS256', kid: 'a' })}.${part({ exp: 4_000_000_000, client_id: 'a' })}.AAAA`

/** A provider that nobody serves. */
const discoveryUrl = 'http://127.0.0.1:9/.well-known/openid-configuration'

const scope = '20260101/us-west-2/bedrock-agentcore/aws4_request'

/** A signature that is well formed, so that its time is looked at. */
const signature = [
  `AWS4-HMAC-SHA256 Credential=key/${scope}`,
  'SignedHeaders=host;x-amz-date',
  `Signature=${'0'.repeat(64)}`,
].join(', ')

export const hooksOfAuthorizers: Readonly<Record<string, Hook>> = {
  'the clock of jwtAuthorizer': unheard(
    middleware((by) => {
      const check = jwtMiddleware(configOf({ discoveryUrl, allowedClients: ['a'] }), { clock: { now: () => by.bad() } })
      return (ctx, next) => {
        ctx.req.rawHeaders.push('authorization', `Bearer ${token}`)
        return check(ctx, next)
      }
    }),
  ),
  'the clock of sigv4Authorizer': unheard(
    middleware((by) => {
      const credentials = { accessKeyId: 'key', secretAccessKey: 'secret' }
      const check = sigv4Middleware({ credentials, region: 'us-west-2' }, { clock: { now: () => by.bad() } })
      return (ctx, next) => {
        ctx.req.rawHeaders.push('authorization', signature, 'x-amz-date', '20260101T000000Z')
        return check(ctx, next)
      }
    }),
  ),
}
