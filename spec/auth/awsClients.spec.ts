/** `sigv4Authorizer` on a port: the clients of AWS for JavaScript, aws4, and who is refused. */
import { BedrockAgentCoreClient, InvokeAgentRuntimeCommand } from '@aws-sdk/client-bedrock-agentcore'
import * as aws4 from 'aws4'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { gzipSync } from 'node:zlib'
import { createApp, use, websocket } from '../../lib'
import { sigv4Authorizer, type Sigv4Options } from '../../lib/auth'
import { ask, failureIn, served, type Served } from '../http/support'
import { dial, refused } from '../http/socketSupport'
import { refusedBoth, tellsCaller } from './guarded'
import { runtimes, withSigv4 } from './runtimes'
import { credentials, signed, type Signing, temporary, type Unsigned } from './signing'

const arn = 'arn:aws:bedrock-agentcore:us-west-2:123456789012:runtime/my_agent-a1b2c3d4e5'

const send = async ({ port }: Served, unsigned: Unsigned, signing: Signing = {}) => {
  const request = await signed(unsigned, { date: new Date(), host: `127.0.0.1:${port}`, ...signing })
  const { host: _, ...headers } = request.headers
  return ask(port, { method: request.method, path: request.target, headers, body: request.body })
}

describe('@aws-sdk/client-bedrock-agentcore, unmodified', () => {
  const client = ({ url }: Served, by = credentials, region = 'us-west-2') =>
    new BedrockAgentCoreClient({ endpoint: url, region, credentials: by, maxAttempts: 1 })

  const invoke = (by: BedrockAgentCoreClient, payload: unknown) =>
    by.send(
      new InvokeAgentRuntimeCommand({
        agentRuntimeArn: arn,
        payload: Buffer.from(JSON.stringify(payload)),
        qualifier: 'DEFAULT',
      }),
    )

  it('is let in, with lasting and with temporary credentials', () =>
    served(withSigv4(), async (at) => {
      for (const by of [credentials, temporary]) {
        const { response, statusCode } = await invoke(client(at, by), { prompt: 'héllo ☃' })
        expect([statusCode, JSON.parse((await response?.transformToString()) ?? '')]).toEqual([
          200,
          { caller: by.accessKeyId, payload: { prompt: 'héllo ☃' } },
        ])
      }
    }))

  it('is told AWS’s own name of what is wrong', () =>
    served(withSigv4(), async (at) => {
      const failing: ReadonlyArray<readonly [BedrockAgentCoreClient, string]> = [
        [client(at, { ...credentials, secretAccessKey: 'wrong' }), 'InvalidSignatureException'],
        [client(at, { ...credentials, accessKeyId: 'AKIDOTHER' }), 'UnrecognizedClientException'],
        [client(at, { ...temporary, sessionToken: 'wrong' }), 'UnrecognizedClientException'],
        [client(at, credentials, 'eu-west-1'), 'InvalidSignatureException'],
      ]
      for (const [by, name] of failing) {
        await expect(invoke(by, {})).rejects.toMatchObject({ name, $metadata: { httpStatusCode: 403 } })
      }
      for (const secret of ['wJalrXUtnFEMI', 'FwoGZXIvYXdz', 'Signature='])
        expect(at.lines.join('')).not.toMatch(new RegExp(`${secret}(?!\\[)`))
    }))
})

describe('aws4', () => {
  it('is let in, to the handler and to the socket, by header and by a presigned URL', () =>
    served(withSigv4(), async ({ port }) => {
      const base = { host: `127.0.0.1:${port}`, service: 'bedrock-agentcore', region: 'us-west-2' }
      const { headers, body } = aws4.sign({ ...base, path: '/invocations', body: '[1]' }, credentials)
      const got = await ask(port, { headers: textual(headers), body: String(body) })
      expect([got.status, JSON.parse(got.text)]).toEqual([200, { caller: 'AKIDEXAMPLE', payload: [1] }])
      const socket = aws4.sign({ ...base, path: '/ws' }, credentials)
      const peer = await dial(`ws://127.0.0.1:${port}/ws`, { headers: textual(socket.headers) })
      expect(await peer.next()).toEqual({ caller: 'AKIDEXAMPLE', isPresigned: false })
      const { path } = aws4.sign({ ...base, path: '/ws?X-Amz-Expires=60', signQuery: true }, credentials)
      expect(await (await dial(`ws://127.0.0.1:${port}${path ?? ''}`)).next()).toEqual({
        caller: 'AKIDEXAMPLE',
        isPresigned: true,
      })
    }))

  const textual = (headers: aws4.Request['headers']): Readonly<Record<string, string>> =>
    Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name, String(value)]))
})

describe('a presigned URL for a socket', () => {
  it('is let in behind a middleware that maps its path, and refused once it is over', () =>
    served(pipe(runtimes, withSigv4()), async ({ port }) => {
      const host = `127.0.0.1:${port}`
      const path = `/runtimes/${encodeURIComponent(arn)}/ws`
      const query = { qualifier: 'DEFAULT', 'X-Amzn-Bedrock-AgentCore-Runtime-Session-Id': 's'.repeat(33) }
      const { target } = await signed(
        { method: 'GET', path, query },
        { date: new Date(), host, expires: 60, by: temporary },
      )
      expect(await (await dial(`ws://${host}${target}`)).next()).toEqual({ caller: 'ASIAEXAMPLE', isPresigned: true })
      const old = await signed(
        { method: 'GET', path, query },
        { date: new Date(Date.now() - 61_000), host, expires: 60 },
      )
      expect(await refused(port, {}, { path: old.target })).toMatchObject({
        status: 403,
        headers: { 'x-amzn-errortype': 'InvalidSignatureException' },
        body: { code: 'InvalidSignatureException', error: expect.stringMatching(/^Signature expired/) },
      })
    }))
})

