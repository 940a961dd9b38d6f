/** The account of AWS that a command works on: its clients, and where it is. */
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import type { AgentConfig } from '../../config/Project'
import { createClients, loadModules } from '../../deploy/aws/AwsClients'
import { buckets } from '../../deploy/aws/Buckets'
import { endpoints } from '../../deploy/aws/Endpoints'
import { findPlace } from '../../deploy/aws/Identity'
import { roles } from '../../deploy/aws/Roles'
import { runtimes } from '../../deploy/aws/Runtimes'
import { imageServices } from '../../deploy/build/ImageServices'
import type { Account } from '../../deploy/findExisting'
import type { Place } from '../../deploy/resources/ResourceNames'
import { findRegion } from '../configure/plan/DefaultRegion'
import type { Cli } from '../program/Cli'
import { type CliError, usage } from '../program/CliError'
import { step } from '../terminal/Progress'
import { fromDeploy } from './CloudFailure'

/** An account and what is done there. */
export interface CloudAccount {
  readonly account: Account
  readonly place: Place
}

/** What the command line says of the account. */
export interface AccountFlags {
  readonly region: string | undefined
  readonly profile: string | undefined
}

/**
 * Opens the account of an agent: the region of the command line, else of the configuration, else of the environment, and
 * the credentials that the AWS CLI would find. `more` are packages of the AWS SDK that will be needed later. Left: `NO_SDK`, `NO_CREDENTIALS`, `Usage` without a region.
 */
export const openAccount = (
  cli: Cli,
  { region, profile }: AccountFlags,
  agent: AgentConfig,
  more: ReadonlyArray<string> = [],
): TE.TaskEither<CliError, CloudAccount> =>
  pipe(
    TE.fromTask<string | undefined, CliError>(() => regionFor(cli, region ?? agent.aws?.region ?? undefined, profile)),
    TE.chain((found) => (found === undefined ? TE.left(noRegion) : TE.right(found))),
    TE.bindTo('name'),
    TE.bind('modules', () => pipe(loadModules(more), TE.mapLeft(fromDeploy))),
    TE.let('clients', ({ name, modules }) => createClients({ region: name, profile, env: cli.env })(modules)),
    TE.bind('place', ({ clients, name }) =>
      step(cli, 'Checking credentials')(
        pipe(
          findPlace(clients, name),
          TE.mapLeft((error) => fromDeploy(error)),
        ),
        ({ account }) => `AWS account ${account}, region ${name}`,
      ),
    ),
    TE.map(({ clients, name, place }) => ({
      account: {
        buckets: buckets(clients, place),
        endpoints: endpoints(clients),
        roles: roles(clients),
        runtimes: runtimes(clients),
        images: imageServices({ region: name, profile, env: cli.env }, place),
      },
      place,
    })),
  )

const regionFor = async (
  cli: Cli,
  said: string | undefined,
  profile: string | undefined,
): Promise<string | undefined> =>
  said !== undefined && said !== ''
    ? said
    : findRegion(profile === undefined ? cli.env : { ...cli.env, AWS_PROFILE: profile })()

const noRegion = usage('No AWS region found', 'pass --region, or set AWS_REGION')
