/** Runs the steps towards an image. */
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { retryRole, type WaitOptions } from '../aws/Waiting'
import type { RolePolicy, Roles } from '../aws/Roles'
import type { DeployError } from '../failure/DeployError'
import { toBuild, toProject } from '../image/BuildProject'
import type { ImageSource, ImageStep } from '../image/ImagePlan'
import { type BuiltImage, tagged } from '../image/ImageSettings'
import { buildTrustPolicy } from '../resources/BuildRole'
import { sourceTag } from '../resources/ImageNames'
import type { Place } from '../resources/ResourceNames'
import type { ImageServices } from './ImageServices'
import type { RegistryLogin } from './Repositories'
import { watchBuild, type BuildNews } from './watchBuild'

/** A container engine on this machine. */
export interface ImageEngine {
  /** Builds the image for linux/arm64, and names it. */
  readonly build: (image: string) => TE.TaskEither<DeployError, void>
  /** Gives an image another name. */
  readonly tag: (image: string, name: string) => TE.TaskEither<DeployError, void>
  /** Pushes images, one after the other, with one login. */
  readonly push: (images: ReadonlyArray<string>, login: RegistryLogin) => TE.TaskEither<DeployError, void>
}

/** What steps are run with. */
export interface ImageStepWith {
  readonly services: ImageServices
  readonly roles: Roles
  readonly place: Place
  readonly setting: BuiltImage
  readonly policy: RolePolicy
  readonly engine: ImageEngine | undefined
  readonly wait: WaitOptions
  readonly news: BuildNews
  /** Remembers the repository, or the project with its role. */
  readonly save: (what: 'Repository' | 'Project') => TE.TaskEither<DeployError, void>
}

/** Runs a step; right: the digest of the image, where the step has made one. */
export const runImageStep =
  (given: ImageStepWith) =>
  (step: ImageStep): TE.TaskEither<DeployError, string | undefined> => {
    const { services, roles, place, setting, policy, engine, wait, news, save } = given
    const { repositories, builds, logGroups } = services
    const { repository, agent, project, role } = setting
    const nothing = TE.map((): string | undefined => undefined)
    switch (step._tag) {
      case 'CreateRepository':
        return pipe(
          repositories.create(repository, agent),
          TE.chain(() => save('Repository')),
          nothing,
        )
      case 'CreateBuildRole':
        return pipe(
          roles.create(role.name, agent, buildTrustPolicy(place, project.name), `Builds images of the agent ${agent}`),
          TE.chain(() => save('Project')),
          nothing,
        )
      case 'WriteBuildPolicy':
        return pipe(roles.writePolicy(policy), nothing)
      case 'CreateLogGroup':
        return pipe(logGroups.create(project.logGroup, agent), nothing)
      case 'CreateProject':
        return pipe(
          builds.createProject(toProject(setting, step.source)),
          retryRole(wait, () => news.onStatus('waiting for IAM to make the role known')),
          TE.chain(() => save('Project')),
          nothing,
        )
      case 'BuildImage':
        return pipe(
          step.running === undefined
            ? startAndWatch(given, step.source)
            : watchBuild(services, wait, news, step.running),
          TE.chain(() => built(given, sourceTag(step.source.digest))),
        )
      case 'BuildHere':
        return pipe(
          withEngine(engine, (found) => found.build(step.image)),
          nothing,
        )
      case 'PushImage':
        return pipe(
          repositories.login(repository),
          TE.chain((login) => withEngine(engine, (found) => pushed(found, given, step.sourceTag, login))),
          TE.chain(() => built(given, step.sourceTag)),
        )
      case 'TagImage':
        return pipe(
          repositories.tag(repository, step.digest, setting.tag.name),
          TE.map(() => step.digest),
        )
    }
  }

/** A role that was made just now may be unknown to the machine that builds: such a build has not begun yet. */
const startAndWatch = (
  { services, setting, wait, news }: ImageStepWith,
  source: ImageSource,
): TE.TaskEither<DeployError, void> =>
  pipe(
    services.builds.start(toBuild(setting, source.location, source.digest)),
    TE.chain((id) => watchBuild(services, wait, news, id)),
    retryRole(wait, () => news.onStatus('waiting for IAM to make the role known')),
  )

/** The tag of the source goes first: an image that has any tag of ours is found by the next deployment. */
const pushed = (
  engine: ImageEngine,
  { setting }: ImageStepWith,
  tag: string,
  login: RegistryLogin,
): TE.TaskEither<DeployError, void> => {
  const ofSource = `${setting.repository.uri}:${tag}`
  return pipe(
    engine.tag(tagged(setting), ofSource),
    TE.chain(() => engine.push([ofSource, tagged(setting)], login)),
  )
}

/** What the repository says that it has now. */
const built = (
  { services: { repositories }, setting }: ImageStepWith,
  tag: string,
): TE.TaskEither<DeployError, string | undefined> =>
  pipe(
    repositories.image(setting.repository, tag),
    TE.chain((found) =>
      found === undefined
        ? TE.left<DeployError, string | undefined>({ _tag: 'ImageMissing', image: tagged(setting) })
        : TE.right<DeployError, string | undefined>(found.digest),
    ),
  )

const withEngine = (
  engine: ImageEngine | undefined,
  use: (engine: ImageEngine) => TE.TaskEither<DeployError, void>,
): TE.TaskEither<DeployError, void> =>
  engine === undefined
    ? TE.left({ _tag: 'ImageFailed', engine: 'the container engine', lines: ['No container engine was given'] })
    : use(engine)