describe('sigv4Authorizer', () => {
  it('refuses who has not signed, alike for invocations and sockets, and leaves /ping open', () =>
    served(withSigv4(), async (at) => {
      expect(await refusedBoth(at)).toMatchObject({
        status: 403,
        code: 'MissingAuthenticationTokenException',
        error: 'Missing Authentication Token',
        headers: { 'x-amzn-errortype': 'MissingAuthenticationTokenException' },
      })
      expect(await refusedBoth(at, { authorization: 'Bearer abc' })).toMatchObject({ code: 'AccessDeniedException' })
      expect((await ask(at.port, { path: '/ping', method: 'GET' })).status).toBe(200)
      expect((await ask(at.port, { path: '/other', method: 'GET' })).status).toBe(403)
      expect((await send(at, { path: '/other', method: 'GET' })).status).toBe(404)
    }))

  it('hands the body on as it came: compressed, empty, of no JSON, of no UTF-8', () =>
    served(withSigv4(), async (at) => {
      const statusOf = async (unsigned: Unsigned): Promise<ReadonlyArray<unknown>> => {
        const { status, text } = await send(at, unsigned)
        return [
          status,
          status === 200 ? (JSON.parse(text) as { readonly payload: unknown }).payload : failureIn(text).code,
        ]
      }
      expect(await statusOf({ body: '{"a":"é"}' })).toEqual([200, { a: 'é' }])
      expect(await statusOf({ body: gzipSync('[1]'), headers: { 'content-encoding': 'gzip' } })).toEqual([200, [1]])
      expect(await statusOf({ body: '' })).toEqual([400, 'INVALID_JSON'])
      expect(await statusOf({ body: '{' })).toEqual([400, 'INVALID_JSON'])
      expect(await statusOf({ body: new Uint8Array([0x22, 0xff, 0x22]) })).toEqual([400, 'INVALID_ENCODING'])
    }))

  const small: Sigv4Options = { maxBody: 1000 }

  it('holds no more of a body in memory than it may', () =>
    served(withSigv4(small), async (at) => {
      expect((await send(at, { body: JSON.stringify('x'.repeat(998)) })).status).toBe(200)
      const large = await send(at, { body: JSON.stringify('x'.repeat(999)) })
      expect([large.status, failureIn(large.text).code]).toEqual([413, 'PAYLOAD_TOO_LARGE'])
      const request = await signed({ body: 'x'.repeat(5000) }, { date: new Date(), host: `127.0.0.1:${at.port}` })
      const { host: _, ...headers } = request.headers
      const chunked = await ask(at.port, {
        headers: { ...headers, 'transfer-encoding': 'chunked' },
        body: request.body,
      })
      expect(chunked.status).toBe(413)
    }))

  it('does not read the body of who cannot be let in anyway', () =>
    served(withSigv4(small), async (at) => {
      const large = { body: 'x'.repeat(5000) }
      expect((await send(at, large, { region: 'eu-west-1' })).status).toBe(403)
      expect((await send(at, large, { by: { ...credentials, secretAccessKey: 'wrong' } })).status).toBe(403)
      expect((await send(at, large)).status).toBe(413)
    }))

  it('takes what a middleware before it has read, if it has left the bytes', () => {
    const reading = (keeps: boolean) =>
      use(async (ctx, next) => {
        const parts: Array<Buffer> = []
        for await (const part of ctx.req) parts.push(part as Buffer)
        Object.assign(ctx.request, keeps ? { rawBody: Buffer.concat(parts) } : { body: {} })
        await next()
      })
    return served(pipe(reading(true), withSigv4()), async (at) => {
      expect((await send(at, { body: '[1]' })).status).toBe(200)
    }).then(() =>
      served(pipe(reading(false), withSigv4()), async (at) => {
        expect((await send(at, { body: '[1]' })).status).toBe(500)
        expect(at.lines.join('')).toContain('A middleware before sigv4Authorizer has already read the body')
      }),
    )
  })

  it('does not believe a caller that another middleware has made up', () => {
    const fake = use((ctx, next) => {
      ctx.state['caller'] = { accessKeyId: 'AKIDEXAMPLE' }
      return next()
    })
    const late = pipe(sigv4Authorizer({ credentials, region: 'us-west-2' }), fake, tellsCaller)
    return served(late, async (at) => expect((await send(at, { body: '{}' })).status).toBe(401))
  })

  it('leaves other paths open where it is told to, but never the handlers', () =>
    served(withSigv4({ open: ['/health', '/invocations', '/ws'] }), async (at) => {
      expect((await ask(at.port, { path: '/health', method: 'GET' })).status).toBe(404)
      expect((await refusedBoth(at)).status).toBe(403)
    }))
})

describe('an agent without its authorizer', () => {
  it('does not compile', () => {
    const compiles = (): void => {
      // @ts-expect-error nobody provides `caller`
      createApp(tellsCaller)
      createApp(websocket(() => TE.right(undefined)))
    }
    expect(compiles).toBeInstanceOf(Function)
  })
})
