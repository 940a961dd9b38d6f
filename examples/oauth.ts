/**
 * An agent behind OAuth: it answers whoever brings a token of the provider that the configuration names, and knows who
 * that is. The configuration is the JSON that `agentcore configure --authorizer-config` takes, in AUTHORIZER_CONFIG.
 */
import {
  type AgentError,
  type Context,
  createApp,
  entrypoint,
  Handler,
  type PlainContext,
  websocket,
} from 'agentcore-fp'
import { AuthorizerConfig, type Claims, jwtAuthorizer } from 'agentcore-fp/auth'
import { E, pipe, t, TE } from 'agentcore-fp/fp'

interface Known {
  readonly claims: Claims
}

const Prompt = t.type({ prompt: t.string })

const nameOf = ({ claims }: Known): string => claims.sub ?? 'whoever you are'

/** The handlers ask for the claims of their caller: without an authorizer this is no agent that can be served. */
const handlers = pipe(
  entrypoint(Prompt, ({ prompt }, { state }: Context.Context<Known>) =>
    TE.right({ result: `Hello ${nameOf(state)}, you said: ${prompt}` }),
  ),
  websocket(
    Handler.fromMessages(async function* (messages: AsyncIterable<unknown>, { state }: PlainContext<Known>) {
      yield { hello: nameOf(state) }
      for await (const message of messages) yield { echo: message }
    }),
  ),
)

/** The agent for a configuration. */
export const agentFor = (config: AuthorizerConfig.AuthorizerConfig) => pipe(jwtAuthorizer(config), handlers)

const example =
  '{"customJWTAuthorizer":{"discoveryUrl":"https://issuer.example.org/.well-known/openid-configuration","allowedClients":["my-client"]}}'

const complain = (issues: ReadonlyArray<AgentError.Issue>): void => {
  for (const { path, message } of issues) process.stderr.write(`AUTHORIZER_CONFIG ${path}: ${message}\n`)
  process.stderr.write(`Set it to JSON such as ${example}\n`)
  process.exitCode = 1
}

if (require.main === module) {
  pipe(
    AuthorizerConfig.parse(process.env['AUTHORIZER_CONFIG'] ?? ''),
    E.match(complain, (config) => void createApp(agentFor(config)).run()),
  )
}
