/** Projects and builds of CodeBuild. */
import { randomUUID } from 'node:crypto'
import type { Build, CreateProjectInput, StartBuildInput } from '@aws-sdk/client-codebuild'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import type { DeployError } from '../failure/DeployError'
import { orElseNamed } from '../failure/ServiceFailure'
import { isOurs } from '../resources/OwnerTags'
import type { ResourceState } from '../resources/Provenance'
import { type BuildClients, callWith } from './BuildClients'

/** A build as it is. */
export type ExistingBuild = Build

/** What is done with projects and builds. */
export interface Builds {
  readonly findProject: (project: string, agent: string) => TE.TaskEither<DeployError, ResourceState>
  /** Makes a project; one that is there already is no failure, since each build says what matters. */
  readonly createProject: (project: CreateProjectInput) => TE.TaskEither<DeployError, void>
  /** The ids of the builds that are under way, of one source or of all. */
  readonly running: (project: string, source?: string) => TE.TaskEither<DeployError, ReadonlyArray<string>>
  /** Starts a build; right: its id. */
  readonly start: (build: Omit<StartBuildInput, 'idempotencyToken'>) => TE.TaskEither<DeployError, string>
  readonly find: (id: string) => TE.TaskEither<DeployError, ExistingBuild | undefined>
  readonly stop: (id: string) => TE.TaskEither<DeployError, void>
  readonly removeProject: (project: string) => TE.TaskEither<DeployError, void>
}

/** How many of the newest builds are looked at: older ones have ended long ago. */
const newest = 20

/** Projects and builds of an account. */
export const builds = ({ codebuild }: Pick<BuildClients, 'codebuild'>): Builds => {
  const call = callWith(codebuild)

  const findProject = (project: string, agent: string): TE.TaskEither<DeployError, ResourceState> =>
    pipe(
      call('codebuild:BatchGetProjects')((client, CodeBuild) =>
        client.send(new CodeBuild.BatchGetProjectsCommand({ names: [project] })),
      ),
      TE.map(({ projects = [] }): ResourceState => {
        const [found] = projects
        if (found === undefined) return 'Missing'
        return isOurs(
          (found.tags ?? []).map(({ key, value }) => [key, value]),
          agent,
        )
          ? 'Ours'
          : 'Others'
      }),
    )

  const createProject = (project: CreateProjectInput): TE.TaskEither<DeployError, void> =>
    pipe(
      call('codebuild:CreateProject')((client, CodeBuild) => client.send(new CodeBuild.CreateProjectCommand(project))),
      TE.map(() => undefined),
      orElseNamed(['ResourceAlreadyExistsException'], () => TE.right(undefined)),
    )

  const get = (ids: ReadonlyArray<string>): TE.TaskEither<DeployError, ReadonlyArray<ExistingBuild>> =>
    ids.length === 0
      ? TE.right([])
      : pipe(
          call('codebuild:BatchGetBuilds')((client, CodeBuild) =>
            client.send(new CodeBuild.BatchGetBuildsCommand({ ids: [...ids] })),
          ),
          TE.map(({ builds: found = [] }) => found),
        )

  const running = (project: string, source?: string): TE.TaskEither<DeployError, ReadonlyArray<string>> =>
    pipe(
      call('codebuild:ListBuildsForProject')((client, CodeBuild) =>
        client.send(new CodeBuild.ListBuildsForProjectCommand({ projectName: project, sortOrder: 'DESCENDING' })),
      ),
      TE.chain(({ ids = [] }) => get(ids.slice(0, newest))),
      TE.map((found) =>
        found.flatMap((build) =>
          build.buildStatus === 'IN_PROGRESS' && (source === undefined || build.source?.location === source)
            ? (build.id ?? [])
            : [],
        ),
      ),
      orElseNamed(['ResourceNotFoundException'], () => TE.right([])),
    )

  const start = (build: Omit<StartBuildInput, 'idempotencyToken'>): TE.TaskEither<DeployError, string> =>
    pipe(
      call('codebuild:StartBuild')((client, CodeBuild) =>
        // One token for all attempts of the SDK: an answer that was lost starts no second build.
        client.send(new CodeBuild.StartBuildCommand({ ...build, idempotencyToken: randomUUID() })),
      ),
      TE.map(({ build: started }) => started?.id ?? ''),
    )

  const find = (id: string): TE.TaskEither<DeployError, ExistingBuild | undefined> =>
    pipe(
      get([id]),
      TE.map(([found]) => found),
    )

  const stop = (id: string): TE.TaskEither<DeployError, void> =>
    pipe(
      call('codebuild:StopBuild')((client, CodeBuild) => client.send(new CodeBuild.StopBuildCommand({ id }))),
      TE.map(() => undefined),
      orElseNamed(['ResourceNotFoundException'], () => TE.right(undefined)),
    )

  const removeProject = (project: string): TE.TaskEither<DeployError, void> =>
    pipe(
      call('codebuild:DeleteProject')((client, CodeBuild) =>
        client.send(new CodeBuild.DeleteProjectCommand({ name: project })),
      ),
      TE.map(() => undefined),
    )

  return { findProject, createProject, running, start, find, stop, removeProject }
}
