/** Repositories, projects and log groups in memory, which behave as AWS does as far as a deployment can tell. */
import * as TE from 'fp-ts/TaskEither'
import type { ExistingBuild } from '../../lib/deploy/build/Builds'
import type { ImageServices } from '../../lib/deploy/build/ImageServices'
import type { DeployError } from '../../lib/deploy/failure/DeployError'
import type { ImageEngine } from '../../lib/deploy/build/runImageStep'

interface Image {
  readonly digest: string
  readonly tags: Set<string>
}

interface Repository {
  readonly isOurs: boolean
  readonly images: Array<Image>
}

/** What is there. */
export interface ImageContents {
  readonly repositories: Map<string, Repository>
  readonly projects: Map<string, { readonly isOurs: boolean }>
  readonly logGroups: Map<string, { readonly isOurs: boolean; readonly lines: Array<string> }>
  readonly builds: Map<string, ExistingBuild>
  /** How builds end; each look goes one phase on. */
  readonly next: { build: 'SUCCEEDED' | 'FAILED' }
}

type Act = <A>(operation: string, act: () => A) => TE.TaskEither<DeployError, A>

const phases = ['SUBMITTED', 'PROVISIONING', 'DOWNLOAD_SOURCE', 'BUILD', 'COMPLETED'] as const

/** Gives an image tags; a tag that another image has stays where it is. */
const push = ({ images }: Repository, digest: string, names: ReadonlyArray<string>): void => {
  const found = images.find((image) => image.digest === digest)
  const image = found ?? { digest, tags: new Set<string>() }
  if (found === undefined) images.push(image)
  for (const name of names) {
    const owner = images.find(({ tags }) => tags.has(name))
    if (owner !== undefined && owner !== image) throw new Error(`the tag ${name} is immutable`)
    image.tags.add(name)
  }
}

const digestOf = (text: string): string => `sha256:${Buffer.from(text).toString('hex').padStart(64, '0').slice(-64)}`

const variable = (build: ExistingBuild, name: string): string =>
  build.environment?.environmentVariables?.find((found) => found.name === name)?.value ?? ''

