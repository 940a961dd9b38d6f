/** The services of AWS that images are built and kept with. */
import type { ClientOptions } from '../sdk/ClientOptions'
import type { Place } from '../resources/ResourceNames'
import { createBuildClients } from './BuildClients'
import { builds, type Builds } from './Builds'
import { logGroups, type LogGroups } from './LogGroups'
import { repositories, type Repositories } from './Repositories'

/** The services. */
export interface ImageServices {
  readonly repositories: Repositories
  readonly builds: Builds
  readonly logGroups: LogGroups
}

/** The services of an account. Nothing of the AWS SDK is loaded before the first call. */
export const imageServices = (options: ClientOptions, place: Place): ImageServices => {
  const clients = createBuildClients(options)
  return {
    repositories: repositories(clients),
    builds: builds(clients),
    logGroups: logGroups(clients, place),
  }
}
