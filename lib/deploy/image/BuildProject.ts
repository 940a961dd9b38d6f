/** What CodeBuild is asked for: how it builds an image of the uploaded source. */
import type { CreateProjectInput, StartBuildInput } from '@aws-sdk/client-codebuild'
import { ownerTag, type CodeLocation } from '../resources/ResourceNames'
import { sourceTag } from '../resources/ImageNames'
import type { BuiltImage } from './ImageSettings'

/** The folder of the archive that is the build context; the Dockerfile lies beside it, since it may be ignored. */
export const contextFolder = 'context'

/** The Dockerfile of the archive. */
export const dockerfileName = 'Dockerfile'

/**
 * The commands. Names come as variables of a build, never as text of a command. All are in one phase, which ends with
 * the first that fails; the tag of the source comes first, so that an image which has any tag of ours is found again.
 */
export const buildspec = `version: 0.2
phases:
  pre_build:
    commands:
      - aws ecr get-login-password --region "$AWS_REGION" | docker login --username AWS --password-stdin "$IMAGE_REGISTRY"
  build:
    commands:
      - docker build --platform linux/arm64 --progress plain --file ${dockerfileName} --tag "$IMAGE_REPOSITORY:$SOURCE_TAG" ${contextFolder}
      - docker push "$IMAGE_REPOSITORY:$SOURCE_TAG"
      - docker tag "$IMAGE_REPOSITORY:$SOURCE_TAG" "$IMAGE_REPOSITORY:$IMAGE_TAG"
      - docker push "$IMAGE_REPOSITORY:$IMAGE_TAG"
`

/** The minutes after which CodeBuild ends a build. */
export const buildMinutes = 45

const machine = {
  type: 'ARM_CONTAINER',
  image: 'aws/codebuild/amazonlinux2-aarch64-standard:3.0',
  computeType: 'BUILD_GENERAL1_MEDIUM',
} as const

/** The project. Its source is that of the first build; each build names its own. */
export const toProject = ({ agent, project, role }: BuiltImage, { bucket, key }: CodeLocation): CreateProjectInput => ({
  name: project.name,
  description: `Builds the image of the agent ${agent} for Amazon Bedrock AgentCore`,
  source: { type: 'S3', location: `${bucket}/${key}`, buildspec },
  artifacts: { type: 'NO_ARTIFACTS' },
  environment: { ...machine, privilegedMode: true },
  serviceRole: role.arn,
  timeoutInMinutes: buildMinutes,
  logsConfig: { cloudWatchLogs: { status: 'ENABLED', groupName: project.logGroup } },
  tags: [
    { key: ownerTag.key, value: ownerTag.value },
    { key: 'Agent', value: agent },
  ],
})

/** A build. It says all that matters, so that it does not depend on how the project was made, or by whom. */
export const toBuild = (
  { project, repository, tag, role }: BuiltImage,
  { bucket, key }: CodeLocation,
  digest: string,
): Omit<StartBuildInput, 'idempotencyToken'> => ({
  projectName: project.name,
  sourceTypeOverride: 'S3',
  sourceLocationOverride: `${bucket}/${key}`,
  buildspecOverride: buildspec,
  environmentTypeOverride: machine.type,
  imageOverride: machine.image,
  computeTypeOverride: machine.computeType,
  privilegedModeOverride: true,
  serviceRoleOverride: role.arn,
  timeoutInMinutesOverride: buildMinutes,
  logsConfigOverride: { cloudWatchLogs: { status: 'ENABLED', groupName: project.logGroup } },
  environmentVariablesOverride: Object.entries({
    IMAGE_REGISTRY: repository.uri.replace(/\/.*$/, ''),
    IMAGE_REPOSITORY: repository.uri,
    IMAGE_TAG: tag.name,
    SOURCE_TAG: sourceTag(digest),
    DOCKER_BUILDKIT: '1',
    // An image is one manifest, as the service expects it, and not an index with attestations.
    BUILDX_NO_DEFAULT_ATTESTATIONS: '1',
  }).map(([name, value]) => ({ name, value, type: 'PLAINTEXT' as const })),
})
