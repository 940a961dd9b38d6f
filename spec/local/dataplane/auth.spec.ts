/** Who may call the data plane: real tokens of an OpenID provider, and requests that the client of AWS has signed. */
import { once } from 'node:events'
import { BedrockAgentCoreClient, InvokeAgentRuntimeCommand } from '@aws-sdk/client-bedrock-agentcore'
import * as E from 'fp-ts/Either'
import * as TE from 'fp-ts/TaskEither'
import { WebSocket } from 'ws'
import { createClient, Sigv4 } from '../../../lib/client'
import { jwtAuth, sigv4Auth } from '../../../lib/local'
import { type At, ask, errorOf, invoke, local, sessionId, valueOf } from '../support'
import { systemClock } from '../../../lib/node/Clock'
import { configOf, discoveryUrlOf, freePort, protocolsOf, withOidc } from '../../auth/oidc'

const a = sessionId('a')

const silent = () => () => undefined

/** The status that a handshake is refused with. */
const refusalOf = async (url: string): Promise<number | undefined> => {
  const client = new WebSocket(url)
  client.on('error', () => undefined) // it is given up before it is open
  const [, refused] = (await once(client, 'unexpected-response')) as [unknown, { readonly statusCode?: number }]
  client.terminate()
  return refused.statusCode
}

const signing = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret-of-the-spec' }

const mismatch = {
  _tag: 'AccessDeniedException',
  status: 403,
  message: expect.stringMatching(/^Authorization method mismatch\. The agent is configured for a different/),
  requestId: expect.stringMatching(/./),
}

const log = { debug: silent, info: silent, warn: silent, error: silent }

describe('the JWT authorizer of an agent', () => {
  it('lets in a token of its provider, and no other', () =>
    withOidc({}, async ({ discoveryUrl, token }) => {
      const config = configOf({ discoveryUrl, allowedClients: ['caller'], allowedScopes: ['invoke'] })
      await local(jwtAuth(config, systemClock, log), async (at) => {
        const good = await token()
        expect(valueOf(await invoke(at, a, { text: 'hi' }, { authorization: `Bearer ${good}` }))['wish']).toEqual({
          text: 'hi',
        })
        const bad: ReadonlyArray<readonly [Readonly<Record<string, string>>, RegExp]> = [
          [{}, /^Missing Authentication Token$/],
          [{ authorization: `Bearer ${good.slice(0, -8)}AAAAAAAA` }, /not signed with a key of the provider/],
          [{ authorization: 'Bearer ' }, /empty/],
          [{ authorization: 'Basic YTpi' }, /^Missing Authentication Token$/],
        ]
        for (const [headers, message] of bad) {
          expect(errorOf(await invoke(at, a, {}, headers))).toEqual([
            401,
            'UnauthorizedException',
            expect.stringMatching(message),
          ])
        }
        const metadata = await ask(at, at.path('invocations/.well-known/oauth-protected-resource'), { method: 'GET' })
        expect(valueOf(metadata)).toMatchObject({ scopes_supported: ['invoke'], bearer_methods_supported: ['header'] })
      })
    }))

  it('tells a caller who signs that tokens are asked for, as the service does', () =>
    withOidc({}, async ({ discoveryUrl }) => {
      const config = configOf({ discoveryUrl, allowedClients: ['caller'] })
      await local(jwtAuth(config, systemClock, log), async (at) => {
        const client = createClient({ runtimeArn: at.arn, endpoint: at.url, credentials: signing })
        await expect(client.invoke({})).rejects.toMatchObject({ failure: mismatch })
        const { url } = await client.generatePresignedUrl({ sessionId: a })
        expect(await refusalOf(url)).toBe(403)
        client.close()
      })
    }))

  it('lets a browser in by the subprotocol, and answers a stranger before the upgrade', () =>
    withOidc({}, async ({ discoveryUrl, token }) => {
      const config = configOf({ discoveryUrl, allowedClients: ['caller'] })
      await local(jwtAuth(config, systemClock, log), async (at) => {
        const url = `ws://127.0.0.1:${at.port}${at.path('ws')}`
        const client = new WebSocket(url, [...protocolsOf(await token())])
        await once(client, 'open')
        expect(client.protocol).toBe('base64UrlBearerAuthorization')
        client.close()
        await once(client, 'close')
        expect(await refusalOf(url)).toBe(401)
      })
    }))

  it('lets nobody in while the provider is down', async () => {
    const config = configOf({ discoveryUrl: discoveryUrlOf(await freePort()), allowedClients: ['caller'] })
    await local(jwtAuth(config, systemClock, log), async (at) => {
      const token = `${Buffer.from('{"alg":"RS256"}').toString('base64url')}.e30.AAAA`
      const got = await invoke(at, a, {}, { authorization: `Bearer ${token}` })
      expect(errorOf(got).slice(0, 2)).toEqual([401, 'UnauthorizedException'])
      expect(at.overview().sessions).toEqual([])
    })
  })
})

