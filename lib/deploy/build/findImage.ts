/** Looks at what there is of an image, and of what it needs. Changes nothing. */
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import type { RolePolicy, Roles } from '../aws/Roles'
import type { DeployError } from '../failure/DeployError'
import type { ExistingImage, ImageSource } from '../image/ImagePlan'
import type { BuiltImage } from '../image/ImageSettings'
import type { ImageRemains } from '../image/ImageRemoval'
import { buildPolicy } from '../resources/BuildRole'
import { buildPolicyName, sourceTag } from '../resources/ImageNames'
import type { ResourceState, RoleState } from '../resources/Provenance'
import type { CodePlace, Place } from '../resources/ResourceNames'
import type { ImageServices } from './ImageServices'

/** The inline policy of the role of an agent's builds. */
export const buildPolicyOf = (
  { role, repository, project }: BuiltImage,
  place: Place,
  source: CodePlace,
): RolePolicy => ({
  role: role.name,
  name: buildPolicyName,
  policy: buildPolicy(place, { repository: repository.arn, logGroup: project.logGroup, source }),
})

/** What exists of an image. */
export const findImage = (
  { repositories, builds, logGroups }: ImageServices,
  roles: Roles,
  setting: BuiltImage,
  policy: RolePolicy,
  { location: { bucket, key }, digest }: ImageSource,
): TE.TaskEither<DeployError, ExistingImage> => {
  const { repository, agent, tag, project } = setting
  const inCloud = setting.builder === 'CodeBuild'
  const missing = TE.right<DeployError, ResourceState>('Missing')
  return pipe(
    TE.Do,
    TE.bind('repository', () => repositories.find(repository, agent)),
    TE.bind('built', ({ repository: state }) =>
      state === 'Missing' ? TE.right(undefined) : repositories.image(repository, sourceTag(digest)),
    ),
    TE.bind('named', ({ repository: state }) =>
      state === 'Missing' ? TE.right(undefined) : repositories.image(repository, tag.name),
    ),
    TE.bind('role', () =>
      inCloud && setting.role.from === 'ours'
        ? roles.find(policy)
        : TE.right<DeployError, RoleState | undefined>(undefined),
    ),
    TE.bind('project', () => (inCloud ? builds.findProject(project.name, agent) : missing)),
    TE.bind('logGroup', () => (inCloud ? logGroups.find(project.logGroup, agent) : missing)),
    TE.bind('running', ({ project: state }) =>
      state === 'Missing'
        ? TE.right<DeployError, string | undefined>(undefined)
        : pipe(
            builds.running(project.name, `${bucket}/${key}`),
            TE.map(([first]) => first),
          ),
    ),
  )
}

/** What is there of what images needed, and was made by this tool for this agent. */
export const findImageRemains = (
  { repositories, builds, logGroups }: ImageServices,
  roles: Roles,
  { agent, repository, project, role }: BuiltImage,
  policy: RolePolicy,
): TE.TaskEither<DeployError, ImageRemains> =>
  pipe(
    TE.Do,
    TE.bind('repository', () => repositories.find(repository, agent)),
    TE.bind('project', () => builds.findProject(project.name, agent)),
    TE.bind('logGroup', () => logGroups.find(project.logGroup, agent)),
    TE.bind('role', () => (role.from === 'ours' ? roles.find(policy) : TE.right(undefined))),
    TE.map((found) => ({
      hasRepository: found.repository === 'Ours',
      hasProject: found.project === 'Ours',
      hasLogGroup: found.logGroup === 'Ours',
      hasRole: found.role?._tag === 'Ours',
    })),
  )
