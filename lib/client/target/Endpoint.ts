/**
 * Where the data plane is: the hosts of AWS, or what stands in for them. An endpoint is an origin, with a base path if
 * it has one, without a slash at its end.
 *
 * An endpoint that was named on purpose may be `http` anywhere, as those of the AWS SDKs may: a container or a test bed
 * often has no certificate. What AWS itself is called by is always `https`.
 *
 * @since 0.2.0
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import type { ClientError } from '../error/ClientError'
import { type Partition, toPartition, type Region } from '../../core/Region'
import { shown } from '../error/HeaderText'

/** The variables of a process, as `process.env` has them. */
export type Variables = Readonly<Record<string, string | undefined>>

// ---------------------------------------------------------------------------------------------------------------------
// endpoints that were named
// ---------------------------------------------------------------------------------------------------------------------

/** An endpoint as a message may show it: without what stands before an `@` or behind the path, where secrets are. */
const withoutSecrets = (text: string): string => shown(text.replace(/^.*@/s, '…@').replace(/[?#].*$/s, '?…'))

const refuse = (text: string, reason: string): E.Either<ClientError, never> =>
  E.left({ _tag: 'InvalidEndpoint', endpoint: withoutSecrets(text), reason })

/** Whether a path is of characters that no encoding changes, whoever writes it. */
export const isPath = (path: string): boolean => /^(?:[\w\-.~!$&'()*+,;=:@/]|%[\dA-Fa-f]{2})*$/.test(path)

/** An endpoint from a URL. Left: `InvalidEndpoint`. */
export const parse = (text: string): E.Either<ClientError, string> => {
  if (text.length > 2048) return refuse(text, 'too long')
  if (/[^\x21-\x7e]|\\/.test(text)) return refuse(text, 'it contains a space, a backslash or a non-ASCII character')
  if (!/^https?:\/\/[^/]/i.test(text) || !URL.canParse(text))
    return refuse(text, 'expected http(s)://host[:port][/path]')
  const { protocol, host, pathname, username, password } = new URL(text)
  if (username !== '' || password !== '' || /^[^/]*\/\/[^/]*@/.test(text))
    return refuse(text, 'it contains a user name or password')
  if (/[?#]/.test(text)) return refuse(text, 'it has a query or a fragment')
  if (pathname.includes('//') || !isPath(pathname))
    return refuse(text, 'the path has empty segments or is not percent-encoded')
  return E.right(`${protocol}//${host}${pathname.replace(/\/$/, '')}`)
}

const set = (variables: Variables, name: string): O.Option<string> =>
  pipe(
    O.fromNullable(variables[name]),
    O.filter((value) => value !== ''),
  )

const isOn = (variables: Variables, name: string): boolean => variables[name]?.toLowerCase() === 'true'

/** The variables of the AWS SDKs that name an endpoint, then that of the AgentCore SDK. */
const sdkVariables = ['AWS_ENDPOINT_URL_BEDROCK_AGENTCORE', 'AWS_ENDPOINT_URL']
const agentCoreVariable = 'BEDROCK_AGENTCORE_DATA_PLANE_ENDPOINT'

/** The first endpoint that is named, by the argument or by a variable. */
const named = (endpoint: string | undefined, variables: Variables): O.Option<string> => {
  if (endpoint !== undefined) return O.some(endpoint)
  const names = isOn(variables, 'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS')
    ? [agentCoreVariable]
    : [...sdkVariables, agentCoreVariable]
  return names.reduce<O.Option<string>>((found, name) => (O.isSome(found) ? found : set(variables, name)), O.none)
}

// ---------------------------------------------------------------------------------------------------------------------
// those of AWS
// ---------------------------------------------------------------------------------------------------------------------

const suffixes: Readonly<Record<Partition, { readonly plain: string; readonly dualStack: string }>> = {
  aws: { plain: 'amazonaws.com', dualStack: 'api.aws' },
  'aws-us-gov': { plain: 'amazonaws.com', dualStack: 'api.aws' },
  'aws-cn': { plain: 'amazonaws.com.cn', dualStack: 'api.amazonwebservices.com.cn' },
}

/** Which kind of AWS's endpoints is meant. */
export interface Kind {
  readonly fips: boolean
  readonly dualStack: boolean
}

/** The endpoint of AWS in a region. */
export const fromRegion = (region: Region, { fips, dualStack }: Kind): string => {
  const suffix = suffixes[toPartition(region)][dualStack ? 'dualStack' : 'plain']
  return `https://bedrock-agentcore${fips ? '-fips' : ''}.${region}.${suffix}`
}

// ---------------------------------------------------------------------------------------------------------------------
// which one
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The endpoint of a region: `endpoint` if it is given, else the first that is set of `AWS_ENDPOINT_URL_BEDROCK_AGENTCORE`,
 * `AWS_ENDPOINT_URL` (both unless `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS`) and `BEDROCK_AGENTCORE_DATA_PLANE_ENDPOINT`, else
 * that of AWS, as `AWS_USE_FIPS_ENDPOINT` and `AWS_USE_DUALSTACK_ENDPOINT` have it. Left: `InvalidEndpoint`.
 */
export const resolve = (
  region: Region,
  { endpoint, variables = {} }: { readonly endpoint?: string | undefined; readonly variables?: Variables },
): E.Either<ClientError, string> =>
  pipe(
    named(endpoint, variables),
    O.match(
      () =>
        E.right(
          fromRegion(region, {
            fips: isOn(variables, 'AWS_USE_FIPS_ENDPOINT'),
            dualStack: isOn(variables, 'AWS_USE_DUALSTACK_ENDPOINT'),
          }),
        ),
      parse,
    ),
  )
