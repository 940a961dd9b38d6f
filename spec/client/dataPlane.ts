/** A stand-in for the data plane of AWS on a port: it checks each signature with a second implementation. */
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Sha256 } from '@aws-crypto/sha256-js'
import { SignatureV4 } from '@smithy/signature-v4'
import { type Client, type ClientOptions, createClient } from '../../lib/client'
import { arn, keys } from './support'

/** A request as it came. */
export interface Heard {
  readonly method: string
  readonly url: URL
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  /** Whether its signature is right, of `keys` and at the moment that it says; undefined where there is none. */
  readonly isSigned: boolean | undefined
  /** The names of the headers that are signed. */
  readonly signed: ReadonlyArray<string>
}

/** What is answered. */
export type Say = (heard: Heard, res: ServerResponse) => void

export interface DataPlane {
  readonly url: string
  readonly heard: ReadonlyArray<Heard>
  /** A client of it, signing with `keys`. */
  readonly client: (options?: Partial<ClientOptions>) => Client
}

/** Keys of a role, as they are nearly always. */
export const temporary = { ...keys, sessionToken: 'Secret/session+token==' }

const queryOf = (url: URL): Record<string, string> => Object.fromEntries(url.searchParams)

const isRight = async (url: URL, method: string, headers: IncomingHttpHeaders, body: Buffer): Promise<boolean> => {
  const authorization = headers.authorization ?? ''
  const names = signedIn(authorization)
  const signer = new SignatureV4({
    credentials: temporary,
    region: 'us-west-2',
    service: 'bedrock-agentcore',
    sha256: Sha256,
    applyChecksum: false,
  })
  const date = String(headers['x-amz-date'])
  const signingDate = new Date(date.replace(/(....)(..)(..)T(..)(..)(..)Z/, '$1-$2-$3T$4:$5:$6Z'))
  const request = {
    ...{ method, protocol: 'http:', hostname: url.hostname, path: url.pathname, query: queryOf(url), body },
    headers: Object.fromEntries(names.map((name) => [name, String(headers[name])])),
  }
  const signed = await signer.sign(request, { signingDate })
  return signed.headers['authorization'] === authorization && Math.abs(Date.now() - signingDate.getTime()) < 60_000
}

const signedIn = (authorization: string): ReadonlyArray<string> =>
  (/SignedHeaders=([^,]+)/.exec(authorization)?.[1] ?? '').split(';').filter((name) => name !== '')

const hear = async (req: IncomingMessage): Promise<Heard> => {
  const parts: Array<Buffer> = []
  for await (const part of req as AsyncIterable<Buffer>) parts.push(part)
  const body = Buffer.concat(parts)
  const url = new URL(req.url ?? '', `http://${req.headers.host}`)
  const { method = '', headers } = req
  const signed = signedIn(headers.authorization ?? '')
  const isSigned = signed.length === 0 ? undefined : await isRight(url, method, headers, body)
  return { method, url, headers, body, isSigned, signed }
}

/** Serves while `use` runs; clients that were made are closed afterwards. */
export const dataPlane = async <A>(say: Say, use: (at: DataPlane) => Promise<A>): Promise<A> => {
  const heard: Array<Heard> = []
  const clients: Array<Client> = []
  const server = createServer((req, res) => {
    hear(req).then(
      (one) => {
        heard.push(one)
        say(one, res)
      },
      () => res.destroy(),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const client = (options: Partial<ClientOptions> = {}): Client => {
    const all: object = { runtimeArn: arn, endpoint: url, variables: {}, credentials: temporary, ...options }
    // The options of an agent by its ARN, some of them other ones.
    const made = createClient({ ...(all as ClientOptions), effects: { random: () => 0, ...options.effects } })
    clients.push(made)
    return made
  }
  try {
    return await use({ url, heard, client })
  } finally {
    clients.forEach(({ close }) => close())
    server.closeAllConnections()
    server.close()
  }
}

/** Says a JSON value. */
export const json =
  (value: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Say =>
  (_, res) =>
    void res.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value))

/** Says one thing after the other, the last again and again. */
export const inTurn = (...says: ReadonlyArray<Say>): Say => {
  const rest = [...says]
  return (heard, res) => (rest.length > 1 ? rest.shift() : rest[0])?.(heard, res)
}
