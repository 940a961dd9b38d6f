/** Judges presigned URLs as the service would, by another implementation than the client's. */
import { Sha256 } from '@aws-crypto/sha256-js'
import { SignatureV4 } from '@smithy/signature-v4'
import { keys } from './support'

const momentOf = (amzDate: string): Date =>
  new Date(amzDate.replace(/(....)(..)(..)T(..)(..)(..)Z/, '$1-$2-$3T$4:$5:$6Z'))

/** Whether a request (its path with the query, its host) bears the signature that the keys of the specs give it. */
export const isSigned = async (target: string, host: string, region = 'us-east-1'): Promise<boolean> => {
  const url = new URL(target, `http://${host}`)
  const query: Record<string, Array<string>> = {}
  for (const [name, value] of url.searchParams) {
    if (!name.startsWith('X-Amz-')) query[name] = [...(query[name] ?? []), value]
  }
  const signer = new SignatureV4({ credentials: keys, region, service: 'bedrock-agentcore', sha256: Sha256 })
  const request = {
    method: 'GET',
    protocol: 'http:',
    hostname: url.hostname,
    path: url.pathname,
    headers: { host },
    query,
  }
  const signed = await signer.presign(request, {
    signingDate: momentOf(url.searchParams.get('X-Amz-Date') ?? ''),
    expiresIn: Number(url.searchParams.get('X-Amz-Expires')),
  })
  return url.searchParams.get('X-Amz-Signature') === signed.query?.['X-Amz-Signature']
}
