/** Resolves the inbound authentication of a host plan. */
import * as E from 'fp-ts/Either'
import * as AuthorizerConfig from '../../../auth/rules/AuthorizerConfig'
import { fromChain } from '../../../client/auth/Credentials'
import type { Log } from '../../../core/Log'
import { type InboundAuth, jwtAuth, sigv4Auth } from '../../../local'
import { systemClock } from '../../../node/Clock'
import { type CliError, failed } from '../../program/CliError'
import type { HostPlan, Inbound } from './HostPlan'

const toRegion = ({ region, arn }: HostPlan): string => region ?? arn?.split(':')[3] ?? 'us-east-1'

/** The authorizer's configuration. Left: every fault of it, with its path. */
export const toAuthorizer = (config: unknown): E.Either<CliError, AuthorizerConfig.AuthorizerConfig> => {
  const decoded = AuthorizerConfig.decode(config)
  if (E.isRight(decoded)) return decoded
  const issues = decoded.left.map(({ path, message }) => `${path} ${message}`.trim())
  return E.left(
    failed(
      'AUTHORIZER_INVALID',
      `authorizer_configuration: ${issues.join('; ')}`,
      'set it again with agentcore configure --authorizer-config, or deploy with --auth none',
    ),
  )
}

/** The authenticator of callers. Credentials are resolved on the first request. */
export const inboundAuth = (plan: HostPlan, log: Log): E.Either<CliError, Partial<InboundAuth>> => {
  const inbound: Inbound = plan.inbound
  switch (inbound._tag) {
    case 'none':
      return E.right({})
    case 'sigv4':
      return E.right(sigv4Auth(fromChain(), toRegion(plan), systemClock, log))
    case 'jwt':
      return E.map((config: AuthorizerConfig.AuthorizerConfig) => jwtAuth(config, systemClock, log))(
        toAuthorizer(inbound.config),
      )
  }
}
