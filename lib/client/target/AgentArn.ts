/**
 * The ARN of an agent runtime: `arn:{partition}:bedrock-agentcore:{region}:{account}:runtime/{name}-{10 characters}`.
 * That of one of its endpoints, with `/runtime-endpoint/{name}` behind, is one too.
 *
 * @since 0.2.0
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import type { ClientError } from '../error/ClientError'
import * as Arn from '../../core/Arn'
import { type Partition, type Region, toPartition } from '../../core/Region'
import { shown } from '../error/HeaderText'
import { parse as parseRegion } from './RegionName'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** The parts of the ARN. `arn` is that of the runtime, without an endpoint. */
export interface RuntimeArn {
  readonly arn: string
  readonly partition: Partition
  readonly region: Region
  /** Twelve digits. */
  readonly account: string
  /** `{name}-{10 characters}`. */
  readonly id: string
  /** The name of an endpoint, if the ARN is of one. */
  readonly endpoint: O.Option<string>
}

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

const form = 'arn:{aws, aws-us-gov or aws-cn}:bedrock-agentcore:{region}:{12 digits}:runtime/{name}-{10 characters}'

const isPartition = (text: string): text is Partition => ['aws', 'aws-us-gov', 'aws-cn'].includes(text)

/**
 * Checks whether a text is the name of an endpoint, as the qualifier of a call must be.
 *
 * @example
 * ```ts
 * import { RuntimeArn } from 'agentcore-fp/client'
 *
 * export const valid = RuntimeArn.isEndpointName('prod') // true
 * ```
 */
export const isEndpointName = (text: string): boolean => /^[a-zA-Z][a-zA-Z0-9_]{0,47}$/.test(text)

/** The id of a runtime, and the endpoint, of the ARN's last part. */
const resourceIn = (text: string): O.Option<Pick<RuntimeArn, 'id' | 'endpoint'>> => {
  const [kind, id = '', below, name = '', ...rest] = text.split('/', 5)
  if (kind !== 'runtime' || !Arn.isRuntimeId(id)) return O.none
  if (below === undefined) return O.some({ id, endpoint: O.none })
  return below === 'runtime-endpoint' && isEndpointName(name) && rest.length === 0
    ? O.some({ id, endpoint: O.some(name) })
    : O.none
}

/**
 * Parses the ARN of an agent runtime. Left: `InvalidArn`, or `InvalidRegion` for the region in it.
 *
 * @example
 * ```ts
 * import { RuntimeArn } from 'agentcore-fp/client'
 *
 * export const arn = RuntimeArn.parse('arn:aws:bedrock-agentcore:us-west-2:123456789012:runtime/my_agent-a1b2c3d4e5')
 * ```
 */
export const parse = (text: string): E.Either<ClientError, RuntimeArn> => {
  const refuse = (reason: string): E.Either<ClientError, never> =>
    E.left({ _tag: 'InvalidArn', arn: shown(text), reason })
  if (text.length > 400) return refuse('too long')
  const split = Arn.parse(text)
  if (O.isNone(split) || split.value.service !== 'bedrock-agentcore') return refuse(`expected ${form}`)
  const { partition, service, region, account, resource } = split.value
  if (!isPartition(partition)) return refuse('the partition is not aws, aws-us-gov or aws-cn')
  if (!Arn.isAccount(account)) return refuse('the account id is not 12 digits')
  const found = resourceIn(resource)
  if (O.isNone(found)) return refuse('it does not end in runtime/{name}-{10 letters or digits}')
  return pipe(
    parseRegion(region),
    E.filterOrElse(
      (parsed) => toPartition(parsed) === partition,
      (parsed): ClientError => ({
        _tag: 'InvalidArn',
        arn: shown(text),
        reason: `${parsed} is a region of the partition ${toPartition(parsed)}, not ${partition}`,
      }),
    ),
    E.map((parsed) => ({
      ...found.value,
      arn: `arn:${partition}:${service}:${parsed}:${account}:runtime/${found.value.id}`,
      partition,
      region: parsed,
      account,
    })),
  )
}
