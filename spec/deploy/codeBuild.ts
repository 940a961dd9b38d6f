/**
 * What moto does not do of CodeBuild and of ECR: builds that go through phases, push an image or fail with a log, and a
 * registry behind the repositories. Everything else is left to moto.
 */
import { createHash } from 'node:crypto'
import type { Recorded } from './moto'

/** An answer to a request. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

/** Sends a request of ours to moto, as from the one that is answered. */
export type Ask = (service: string, target: string, body: unknown) => Promise<Answer>

type Fields = Record<string, unknown>

/** A build, as the stand-in keeps it. */
export interface Built {
  readonly id: string
  readonly project: string
  readonly source: string
  readonly request: Fields
  status: 'IN_PROGRESS' | 'SUCCEEDED' | 'FAILED' | 'STOPPED'
  /** How many phases have passed. */
  passed: number
}

/** How builds go, and what the registry is. */
export interface BuildState {
  readonly builds: Array<Built>
  /** The lines of the log of a build that is to fail. */
  fails: { readonly reason: string; readonly log: ReadonlyArray<string> } | undefined
  /** Whether builds stay where they are until this is false again. */
  isHeld: boolean
  /** A registry that has the images of all repositories; moto's own are empty then. */
  registry: { readonly fetch: (path: string) => Promise<Response>; readonly password: string } | undefined
}

const phases = ['SUBMITTED', 'QUEUED', 'PROVISIONING', 'DOWNLOAD_SOURCE', 'PRE_BUILD', 'BUILD', 'COMPLETED'] as const

const reply = (status: number, value: unknown): Answer => ({
  status,
  headers: { 'content-type': 'application/x-amz-json-1.1' },
  body: Buffer.from(JSON.stringify(value)),
})

const fail = (name: string, message: string): Answer => reply(400, { __type: name, message })

const parse = (text: string): Fields => JSON.parse(text === '' ? '{}' : text) as Fields

/** A build as CodeBuild describes it. */
const toBuild = ({ id, project, source, request, status, passed }: Built, reason: string | undefined): Fields => ({
  id,
  arn: `arn:aws:codebuild:eu-west-1:123456789012:build/${id}`,
  projectName: project,
  buildStatus: status,
  buildComplete: status !== 'IN_PROGRESS',
  currentPhase: status === 'IN_PROGRESS' ? phases[passed] : 'COMPLETED',
  source: { type: 'S3', location: source },
  environment: { environmentVariables: request['environmentVariablesOverride'] },
  phases: phases.slice(0, passed).map((phaseType, at) => {
    const isFailed = status === 'FAILED' && at === passed - 1
    return {
      phaseType,
      phaseStatus: isFailed ? 'FAILED' : 'SUCCEEDED',
      durationInSeconds: at + 1,
      ...(isFailed ? { contexts: [{ statusCode: 'COMMAND_EXECUTION_ERROR', message: reason }] } : {}),
    }
  }),
  logs: { groupName: `/aws/codebuild/${project}`, streamName: id.replace(/^.*:/, '') },
})

/** The end of a build: an image with both of its tags, or a log. */
const settle = async (build: Built, state: BuildState, ask: Ask): Promise<void> => {
  const stream = build.id.replace(/^.*:/, '')
  const at = { logGroupName: `/aws/codebuild/${build.project}`, logStreamName: stream }
  await ask('logs', 'Logs_20140328.CreateLogStream', at)
  const lines = state.fails?.log ?? ['Successfully tagged']
  const logEvents = lines.map((message) => ({ timestamp: Date.now(), message }))
  await ask('logs', 'Logs_20140328.PutLogEvents', { ...at, logEvents })
  if (state.fails !== undefined) return
  const variables = build.request['environmentVariablesOverride'] as ReadonlyArray<{ name: string; value: string }>
  const valueOf = (name: string): string => variables.find((found) => found.name === name)?.value ?? ''
  const hash = createHash('sha256').update(build.id).digest('hex')
  const imageManifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', size: 2, digest: `sha256:${hash}` },
    // moto takes the digest of the layers for that of the image.
    layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', size: 2, digest: `sha256:${hash}` }],
  })
  for (const name of ['SOURCE_TAG', 'IMAGE_TAG']) {
    const answer = await ask('ecr', 'AmazonEC2ContainerRegistry_V20150921.PutImage', {
      repositoryName: valueOf('IMAGE_REPOSITORY').replace(/^[^/]*\//, ''),
      imageManifest,
      imageManifestMediaType: 'application/vnd.oci.image.manifest.v1+json',
      imageTag: valueOf(name),
    })
    if (answer.status !== 200) throw new Error(answer.body.toString('utf8'))
  }
}

