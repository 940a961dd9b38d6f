/** Signs requests with what the clients of AWS sign with: `@smithy/signature-v4`, which knows nothing of this package. */
import { Sha256 } from '@aws-crypto/sha256-js'
import { SignatureV4 } from '@smithy/signature-v4'
import type { Credentials } from '../../lib/auth'
import type { SentRequest } from '../../lib/auth/sigv4/SignatureProof'
import type { SignatureRules } from '../../lib/auth/sigv4/SignatureVerifier'

export const credentials: Credentials = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
}

export const temporary: Credentials = {
  accessKeyId: 'ASIAEXAMPLE',
  secretAccessKey: 'another/secret',
  sessionToken: 'FwoGZXIvYXdzEXAMPLE//token==',
}

export const rules: SignatureRules = {
  credentials: [credentials, temporary],
  regions: ['us-west-2'],
  service: 'bedrock-agentcore',
  maxExpires: 300,
}

export const at = new Date('2026-01-02T03:04:05Z')

/** A request before it is signed. The query is plain: the signer encodes it. */
export interface Unsigned {
  readonly method?: string
  readonly path?: string
  readonly query?: Readonly<Record<string, string | Array<string>>>
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
}

/** A request as it goes over the wire. */
export interface Signed extends SentRequest {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array
}

/** How to sign. */
export interface Signing {
  readonly by?: Credentials
  readonly date?: Date
  readonly region?: string
  readonly service?: string
  /** In seconds: then the URL is presigned. */
  readonly expires?: number
  readonly host?: string
}

const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)

const targetOf = (path: string, query: Readonly<Record<string, string | ReadonlyArray<string> | null>>): string => {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    [value ?? ''].flat().map((one: string) => `${encode(name)}=${encode(one)}`),
  )
  return pairs.length === 0 ? path : `${path}?${pairs.join('&')}`
}

/** Signs a request as a client of AWS does. */
export const signed = async (
  { method = 'POST', path = '/invocations', query = {}, headers = {}, body = '' }: Unsigned,
  {
    by = credentials,
    date = at,
    region = 'us-west-2',
    service = 'bedrock-agentcore',
    expires,
    host = 'a',
  }: Signing = {},
): Promise<Signed> => {
  const signer = new SignatureV4({ credentials: by, region, service, sha256: Sha256 })
  const request = {
    ...{ method, path, body, query: { ...query }, headers: { ...headers, host } },
    ...{ protocol: 'https:', hostname: host },
  }
  const options = { signingDate: date }
  const made =
    expires === undefined
      ? await signer.sign(request, options)
      : await signer.presign(request, { ...options, expiresIn: expires })
  return {
    method,
    target: targetOf(path, made.query ?? {}),
    headers: made.headers,
    rawHeaders: Object.entries(made.headers).flat(),
    body,
  }
}
