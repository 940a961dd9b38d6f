/** The Dockerfile of an agent that brings none, as text. It is written again as long as nobody has edited it. */
import { createHash } from 'node:crypto'

/** What the Dockerfile depends on. */
export interface ImagePlan {
  readonly nodeVersion: string
  /** The entry point, from the project's folder, with forward slashes. */
  readonly entry: string
  readonly install: Install
  /** The version of `agentcore-fp` to fetch for the build, where the project does not depend on it itself. */
  readonly fetched?: string
  /** Packages that load machine code: the image takes `node_modules` along for them. */
  readonly native: ReadonlyArray<string>
  readonly region?: string
}

/** How the packages of the project are installed. */
export type Install =
  | { readonly _tag: 'Nothing' }
  | {
      readonly _tag: 'Packages'
      readonly manager: 'npm' | 'pnpm' | 'yarn'
      readonly hasLock: boolean
      /** Whether packages lie in the project itself (`file:…`), so that all of it must be there first. */
      readonly fromProject: boolean
    }

/** The files that an installation reads, where they are; the first is always there. */
const manifests = 'package.json package-lock.json* npm-shrinkwrap.json* pnpm-lock.yaml* yarn.lock* .npmrc* ./'

const installing = (install: Install): ReadonlyArray<string> => {
  if (install._tag === 'Nothing') return []
  switch (install.manager) {
    case 'npm':
      return [`RUN npm ${install.hasLock ? 'ci' : 'install'} --omit=dev --no-audit --no-fund`]
    case 'pnpm':
      return [`RUN corepack enable && pnpm install --prod ${install.hasLock ? '--frozen-lockfile' : ''}`.trimEnd()]
    case 'yarn':
      return [
        `RUN corepack enable && NODE_ENV=production yarn install ${install.hasLock ? '--immutable' : ''}`.trimEnd(),
      ]
  }
}

const bundling = ({ fetched, entry }: ImagePlan): string => {
  const command = fetched === undefined ? 'npx --no-install' : `npm exec --yes --package=agentcore-fp@${fetched} --`
  return `RUN ${command} agentcore build --entrypoint ${JSON.stringify(entry)} --outdir dist`
}

const body = (plan: ImagePlan): ReadonlyArray<string> => {
  const { install, native, region, nodeVersion } = plan
  const copiesFirst = install._tag === 'Packages' && !install.fromProject
  return [
    '# Another registry or version: --build-arg NODE_IMAGE=…',
    `ARG NODE_IMAGE=public.ecr.aws/docker/library/node:${nodeVersion}-slim`,
    '',
    'FROM ${NODE_IMAGE} AS build',
    'WORKDIR /app',
    ...(copiesFirst ? [`COPY ${manifests}`, ...installing(install)] : []),
    'COPY . .',
    ...(copiesFirst ? [] : installing(install)),
    bundling(plan),
    '',
    'FROM ${NODE_IMAGE}',
    `ENV NODE_ENV=production DOCKER_CONTAINER=1${region === undefined ? '' : ` AWS_REGION=${region} AWS_DEFAULT_REGION=${region}`}`,
    'WORKDIR /app',
    ...(native.length === 0
      ? []
      : [`# For ${native.join(', ')}, which cannot be bundled`, 'COPY --from=build /app/node_modules ./node_modules']),
    'COPY --from=build /app/dist ./dist',
    '# A number: Kubernetes and AgentCore can tell that it is not root',
    'USER 1000:1000',
    'EXPOSE 8080',
    '# node itself gets SIGTERM, and stops the agent in good order',
    'CMD ["node", "--enable-source-maps", "dist/main.js"]',
    '',
  ]
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16)

const mark = /^# Made by agentcore \(([0-9a-f]{16})\)[^\n]*\n/

/** The Dockerfile, its first line the mark by which an edited one is told from it. */
export const dockerfileOf = (plan: ImagePlan): string => {
  const text = body(plan).join('\n')
  return `# Made by agentcore (${hashOf(text)}), which writes it anew unless you edit it: then it stays yours.\n${text}`
}

/** Whether a Dockerfile is as it was made, so that nothing is lost when it is made anew. */
export const isUnedited = (text: string): boolean => {
  const made = mark.exec(text)
  return made !== null && made[1] === hashOf(text.slice(made[0].length).replaceAll('\r\n', '\n'))
}

/** What a build leaves out of the context. */
export const dockerignore = `node_modules/
dist/
.git/
.env
.env.*
*.log
npm-debug.log*
coverage/
.nyc_output/
.vscode/
.idea/
.DS_Store
.bedrock_agentcore.yaml
.bedrock_agentcore/
`
