/** Whose credentials these are. */
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import { parse } from '../../core/Arn'
import { isRegion, toPartition } from '../../core/Region'
import { type DeployError, invalidSettings } from '../failure/DeployError'
import { lift } from '../failure/ServiceFailure'
import type { Place } from '../resources/ResourceNames'
import type { AwsClients } from './AwsClients'

/** The account of the credentials, and where it is. */
export const findPlace = ({ sts, modules }: AwsClients, region: string): TE.TaskEither<DeployError, Place> =>
  isRegion(region)
    ? pipe(
        lift('sts:GetCallerIdentity')(() => sts.send(new modules.sts.GetCallerIdentityCommand({}))),
        TE.map(({ Account: account = '', Arn: arn = '' }) => ({
          region,
          partition: toPartition(region),
          account: account === '' ? accountIn(arn) : account,
        })),
      )
    : TE.left(invalidSettings('--region', `${JSON.stringify(region)} is no region`, 'use one such as us-west-2'))

const accountIn = (arn: string): string =>
  pipe(
    parse(arn),
    O.match(
      () => '',
      ({ account }) => account,
    ),
  )
