/** How an image comes to be: a list of steps, computed from the settings and from what exists. Nothing runs here. */
import * as E from 'fp-ts/Either'
import type { DeployError } from '../failure/DeployError'
import { sourceTag } from '../resources/ImageNames'
import type { ResourceState, RoleState } from '../resources/Provenance'
import type { CodeLocation } from '../resources/ResourceNames'
import { type BuiltImage, pinned, tagged } from './ImageSettings'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** An image in a repository. */
export interface FoundImage {
  /** `sha256:` and 64 digits. */
  readonly digest: string
  readonly tags: ReadonlyArray<string>
}

/** The archive that an image is built of. */
export interface ImageSource {
  readonly location: CodeLocation
  readonly digest: string
}

/** What exists of what an image needs. */
export interface ExistingImage {
  readonly repository: ResourceState
  /** The image that was built of this source. */
  readonly built: FoundImage | undefined
  /** The image that has the chosen tag. */
  readonly named: FoundImage | undefined
  /** Undefined for a role that the user gives, and where CodeBuild is not needed. */
  readonly role: RoleState | undefined
  readonly project: ResourceState
  readonly logGroup: ResourceState
  /** A build of this source that is under way. */
  readonly running: string | undefined
}

/** A step towards an image. */
export type ImageStep =
  | { readonly _tag: 'CreateRepository'; readonly repository: string }
  | { readonly _tag: 'CreateBuildRole'; readonly role: string }
  | { readonly _tag: 'WriteBuildPolicy'; readonly role: string }
  | { readonly _tag: 'CreateLogGroup'; readonly logGroup: string }
  | { readonly _tag: 'CreateProject'; readonly project: string; readonly source: CodeLocation }
  /** Starts a build, or goes on with one that an earlier deployment has started, and waits for its end. */
  | {
      readonly _tag: 'BuildImage'
      readonly image: string
      readonly running: string | undefined
      readonly source: ImageSource
    }
  | { readonly _tag: 'BuildHere'; readonly image: string }
  | { readonly _tag: 'PushImage'; readonly image: string; readonly sourceTag: string }
  | { readonly _tag: 'TagImage'; readonly image: string; readonly digest: string }

/** The steps before and after the source is uploaded; the upload itself is that of any archive. */
export interface ImagePlan {
  readonly before: ReadonlyArray<ImageStep>
  readonly needsSource: boolean
  readonly after: ReadonlyArray<ImageStep>
  /** By its content where it is known already, else by its tag. */
  readonly uri: string
}

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/** The plan of an image. Left: `ImageTagTaken`. */
export const toImagePlan = (
  setting: BuiltImage,
  source: ImageSource,
  existing: ExistingImage,
): E.Either<DeployError, ImagePlan> => {
  const { tag, repository } = setting
  const { built, named } = existing
  if (named !== undefined && named.digest !== built?.digest) {
    return E.left({ _tag: 'ImageTagTaken', repository: repository.name, tag: tag.name })
  }
  if (built !== undefined) {
    const isTagged = !tag.isChosen || built.tags.includes(tag.name)
    return E.right({
      before: [],
      needsSource: false,
      after: isTagged ? [] : [{ _tag: 'TagImage', image: tagged(setting), digest: built.digest }],
      uri: pinned(repository, built.digest),
    })
  }
  const made: ReadonlyArray<ImageStep> =
    existing.repository === 'Missing' ? [{ _tag: 'CreateRepository', repository: repository.name }] : []
  return E.right({ uri: tagged(setting), ...building(setting, source, existing, made) })
}

const building = (
  setting: BuiltImage,
  source: ImageSource,
  existing: ExistingImage,
  made: ReadonlyArray<ImageStep>,
): Omit<ImagePlan, 'uri'> => {
  const image = tagged(setting)
  if (setting.builder === 'Engine') {
    // First the image, which takes longest and fails most often: until then, nothing is made in the account.
    return {
      before: [],
      needsSource: false,
      after: [{ _tag: 'BuildHere', image }, ...made, { _tag: 'PushImage', image, sourceTag: sourceTag(source.digest) }],
    }
  }
  const { running, logGroup, project } = existing
  const build: ImageStep = { _tag: 'BuildImage', image, running, source }
  if (running !== undefined) return { before: [], needsSource: false, after: [build] }
  return {
    before: [...made, ...buildRoleSteps(setting, existing)],
    needsSource: true,
    after: [
      ...(logGroup === 'Missing' ? [{ _tag: 'CreateLogGroup' as const, logGroup: setting.project.logGroup }] : []),
      ...(project === 'Missing'
        ? [{ _tag: 'CreateProject' as const, project: setting.project.name, source: source.location }]
        : []),
      build,
    ],
  }
}

const buildRoleSteps = ({ role: { name } }: BuiltImage, { role }: ExistingImage): ReadonlyArray<ImageStep> => {
  if (role === undefined || role._tag === 'Others') return []
  const policy: ReadonlyArray<ImageStep> = [{ _tag: 'WriteBuildPolicy', role: name }]
  if (role._tag === 'Ours') return role.hasPolicy ? [] : policy
  return [{ _tag: 'CreateBuildRole', role: name }, ...policy]
}

// ---------------------------------------------------------------------------------------------------------------------
// destructors
// ---------------------------------------------------------------------------------------------------------------------

const tags: Readonly<Record<ImageStep['_tag'], true>> = {
  CreateRepository: true,
  CreateBuildRole: true,
  WriteBuildPolicy: true,
  CreateLogGroup: true,
  CreateProject: true,
  BuildImage: true,
  BuildHere: true,
  PushImage: true,
  TagImage: true,
}

/** Whether a step of a deployment is one towards an image. */
export const isImageStep = (step: { readonly _tag: string }): step is ImageStep => Object.hasOwn(tags, step._tag)

/** A step in words, as a plan lists it. */
export const imageStepText = (step: ImageStep): string => {
  switch (step._tag) {
    case 'CreateRepository':
      return `create the ECR repository ${step.repository}`
    case 'CreateBuildRole':
      return `create the role ${step.role} for CodeBuild`
    case 'WriteBuildPolicy':
      return `write the policy of the role ${step.role}`
    case 'CreateLogGroup':
      return `create the log group ${step.logGroup}`
    case 'CreateProject':
      return `create the CodeBuild project ${step.project}`
    case 'BuildImage':
      return step.running === undefined
        ? `build the image ${step.image} with CodeBuild`
        : `wait for the build ${step.running}, which is in progress`
    case 'BuildHere':
      return `build the image ${step.image} on this machine`
    case 'PushImage':
      return `push the image ${step.image}`
    case 'TagImage':
      return `tag the image as ${step.image}`
  }
}
