/** Repositories of images in ECR. */
import type { AuthorizationData } from '@aws-sdk/client-ecr'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import type { DeployError } from '../failure/DeployError'
import { orElseNamed } from '../failure/ServiceFailure'
import type { FoundImage } from '../image/ImagePlan'
import type { RepositorySetting } from '../image/ImageSettings'
import type { ResourceState } from '../resources/Provenance'
import { isOurs, ownerTags } from '../resources/OwnerTags'
import { type BuildClients, callWith } from './BuildClients'

/** What an engine signs in to a registry with. */
export interface RegistryLogin {
  readonly host: string
  readonly username: string
  readonly password: string
}

/** What is done with repositories. */
export interface Repositories {
  readonly find: (repository: RepositorySetting, agent: string) => TE.TaskEither<DeployError, ResourceState>
  /** Makes a repository whose tags name one image for good; one that is there already is no failure. */
  readonly create: (repository: RepositorySetting, agent: string) => TE.TaskEither<DeployError, void>
  readonly image: (repository: RepositorySetting, tag: string) => TE.TaskEither<DeployError, FoundImage | undefined>
  /** Gives one more tag to an image. */
  readonly tag: (repository: RepositorySetting, digest: string, tag: string) => TE.TaskEither<DeployError, void>
  readonly login: (repository: RepositorySetting) => TE.TaskEither<DeployError, RegistryLogin>
  /** Removes a repository with all of its images. */
  readonly remove: (repository: string) => TE.TaskEither<DeployError, void>
}

const missing = ['RepositoryNotFoundException']

/** Repositories of an account. */
export const repositories = ({ ecr }: Pick<BuildClients, 'ecr'>): Repositories => {
  const call = callWith(ecr)
  const at = ({ name, account }: RepositorySetting): { repositoryName: string; registryId: string } => ({
    repositoryName: name,
    registryId: account,
  })

  const find = (repository: RepositorySetting, agent: string): TE.TaskEither<DeployError, ResourceState> =>
    pipe(
      call('ecr:DescribeRepositories')((client, Ecr) =>
        client.send(
          new Ecr.DescribeRepositoriesCommand({ registryId: repository.account, repositoryNames: [repository.name] }),
        ),
      ),
      TE.chain(() =>
        repository.from === 'yours'
          ? TE.right<DeployError, ResourceState>('Others')
          : pipe(
              call('ecr:ListTagsForResource')((client, Ecr) =>
                client.send(new Ecr.ListTagsForResourceCommand({ resourceArn: repository.arn })),
              ),
              TE.map(({ tags = [] }): ResourceState =>
                isOurs(
                  tags.map(({ Key, Value }) => [Key, Value]),
                  agent,
                )
                  ? 'Ours'
                  : 'Others',
              ),
            ),
      ),
      orElseNamed(missing, () => TE.right<DeployError, ResourceState>('Missing')),
    )

  const create = (repository: RepositorySetting, agent: string): TE.TaskEither<DeployError, void> =>
    pipe(
      call('ecr:CreateRepository')((client, Ecr) =>
        client.send(
          new Ecr.CreateRepositoryCommand({
            repositoryName: repository.name,
            imageTagMutability: 'IMMUTABLE',
            tags: ownerTags(agent).map(([Key, Value]) => ({ Key, Value })),
          }),
        ),
      ),
      TE.map(() => undefined),
      orElseNamed(['RepositoryAlreadyExistsException'], () => TE.right(undefined)),
    )

  const image = (repository: RepositorySetting, tag: string): TE.TaskEither<DeployError, FoundImage | undefined> =>
    pipe(
      call('ecr:DescribeImages')((client, Ecr) =>
        client.send(new Ecr.DescribeImagesCommand({ ...at(repository), imageIds: [{ imageTag: tag }] })),
      ),
      TE.map(({ imageDetails = [] }) => {
        const { imageDigest: digest, imageTags: tags = [] } = imageDetails[0] ?? {}
        return digest === undefined ? undefined : { digest, tags }
      }),
      orElseNamed(['ImageNotFoundException', ...missing], () => TE.right(undefined)),
    )

  const tag = (repository: RepositorySetting, digest: string, name: string): TE.TaskEither<DeployError, void> =>
    pipe(
      call('ecr:BatchGetImage')((client, Ecr) =>
        client.send(new Ecr.BatchGetImageCommand({ ...at(repository), imageIds: [{ imageDigest: digest }] })),
      ),
      TE.chain(({ images = [] }) => {
        const { imageManifest, imageManifestMediaType: type } = images[0] ?? {}
        if (imageManifest === undefined) {
          return TE.left<DeployError, unknown>({ _tag: 'ImageMissing', image: `${repository.uri}@${digest}` })
        }
        const request = { ...at(repository), imageManifest, imageTag: name }
        return call('ecr:PutImage')((client, Ecr) =>
          client.send(
            new Ecr.PutImageCommand(type === undefined ? request : { ...request, imageManifestMediaType: type }),
          ),
        )
      }),
      TE.map(() => undefined),
      orElseNamed(['ImageAlreadyExistsException'], () => TE.right(undefined)),
    )

  const login = (repository: RepositorySetting): TE.TaskEither<DeployError, RegistryLogin> =>
    pipe(
      call('ecr:GetAuthorizationToken')((client, Ecr) => client.send(new Ecr.GetAuthorizationTokenCommand({}))),
      TE.map(({ authorizationData: [data] = new Array<AuthorizationData>() }) => {
        const [username = '', ...rest] = Buffer.from(data?.authorizationToken ?? '', 'base64')
          .toString('utf8')
          .split(':')
        return { host: repository.uri.replace(/\/.*$/, ''), username, password: rest.join(':') }
      }),
    )

  const remove = (repository: string): TE.TaskEither<DeployError, void> =>
    pipe(
      call('ecr:DeleteRepository')((client, Ecr) =>
        client.send(new Ecr.DeleteRepositoryCommand({ repositoryName: repository, force: true })),
      ),
      TE.map(() => undefined),
      orElseNamed(missing, () => TE.right(undefined)),
    )

  return { find, create, image, tag, login, remove }
}