describe('AWS signatures', () => {
  const credentials = signing
  const guarded = sigv4Auth(TE.right(credentials), 'us-east-1', systemClock, log)

  const asked = async (at: At, by: typeof credentials): Promise<unknown> => {
    const client = new BedrockAgentCoreClient({
      endpoint: at.url,
      region: 'us-east-1',
      credentials: by,
      maxAttempts: 1,
    })
    try {
      const { response } = await client.send(
        new InvokeAgentRuntimeCommand({
          agentRuntimeArn: at.arn,
          runtimeSessionId: a,
          payload: Buffer.from('{"text":"hi"}'),
        }),
      )
      return (JSON.parse((await response?.transformToString()) ?? '') as { readonly wish: unknown }).wish
    } finally {
      client.destroy()
    }
  }

  it('of the local credentials are taken from the client of AWS, those of others are not', () =>
    local(guarded, async (at) => {
      expect(await asked(at, credentials)).toEqual({ text: 'hi' })
      await expect(asked(at, { ...credentials, secretAccessKey: 'wrong' })).rejects.toMatchObject({
        name: 'AccessDeniedException',
        message: expect.stringContaining('does not match'),
      })
      expect(errorOf(await invoke(at, a, {})).slice(0, 2)).toEqual([403, 'AccessDeniedException'])
    }))

  it('in a presigned URL open a socket', () =>
    local(guarded, async (at) => {
      const client = createClient({ runtimeArn: at.arn, endpoint: at.url, credentials })
      try {
        const { url } = await client.generatePresignedUrl({ sessionId: a })
        const socket = new WebSocket(url)
        await once(socket, 'open')
        socket.close()
        await once(socket, 'close')
        expect(await refusalOf(url.replace('X-Amz-Expires=300', 'X-Amz-Expires=299'))).toBe(403)
      } finally {
        client.close()
      }
    }))

  it('in a presigned URL may leave out the port of the host, as the official clients do', () =>
    local(guarded, async (at) => {
      const query = `X-Amzn-Bedrock-AgentCore-Runtime-Session-Id=${a}`
      const sign = (host: string, secret = credentials.secretAccessKey): string => {
        const signed = Sigv4.presign(
          `ws://${host}${at.path('ws')}?${query}`,
          { ...credentials, secretAccessKey: secret },
          { region: 'us-east-1' },
          Date.now(),
        )
        if (E.isLeft(signed)) throw new Error(signed.left._tag)
        return signed.right.replace(`//${host}/`, `//127.0.0.1:${at.port}/`)
      }
      const socket = new WebSocket(sign('127.0.0.1'))
      await once(socket, 'open')
      socket.close()
      await once(socket, 'close')
      expect(await refusalOf(sign('127.0.0.1', 'wrong'))).toBe(403)
      expect(await refusalOf(sign('example.org'))).toBe(403)
    }))

  it('are dated by the clock of the runtime where that of the caller is wrong', () =>
    local(guarded, async (at) => {
      const effects = { now: () => Date.now() + 600_000 }
      const client = createClient({ runtimeArn: at.arn, endpoint: at.url, credentials, effects })
      expect(await client.invoke({ text: 'hi' })).toMatchObject({ value: { wish: { text: 'hi' } } })
      client.close()
    }))

  it('are asked for where a token comes', () =>
    local(guarded, async (at) => {
      const client = createClient({ runtimeArn: at.arn, endpoint: at.url, bearerToken: 'a.b.c' })
      await expect(client.invoke({})).rejects.toMatchObject({ failure: mismatch })
      client.close()
    }))

  it('cannot be checked without credentials: then nobody is let in', () =>
    local(sigv4Auth(TE.left('none here'), 'us-east-1', systemClock, log), async (at) => {
      await expect(asked(at, credentials)).rejects.toMatchObject({ name: 'AccessDeniedException' })
    }))
})
