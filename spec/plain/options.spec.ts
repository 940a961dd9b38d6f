/** What those who write JavaScript are told of options that are misspelled or wrong, when they pass them. */
import * as auth from '../../lib/auth'
import { createClient } from '../../lib/client'
import * as browser from '../../lib/client/browser'
import { createApp, entrypoint, perSession, ping, pipe, websocket } from '../../lib/plain'
import { bodyParser } from '../../lib'
import { strands } from '../../lib/strands'
import { openSocket, testContext } from '../../lib/testing'

/** A function as JavaScript sees it: no types hold its caller back. */
type Loose = (...args: ReadonlyArray<unknown>) => unknown

// The compiler would refuse each of the calls below, which is what they are about.
const loose = (f: unknown): Loose => f as Loose

const thrownBy = async (f: () => unknown): Promise<string> => {
  try {
    await f()
    return 'nothing was thrown'
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  }
}

const echo = (messages: AsyncIterable<unknown>): AsyncIterable<unknown> => messages
const agent = entrypoint(() => 'hello')
const config = auth.AuthorizerConfig.decodeOrThrow({
  customJWTAuthorizer: {
    discoveryUrl: 'https://issuer.example.org/.well-known/openid-configuration',
    allowedClients: ['me'],
  },
})
const keys = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' }
const quiet = { log: { level: 'silent' } } as const
const url = 'http://127.0.0.1:9'

describe('a misspelled or wrong option', () => {
  it.each<readonly [string, () => unknown, string]>([
    [
      'of createApp',
      () => loose(createApp)(agent, { prot: 1 }),
      'TypeError: createApp: invalid option "prot": there is no such option. Did you mean "port" of app.run?',
    ],
    [
      'of a group of createApp',
      () => loose(createApp)(agent, { session: { idleTimeOut: 1 } }),
      'TypeError: createApp: invalid option "session.idleTimeOut": there is no such option. Did you mean "session.idleTimeout"?',
    ],
    [
      'of createApp, of the wrong type',
      () => loose(createApp)(agent, { deadline: '60s' }),
      'TypeError: createApp: invalid option "deadline": expected a number from 0, got a string',
    ],
    [
      'of app.stop',
      () => loose(createApp(agent, quiet).stop)({ timout: 1 }),
      'TypeError: app.stop: invalid option "timout": there is no such option. Did you mean "timeout"?',
    ],
    [
      'of app.inject',
      () => loose(createApp(agent, quiet).inject)('/ping', { metod: 'GET' }),
      'TypeError: inject: invalid option "metod": there is no such option. Did you mean "method"?',
    ],
    [
      'of perSession',
      () => loose(perSession)(() => ({}), { dispos: () => undefined }),
      'TypeError: perSession: invalid option "dispos": there is no such option. Did you mean "dispose"?',
    ],
    [
      'of bodyParser',
      () => loose(bodyParser)({ jsonLimits: '1mb' }),
      'TypeError: bodyParser: invalid option "jsonLimits": there is no such option. Did you mean "jsonLimit"?',
    ],
    [
      'of a pair of codecs',
      () => loose(entrypoint)({ inbound: {}, outbond: {} }, () => 1),
      'TypeError: entrypoint: invalid option "outbond": there is no such option. Did you mean "outbound"?',
    ],
    [
      'of websocket',
      () => loose(websocket)({ formt: 'text' }, echo),
      'TypeError: websocket: invalid option "formt": there is no such option. Did you mean "format"?',
    ],
    [
      'of jwtAuthorizer',
      () => loose(auth.jwtAuthorizer)(config, { claim: {} }),
      'TypeError: jwtAuthorizer: invalid option "claim": there is no such option. Did you mean "claims"?',
    ],
    [
      'of the provider of jwtAuthorizer',
      () => loose(auth.jwtMiddleware)(config, { provider: { cooldwn: 1 } }),
      'TypeError: jwtMiddleware: invalid option "provider.cooldwn": there is no such option. Did you mean "provider.cooldown"?',
    ],
    [
      'of sigv4Authorizer',
      () => loose(auth.sigv4Authorizer)({ credentials: keys, regoin: 'us-west-2' }),
      'TypeError: sigv4Authorizer: invalid option "regoin": there is no such option. Did you mean "region"?',
    ],
    [
      'that sigv4Authorizer needs',
      () => loose(auth.sigv4Authorizer)({ region: 'us-west-2' }),
      'TypeError: sigv4Authorizer: invalid option "credentials": it is missing; expected an object or an array of them',
    ],
    [
      'of createClient',
      () => loose(createClient)({ url, bearertoken: 'x' }),
      'ClientFailure: Invalid option "bearertoken" of createClient: there is no such option. Did you mean "bearerToken"?',
    ],
    [
      'of a call of the client',
      () => loose(createClient({ url }).invoke)({}, { sesionId: 'x' }),
      'ClientFailure: Invalid option "sesionId" of invoke: there is no such option. Did you mean "sessionId"?',
    ],
    [
      'of a stop of the client',
      () => loose(createClient({ url }).stopSession)('user-7-conversation-2026-11-25-0001', { atempts: 1 }),
      'ClientFailure: Invalid option "atempts" of stopSession: there is no such option. Did you mean "attempts"?',
    ],
    [
      'of an agent card',
      () => loose(createClient({ url }).agentCard)({ session: 'x' }),
      'ClientFailure: Invalid option "session" of agentCard: there is no such option. Did you mean "sessionId"?',
    ],
    [
      'of a socket of the client',
      () => loose(createClient({ url }).connect)({ formt: 'text' }),
      'ClientFailure: Invalid option "formt" of connect: there is no such option. Did you mean "format"?',
    ],
    [
      'of a shell of the client',
      () => loose(createClient({ url }).shell)({ shelId: 'x' }),
      'ClientFailure: Invalid option "shelId" of shell: there is no such option. Did you mean "shellId"?',
    ],
    [
      'of a signed URL',
      () => loose(createClient({ url }).generatePresignedUrl)({ expire: 1 }),
      'ClientFailure: Invalid option "expire" of generatePresignedUrl: there is no such option. Did you mean "expires"?',
    ],
    [
      'of a client in a page',
      () => loose(browser.createClient)({ uri: url }),
      'ClientFailure: Invalid option "uri" of createClient: there is no such option. Did you mean "url"?',
    ],
    [
      'of chatTransport',
      () => loose(browser.chatTransport)({ url, message: 'last' }),
      'ClientFailure: Invalid option "message" of chatTransport: there is no such option. Did you mean "messages"?',
    ],
    [
      'of streamInvoke',
      () => loose(browser.streamInvoke)(url, {}, { onevents: () => undefined }),
      'ClientFailure: Invalid option "onevents" of streamInvoke: there is no such option. Did you mean "onEvent"?',
    ],
    [
      'that streamInvoke needs',
      () => loose(browser.streamInvoke)(url, {}, {}),
      'ClientFailure: Invalid option "onEvent" of streamInvoke: it is missing; expected a function',
    ],
    [
      'of strands',
      () => loose(strands)(() => ({}), { ouput: () => undefined }),
      'TypeError: strands: invalid option "ouput": there is no such option. Did you mean "output"?',
    ],
    [
      'of a context for a test',
      () => loose(testContext)({ usrId: 'ann' }),
      'TypeError: testContext: invalid option "usrId": there is no such option. Did you mean "userId"?',
    ],
    [
      'of a socket for a test',
      () => loose(openSocket)(createApp(agent, quiet), { protocol: [] }),
      'TypeError: openSocket: invalid option "protocol": there is no such option. Did you mean "protocols"?',
    ],
  ])('%s is named, with the one that is meant', async (_, call, message) => expect(await thrownBy(call)).toBe(message))
})