/** Answers a request to CodeBuild; undefined for moto's own. */
export const answerCodeBuild = async (
  { headers, body }: Recorded,
  state: BuildState,
  ask: Ask,
): Promise<Answer | undefined> => {
  const action = String(headers['x-amz-target']).replace(/^.*[.]/, '')
  const fields = parse(body)
  switch (action) {
    case 'StartBuild': {
      const project = String(fields['projectName'])
      const found = await ask('codebuild', 'CodeBuild_20161006.BatchGetProjects', { names: [project] })
      if (!found.body.toString('utf8').includes(`"${project}"`))
        return fail('ResourceNotFoundException', `Project cannot be found: ${project}`)
      const build: Built = {
        id: `${project}:00000000-0000-4000-8000-${String(state.builds.length).padStart(12, '0')}`,
        project,
        source: String(fields['sourceLocationOverride']),
        request: fields,
        status: 'IN_PROGRESS',
        passed: 0,
      }
      state.builds.push(build)
      return reply(200, { build: toBuild(build, undefined) })
    }
    case 'ListBuildsForProject': {
      const ids = state.builds.filter(({ project }) => project === fields['projectName']).map(({ id }) => id)
      return reply(200, { ids: ids.reverse() })
    }
    case 'BatchGetBuilds': {
      const ids = fields['ids'] as ReadonlyArray<string>
      const found = state.builds.filter(({ id }) => ids.includes(id))
      for (const build of found) {
        if (build.status !== 'IN_PROGRESS' || state.isHeld) continue
        build.passed = Math.min(build.passed + 3, phases.length - 1)
        if (build.passed < phases.length - 1) continue
        await settle(build, state, ask)
        build.status = state.fails === undefined ? 'SUCCEEDED' : 'FAILED'
      }
      return reply(200, { builds: found.map((build) => toBuild(build, state.fails?.reason)) })
    }
    case 'StopBuild': {
      const build = state.builds.find(({ id }) => id === fields['id'])
      if (build === undefined) return fail('ResourceNotFoundException', 'Build cannot be found')
      build.status = 'STOPPED'
      return reply(200, { build: toBuild(build, undefined) })
    }
    default:
      return undefined
  }
}

/** Answers a request to ECR from the registry behind it; undefined for moto's own. */
export const answerEcr = async ({ headers, body }: Recorded, { registry }: BuildState): Promise<Answer | undefined> => {
  if (registry === undefined) return undefined
  const action = String(headers['x-amz-target']).replace(/^.*[.]/, '')
  const fields = parse(body)
  if (action === 'GetAuthorizationToken') {
    const authorizationToken = Buffer.from(`AWS:${registry.password}`).toString('base64')
    return reply(200, { authorizationData: [{ authorizationToken, expiresAt: Date.now() / 1000 + 43_200 }] })
  }
  if (action !== 'DescribeImages') return undefined
  const [{ imageTag = '' } = {}] = fields['imageIds'] as ReadonlyArray<{ imageTag?: string }>
  const name = String(fields['repositoryName'])
  const manifest = await registry.fetch(`/v2/${name}/manifests/${imageTag}`)
  const imageDigest = manifest.headers.get('docker-content-digest')
  if (!manifest.ok || imageDigest === null)
    return fail('ImageNotFoundException', `The image with imageId {imageTag:'${imageTag}'} does not exist`)
  return reply(200, {
    imageDetails: [{ registryId: '123456789012', repositoryName: name, imageDigest, imageTags: [imageTag] }],
  })
}
