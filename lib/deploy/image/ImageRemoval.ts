/** What `destroy` removes of what images needed. */
import type { ProjectSetting, RepositorySetting } from './ImageSettings'

/** What is there, of what was made for this agent by this tool. */
export interface ImageRemains {
  readonly hasRepository: boolean
  readonly hasProject: boolean
  readonly hasRole: boolean
  readonly hasLogGroup: boolean
}

/** A removal. */
export type ImageRemoval =
  | { readonly _tag: 'RemoveProject'; readonly project: string }
  | { readonly _tag: 'RemoveBuildRole'; readonly role: string }
  | { readonly _tag: 'RemoveLogGroup'; readonly logGroup: string }
  | { readonly _tag: 'RemoveRepository'; readonly repository: string }

/** The removals: first the project, so that nothing builds any more. */
export const toImageRemovals = (
  given: {
    readonly project: ProjectSetting
    readonly repository: RepositorySetting
    readonly role: { readonly name: string }
  },
  { hasRepository, hasProject, hasRole, hasLogGroup }: ImageRemains,
): ReadonlyArray<ImageRemoval> => [
  ...(hasProject ? [{ _tag: 'RemoveProject' as const, project: given.project.name }] : []),
  ...(hasRole ? [{ _tag: 'RemoveBuildRole' as const, role: given.role.name }] : []),
  ...(hasLogGroup ? [{ _tag: 'RemoveLogGroup' as const, logGroup: given.project.logGroup }] : []),
  ...(hasRepository ? [{ _tag: 'RemoveRepository' as const, repository: given.repository.name }] : []),
]

/** A removal in words. */
export const imageRemovalText = (removal: ImageRemoval): string => {
  switch (removal._tag) {
    case 'RemoveProject':
      return `delete the CodeBuild project ${removal.project}`
    case 'RemoveBuildRole':
      return `delete the role ${removal.role} of CodeBuild`
    case 'RemoveLogGroup':
      return `delete the log group ${removal.logGroup}`
    case 'RemoveRepository':
      return `delete the ECR repository ${removal.repository} with all of its images`
  }
}
