/** The bundle that browsers load, run by Node here: the same connections as the client makes, and nothing of Node in it. */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { runInNewContext } from 'node:vm'
import * as fc from 'fast-check'
import * as E from 'fp-ts/Either'
import type * as Source from '../../lib/client/browser'
import { generatePresignedUrl, generateWsConnectionBrowser, type UrlOptions } from '../../lib/client/socket/Connection'
import * as SessionId from '../../lib/client/target/SessionId'
import { read, root } from '../package/support'
import { left } from '../core/support'
import { bearing, environment, moment, rightOf } from './environment'
import { arn, hostile, keys, parametersOf } from './support'

const path = 'dist/lib/client/browser.js'
// What esbuild has made of the file has the types of the file.
const bundle = createRequire(__filename)(join(root, path)) as typeof Source

interface Vector {
  readonly name: string
  readonly kind: string
  readonly input: {
    readonly runtimeArn: string
    readonly accessKeyId: string
    readonly secretAccessKey: string
    readonly sessionToken: string | null
    readonly sessionId: string
    readonly qualifier: string | null
    readonly params: Readonly<Record<string, string>> | null
    readonly expires: number
  }
  readonly expect: { readonly url: string }
}

const vectors = (JSON.parse(read('spec/vectors/sigv4.json')) as ReadonlyArray<Vector>).filter(
  ({ kind }) => kind === 'presigned',
)

describe('the bundle of agentcore-fp/client/browser', () => {
  it('is one small file that asks for nothing', () => {
    const text = read(path)
    expect(text).not.toMatch(/\brequire\(|\bimport\(|\bprocess\.|\bBuffer\b/)
    expect(text.length).toBeLessThan(64_000)
    expect(text).toMatch(/Copyright 2013 Michael Hart/)
  })

  it('needs no more of its world than browsers have', () => {
    const module = { exports: {} }
    const world = {
      module,
      exports: module.exports,
      TextEncoder,
      URL,
      URLSearchParams,
      btoa,
      crypto: globalThis.crypto,
      Uint8Array,
      ArrayBuffer,
      DataView,
      Uint32Array,
    }
    runInNewContext(read(path), world)
    expect(Object.keys(module.exports)).toEqual(Object.keys(bundle))
  })

  it.each(vectors)('holds the vector: $name', async ({ input, expect: { url } }) => {
    const { runtimeArn, accessKeyId, secretAccessKey, sessionToken, sessionId, qualifier, params, expires } = input
    const credentials = { accessKeyId, secretAccessKey, ...(sessionToken === null ? {} : { sessionToken }) }
    const client = bundle.createClient({ runtimeArn, qualifier: qualifier ?? undefined, credentials })
    const made = await rightOf(
      bundle.generatePresignedUrl({ sessionId, expires, ...(params === null ? {} : { params }) })({
        ...client.environment,
        now: () => moment,
      }),
    )
    expect(parametersOf(made.url)).toEqual(parametersOf(url))
  })

  it('signs as the client does', () =>
    fc.assert(
      fc.asyncProperty(
        fc.record<UrlOptions>(
          {
            sessionId: fc.oneof(fc.constant('a'.repeat(40)), hostile('a'.repeat(40))),
            qualifier: fc.oneof(fc.constant('prod'), hostile('prod')),
            params: fc.dictionary(fc.string({ unit: 'grapheme' }), fc.array(fc.string({ unit: 'binary' })), {
              maxKeys: 4,
            }),
          },
          { requiredKeys: [] },
        ),
        async (options) => {
          const [signing, bearer] = [environment(), environment({ auth: bearing('a.b.c') })]
          expect(await bundle.generatePresignedUrl(options)(signing)()).toEqual(
            await generatePresignedUrl(options)(signing)(),
          )
          expect(await bundle.generateWsConnectionBrowser(options)(bearer)()).toEqual(
            await generateWsConnectionBrowser(options)(bearer)(),
          )
        },
      ),
    ))

  it('derives the same session ids', () =>
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (seed) => bundle.deriveSessionId(seed) === SessionId.derive(seed)),
    ))

  it('offers promises, which reject with what a left is elsewhere', async () => {
    const client = bundle.createClient({ runtimeArn: arn, credentials: async () => keys })
    expect((await client.generatePresignedUrl({ expires: 10 })).url).toMatch(
      /^wss:.*X-Amz-Expires=10&.*Signature=[\da-f]{64}$/,
    )
    const failure = { name: 'ClientFailure', failure: { _tag: 'InvalidExpiry', expires: 301 } }
    await expect(client.generatePresignedUrl({ expires: 301 })).rejects.toMatchObject(failure)
    await expect(client.generateWsConnectionBrowser()).rejects.toMatchObject({ failure: { _tag: 'InvalidToken' } })
    const { protocols } = await bundle
      .createClient({ runtimeArn: arn, bearerToken: () => 'a.b' })
      .generateWsConnectionBrowser()
    expect(protocols).toHaveLength(2)
    expect(await client.generatePresignedUrl().catch((error: unknown) => bundle.isClientFailure(error))).toMatchObject({
      headers: {},
    })
  })

  it('refuses what is wrong when it is made', () => {
    const refused = (options: Source.BrowserOptions): string => left(bundle.environment(options))._tag
    expect(refused({})).toBe('InvalidParameter')
    expect(refused({ runtimeArn: arn, url: 'http://x' })).toBe('InvalidParameter')
    expect(refused({ runtimeArn: arn, bearerToken: 'x', credentials: keys })).toBe('InvalidParameter')
    expect(refused({ runtimeArn: 'x' })).toBe('InvalidArn')
    expect(refused({ runtimeArn: arn, region: 'x.attacker.com/#' })).toBe('InvalidRegion')
    expect(refused({ runtimeArn: arn, region: 'eu-west-1' })).toBe('RegionMismatch')
    expect(refused({ url: 'javascript:alert(1)' })).toBe('InvalidEndpoint')
    expect(() => bundle.createClient({ runtimeArn: 'x' })).toThrow(/is not the ARN of an agent runtime/)
    expect(E.isRight(bundle.environment({ url: 'http://localhost:8080' }))).toBe(true)
  })

  it('says nothing of what a function of credentials or tokens has thrown', async () => {
    const failing = async (): Promise<never> => Promise.reject(new Error('hunter2'))
    const byKeys = bundle.createClient({ runtimeArn: arn, credentials: failing })
    const byToken = bundle.createClient({ runtimeArn: arn, bearerToken: failing })
    for (const asked of [byKeys.generatePresignedUrl(), byToken.generateWsConnectionBrowser()]) {
      const error: unknown = await asked.catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ name: 'ClientFailure' })
      expect(String(error) + JSON.stringify(error)).not.toContain('hunter2')
    }
  })
})
