/** The credentials of a command, and the client environment that uses them. */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import type { ClientError } from '../../client/error/ClientError'
import type { Environment } from '../../client/transport/Environment'
import { type AuthOptions, type ClientOptions, environment } from '../../client/Options'
import { type AgentConfig, isSet } from '../../config/Project'
import { deployedHint } from '../cloud/DeployedHint'
import type { Cli } from '../program/Cli'
import { client, type CliError, failed, usage } from '../program/CliError'
import { type AgentLocation, unreachableHint } from './AgentLocation'

/** The environment variable for a bearer token. */
export const tokenVariable = 'BEDROCK_AGENTCORE_BEARER_TOKEN'

/** The credentials given on the command line. */
export interface Caller {
  readonly bearerToken: string | undefined
  /** A profile of the AWS configuration. */
  readonly profile?: string | undefined
}

const noToken = failed('NO_TOKEN', 'The agent requires a bearer token', `pass --bearer-token, or set ${tokenVariable}`)

/** A bearer token if one is given or the agent requires one; what a local runtime requires; else AWS credentials. */
const toAuth = (
  { env }: Cli,
  reach: AgentLocation,
  agent: AgentConfig | undefined,
  { bearerToken, profile }: Caller,
): E.Either<CliError, AuthOptions> => {
  if (bearerToken === '') return E.left(usage('--bearer-token: the token is empty', 'pass a token'))
  if (bearerToken !== undefined) return E.right({ bearerToken })
  if (reach._tag === 'Dev') return E.right({})
  const takes = reach._tag === 'Local' ? reach.record.auth : undefined
  if (takes === 'none') return E.right({ anonymous: true })
  if (takes === 'jwt' || (takes === undefined && isSet(agent?.authorizer_configuration))) {
    const token = env[tokenVariable]
    return token === undefined || token === '' ? E.left(noToken) : E.right({ bearerToken: token })
  }
  if (reach._tag === 'Local' && takes === undefined) return E.right({ anonymous: true })
  // Nothing says what an agent accepts that was given by its ARN alone: a token that is there is meant for it.
  const token = agent === undefined ? (env[tokenVariable] ?? '') : ''
  if (token !== '' && profile === undefined) return E.right({ bearerToken: token })
  return E.right(profile === undefined ? {} : { profile })
}

const toTarget = (reach: AgentLocation): ClientOptions => {
  switch (reach._tag) {
    case 'Dev':
      return { url: reach.url }
    case 'Local':
      return { runtimeArn: reach.record.arn, endpoint: reach.record.endpoint }
    case 'Deployed':
      return { runtimeArn: reach.arn, ...(reach.endpoint === undefined ? {} : { qualifier: reach.endpoint }) }
  }
}

/** How the agent was called, for the commands to paste that a failure names. */
export interface Called {
  readonly agent?: string | undefined
  readonly arn?: string | undefined
  readonly hasToken: boolean
}

/** How an agent is called with these flags. */
export const toCalled = (
  cli: Cli,
  reach: AgentLocation,
  agent: AgentConfig | undefined,
  flags: Caller & Omit<Called, 'hasToken'>,
): Called => ({
  agent: flags.agent,
  arn: flags.arn,
  hasToken: pipe(
    toAuth(cli, reach, agent, flags),
    E.match(
      () => false,
      ({ bearerToken }) => bearerToken !== undefined,
    ),
  ),
})

/** Converts a client failure, with a hint for its location. */
export const failure =
  (reach: AgentLocation, called: Called = { hasToken: false }) =>
  (error: ClientError): CliError => {
    if (error._tag === 'ConnectionFailed' || error._tag === 'ConnectTimeout')
      return client(error, unreachableHint(reach))
    if (reach._tag !== 'Deployed') return client(error)
    const { agent, arn, hasToken } = called
    const which = [
      ...(agent === undefined ? [] : [` --agent ${agent}`]),
      ...(arn === undefined ? [] : [` --arn ${arn}`]),
      ...(reach.endpoint === undefined ? [] : [` --endpoint ${reach.endpoint}`]),
    ].join('')
    return client(error, deployedHint(error, { which, hasToken }))
  }

/** Runs with an environment for the agent, whose connections are closed afterwards. Left: as `use`, and what is wrong. */
export const withEnvironment =
  (cli: Cli, reach: AgentLocation, agent: AgentConfig | undefined, caller: Caller) =>
  <A>(use: (env: Environment) => TE.TaskEither<CliError, A>): TE.TaskEither<CliError, A> =>
    pipe(
      TE.fromEither(toAuth(cli, reach, agent, caller)),
      TE.chainEitherK((auth) =>
        pipe(environment({ ...toTarget(reach), ...auth, variables: cli.env }), E.mapLeft(failure(reach))),
      ),
      TE.chain((env) => TE.bracket(TE.right<CliError, Environment>(env), use, () => TE.fromIO(env.close))),
    )
