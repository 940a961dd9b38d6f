/** The image that a container is to run: one that the user brings, or one that is built of the agent. */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import type { AgentConfig } from '../../config/Project'
import { type DeployError, invalidSettings } from '../failure/DeployError'
import { buildLogGroup, buildRoleName, projectName, registryHost, repositoryName } from '../resources/ImageNames'
import type { Provenance, RoleSetting } from '../resources/Provenance'
import { type Place, roleArn } from '../resources/ResourceNames'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** A repository of ECR. */
export interface RepositorySetting {
  readonly from: Provenance
  readonly name: string
  /** The account that it belongs to. */
  readonly account: string
  /** Without a tag. */
  readonly uri: string
  readonly arn: string
}

/** A project of CodeBuild. */
export interface ProjectSetting {
  readonly from: Provenance
  readonly name: string
  readonly logGroup: string
}

/** Who builds an image: CodeBuild, or a container engine on this machine. */
export type ImageBuilder = 'CodeBuild' | 'Engine'

/** A tag. One that the user chose must be there afterwards; another is given to new images only. */
export interface ImageTag {
  readonly name: string
  readonly isChosen: boolean
}

/** An image that is built. */
export interface BuiltImage {
  readonly _tag: 'Built'
  readonly agent: string
  readonly builder: ImageBuilder
  readonly repository: RepositorySetting
  readonly tag: ImageTag
  readonly project: ProjectSetting
  readonly role: RoleSetting
}

/** An image. */
export type ImageSetting =
  /** One that is there already. The repository is the ARN of what it is pulled from, if that is private. */
  { readonly _tag: 'Given'; readonly uri: string; readonly repository: string | undefined } | BuiltImage

/** What the command line says of the image. */
export interface ImageOverrides {
  readonly uri?: string | undefined
  readonly builder: ImageBuilder
  readonly tag: ImageTag
}

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/** The image of an agent. Left: what cannot be deployed. */
export const toImage = (
  agent: AgentConfig,
  place: Place,
  { uri, builder, tag }: ImageOverrides,
): E.Either<DeployError, ImageSetting> =>
  uri === undefined
    ? pipe(
        canBuild(place, builder),
        E.chain(() => toRepository(agent, place)),
        E.map((repository): BuiltImage => ({
          _tag: 'Built',
          agent: agent.name,
          builder,
          repository,
          tag,
          project: toProject(agent),
          role: toBuildRole(agent, place),
        })),
      )
    : E.right({ _tag: 'Given', uri, repository: repositoryOf(place, uri) })

/** Whether an image is in a private registry, and in which repository there. */
const repositoryOf = ({ partition }: Place, uri: string): string | undefined => {
  const [, account, region, name] = privateImage.exec(uri) ?? []
  return account === undefined ? undefined : `arn:${partition}:ecr:${region ?? ''}:${account}:repository/${name ?? ''}`
}

const privateImage = /^(\d{12})[.]dkr[.]ecr[.]([a-z0-9-]+)[.]amazonaws[.]com(?:[.]cn)?\/([^:@]+)/

const canBuild = ({ partition }: Place, builder: ImageBuilder): E.Either<DeployError, void> =>
  builder === 'Engine' || partition === 'aws'
    ? E.right(undefined)
    : E.left(
        invalidSettings(
          'deployment_type',
          `CodeBuild has no machines for linux/arm64 in the partition ${partition}`,
          'build the image here with --local-build, or pass --image-uri',
        ),
      )

const filled = (text: string | null | undefined): string | undefined =>
  text === null || text === '' ? undefined : text

const toRepository = (agent: AgentConfig, place: Place): E.Either<DeployError, RepositorySetting> => {
  const ours = repositoryName(agent.name)
  const configured = filled(agent.aws?.ecr_repository) ?? ours
  const [, account = place.account, region = place.region, name = configured] = privateImage.exec(configured) ?? []
  if (region !== place.region) {
    const reason = `the repository is in ${region}, and the agent goes to ${place.region}`
    return E.left(invalidSettings('aws.ecr_repository', reason, 'use a repository of that region, or remove the field'))
  }
  return E.right({
    from: name === ours && account === place.account ? 'ours' : 'yours',
    name,
    account,
    uri: `${registryHost({ ...place, account })}/${name}`,
    arn: `arn:${place.partition}:ecr:${region}:${account}:repository/${name}`,
  })
}

const toProject = ({ name: agent, codebuild }: AgentConfig): ProjectSetting => {
  const ours = projectName(agent)
  const name = filled(codebuild?.project_name) ?? ours
  return { from: name === ours ? 'ours' : 'yours', name, logGroup: buildLogGroup(name) }
}

const toBuildRole = ({ name: agent, codebuild }: AgentConfig, place: Place): RoleSetting => {
  const name = buildRoleName(agent, place.region)
  const ours = roleArn(place, name)
  const arn = filled(codebuild?.execution_role) ?? ours
  return { from: arn === ours ? 'ours' : 'yours', arn, name: arn.replace(/^.*\//, '') }
}

// ---------------------------------------------------------------------------------------------------------------------
// destructors
// ---------------------------------------------------------------------------------------------------------------------

/** The URI of an image by its tag. */
export const tagged = ({ repository: { uri }, tag: { name } }: BuiltImage): string => `${uri}:${name}`

/** The URI of an image by its content, which no later push replaces. */
export const pinned = ({ uri }: RepositorySetting, digest: string): string => `${uri}@${digest}`

/** The ARN of the repository that the agent's image is pulled from. */
export const pulledFrom = (image: ImageSetting | undefined): string | undefined =>
  image === undefined || image._tag === 'Given' ? image?.repository : image.repository.arn