export const fakeImages = (
  read: Act,
  change: Act,
): { readonly services: ImageServices; readonly contents: ImageContents } => {
  const contents: ImageContents = {
    repositories: new Map(),
    projects: new Map(),
    logGroups: new Map(),
    builds: new Map(),
    next: { build: 'SUCCEEDED' },
  }
  const { repositories, projects, logGroups, builds, next } = contents

  /** A build as it is after one more phase. */
  const advance = (build: ExistingBuild): ExistingBuild => {
    const at = phases.findIndex((phase) => phase === build.currentPhase)
    const phase = phases[at + 1] ?? 'COMPLETED'
    const isFailed = next.build === 'FAILED' && build.currentPhase === 'BUILD'
    const ended: NonNullable<ExistingBuild['phases']>[number] = {
      phaseType: phases[at],
      phaseStatus: isFailed ? 'FAILED' : 'SUCCEEDED',
      durationInSeconds: 1,
      ...(isFailed ? { contexts: [{ message: 'exit status 1' }] } : {}),
    }
    const after: ExistingBuild = {
      ...build,
      currentPhase: phase,
      buildStatus: phase !== 'COMPLETED' ? 'IN_PROGRESS' : next.build,
      phases: [...(build.phases ?? []), ended],
    }
    if (phase === 'COMPLETED' && next.build === 'SUCCEEDED') {
      const [, name = ''] = variable(build, 'IMAGE_REPOSITORY').split(/\/(.*)/)
      const repository = repositories.get(name)
      if (repository === undefined) throw new Error(`there is no repository ${name}`)
      push(repository, digestOf(build.id ?? ''), [variable(build, 'SOURCE_TAG'), variable(build, 'IMAGE_TAG')])
    }
    return after
  }

  const services: ImageServices = {
    repositories: {
      find: ({ name }) =>
        read('DescribeRepositories', () => {
          const found = repositories.get(name)
          if (found === undefined) return 'Missing'
          return found.isOurs ? 'Ours' : 'Others'
        }),
      create: ({ name }) => change('CreateRepository', () => void repositories.set(name, { isOurs: true, images: [] })),
      image: ({ name }, tag) =>
        read('DescribeImages', () => {
          const found = repositories.get(name)?.images.find(({ tags }) => tags.has(tag))
          return found === undefined ? undefined : { digest: found.digest, tags: [...found.tags] }
        }),
      tag: ({ name }, digest, tag) =>
        change('PutImage', () => {
          const repository = repositories.get(name)
          if (repository !== undefined) push(repository, digest, [tag])
        }),
      login: ({ uri }) =>
        read('GetAuthorizationToken', () => ({
          host: uri.replace(/\/.*$/, ''),
          username: 'AWS',
          password: 'secret',
        })),
      remove: (name) => change('DeleteRepository', () => void repositories.delete(name)),
    },
    builds: {
      findProject: (name) =>
        read('BatchGetProjects', () => {
          const found = projects.get(name)
          if (found === undefined) return 'Missing'
          return found.isOurs ? 'Ours' : 'Others'
        }),
      createProject: ({ name = '' }) => change('CreateProject', () => void projects.set(name, { isOurs: true })),
      running: (project, source) =>
        read('ListBuildsForProject', () =>
          [...builds.values()].flatMap((build) =>
            build.projectName === project &&
            build.buildStatus === 'IN_PROGRESS' &&
            (source === undefined || build.source?.location === source)
              ? (build.id ?? [])
              : [],
          ),
        ),
      start: ({ projectName = '', sourceLocationOverride, environmentVariablesOverride = [] }) =>
        change('StartBuild', () => {
          const id = `${projectName}:${builds.size + 1}`
          const started: unknown = {
            id,
            projectName,
            buildStatus: 'IN_PROGRESS',
            currentPhase: 'SUBMITTED',
            source: { type: 'S3', location: sourceLocationOverride },
            environment: { environmentVariables: environmentVariablesOverride },
            logs: { groupName: `/aws/codebuild/${projectName}`, streamName: id },
          }
          builds.set(id, started as ExistingBuild) // what the service adds on its own is of no interest here
          return id
        }),
      find: (id) =>
        read('BatchGetBuilds', () => {
          const found = builds.get(id)
          if (found?.buildStatus === 'IN_PROGRESS') builds.set(id, advance(found))
          return found
        }),
      stop: (id) =>
        change('StopBuild', () => {
          const found = builds.get(id)
          if (found !== undefined) builds.set(id, { ...found, buildStatus: 'STOPPED' })
        }),
      removeProject: (name) => change('DeleteProject', () => void projects.delete(name)),
    },
    logGroups: {
      find: (group) =>
        read('ListTagsForResource', () => {
          const found = logGroups.get(group)
          if (found === undefined) return 'Missing'
          return found.isOurs ? 'Ours' : 'Others'
        }),
      create: (group) =>
        change(
          'CreateLogGroup',
          () => void logGroups.set(group, { isOurs: true, lines: ['npm error missing script'] }),
        ),
      tail: (group) => read('GetLogEvents', () => logGroups.get(group)?.lines ?? []),
      remove: (group) => change('DeleteLogGroup', () => void logGroups.delete(group)),
    },
  }
  return { services, contents }
}

/** An engine that builds in memory, and pushes to the repositories of an account. */
export const fakeEngine = ({ repositories }: ImageContents, done: Array<string> = []): ImageEngine => {
  const names = new Map<string, string>()
  return {
    build: (image) =>
      TE.fromIO(() => {
        done.push('build')
        names.set(image, digestOf(`local ${names.size}`))
      }),
    tag: (image, name) => TE.fromIO(() => void names.set(name, names.get(image) ?? '')),
    push: (images, { password }) =>
      TE.fromIO(() => {
        done.push(`push with ${password}`)
        for (const image of images) {
          const [, name = '', tag = ''] = /^[^/]+\/([^:]+):(.+)$/.exec(image) ?? []
          const repository = repositories.get(name)
          if (repository === undefined) throw new Error(`there is no repository ${name}`)
          push(repository, names.get(image) ?? '', [tag])
        }
      }),
  }
}