describe('an argument of another kind', () => {
  it.each<readonly [string, () => unknown, RegExp]>([
    [
      'jwtAuthorizer checks a configuration that was not decoded',
      () => loose(auth.jwtAuthorizer)({ discoveryUrl: 'https://issuer.example.org' }),
      /^Error: Invalid authorizer configuration: .*discoveryUrl: unknown field; expected one of customJWTAuthorizer/,
    ],
    [
      'so that no check of it is misspelled',
      () =>
        loose(auth.jwtMiddleware)({ customJWTAuthorizer: { ...config.customJWTAuthorizer, allowedClient: ['me'] } }),
      /^Error: Invalid authorizer configuration: .*allowedClient: unknown field/,
    ],
    [
      'pipe names the handler that is no descriptor',
      () =>
        loose(pipe)(
          function answer() {
            return 'hello'
          },
          ping(() => 'Healthy'),
        ),
      /^TypeError: The argument of pipe before ping must be a descriptor, not the function "answer": wrap a handler in entrypoint/,
    ],
    [
      'and options in its place',
      () => loose(pipe)({ handler: () => 1 }, websocket(echo)),
      /^TypeError: The argument of pipe before websocket must be a descriptor, such as entrypoint\(handler\), not a value of type object/,
    ],
    [
      'websocket asks for codecs of both directions',
      () => loose(websocket)({ decode: () => undefined }, echo),
      /^TypeError: websocket takes a pair of codecs, \{ inbound, outbound \}, not a single one/,
    ],
  ])('%s', async (_, call, message) => expect(await thrownBy(call)).toMatch(message))
})

it('options that are undefined are as if they were absent', async () => {
  const undefinedOptions = { maxBody: undefined, session: { max: undefined }, ...quiet }
  const app = loose(createApp)(agent, undefinedOptions) as ReturnType<typeof createApp>
  const body = `"${'x'.repeat(1_000_000)}"`
  expect((await app.inject('/invocations', { method: 'POST', body })).status).toBe(200)
  const small = createApp(agent, { ...quiet, maxBody: 1000 })
  expect((await small.inject('/invocations', { method: 'POST', body })).status).toBe(413)
})
