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

/**
 * An instruction in its JSON form, which no shell reads: a file may be called `a$(id).ts`. What a builder could take for
 * a here-document or a variable is escaped too.
 */
const exec = (instruction: 'RUN' | 'COPY' | 'CMD', ...words: ReadonlyArray<string>): string => {
  const list = words.map((word) =>
    JSON.stringify(word).replace(/[<>&$`\u007f-\u009f\u2028\u2029]/g, (char) => {
      return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
    }),
  )
  return `${instruction} [${list.join(', ')}]`
}

/** The files that an installation reads, where they are; the first is always there. */
const manifests = [
  ...['package.json', 'package-lock.json*', 'npm-shrinkwrap.json*', 'pnpm-lock.yaml*', 'yarn.lock*', '.npmrc*'],
  './',
]

const installing = (install: Install): ReadonlyArray<string> => {
  if (install._tag === 'Nothing') return []
  const { manager, hasLock } = install
  switch (manager) {
    case 'npm':
      return [exec('RUN', 'npm', hasLock ? 'ci' : 'install', '--omit=dev', '--no-audit', '--no-fund')]
    case 'pnpm':
      return [
        exec('RUN', 'corepack', 'enable'),
        exec('RUN', 'pnpm', 'install', '--prod', ...(hasLock ? ['--frozen-lockfile'] : [])),
      ]
    case 'yarn':
      return [
        exec('RUN', 'corepack', 'enable'),
        exec('RUN', 'env', 'NODE_ENV=production', 'yarn', 'install', ...(hasLock ? ['--immutable'] : [])),
      ]
  }
}

/** Where the build stage bundles to: not below the project, which may have a `dist` of its own. */
const bundled = '/bundle'

const bundling = ({ fetched, entry }: ImagePlan): string => {
  const command =
    fetched === undefined
      ? ['npx', '--no-install']
      : ['npm', 'exec', '--yes', `--package=agentcore-fp@${fetched}`, '--']
  return exec('RUN', ...command, 'agentcore', 'build', '--entrypoint', entry, '--outdir', bundled)
}

/** A word in an instruction that has no JSON form. */
const word = (text: string): string => text.replace(/[^\w.@/-]/g, '')

const body = (plan: ImagePlan): ReadonlyArray<string> => {
  const { install, native, region, nodeVersion } = plan
  const [node, at] = [word(nodeVersion), region === undefined ? undefined : word(region)]
  const copiesFirst = install._tag === 'Packages' && !install.fromProject
  return [
    '# Another registry or version: --build-arg NODE_IMAGE=…',
    `ARG NODE_IMAGE=public.ecr.aws/docker/library/node:${node}-slim`,
    '',
    // What is bundled is the same for every processor; packages with machine code are not.
    `FROM ${native.length === 0 ? '--platform=$BUILDPLATFORM ' : ''}\${NODE_IMAGE} AS build`,
    'WORKDIR /app',
    ...(copiesFirst ? [exec('COPY', ...manifests), ...installing(install)] : []),
    exec('COPY', '.', '.'),
    ...(copiesFirst ? [] : installing(install)),
    bundling(plan),
    '',
    // Said although it is the default: podman 4 takes the base of the first stage otherwise.
    `FROM ${native.length === 0 ? '--platform=$TARGETPLATFORM ' : ''}\${NODE_IMAGE}`,
    `ENV NODE_ENV=production DOCKER_CONTAINER=1${at === undefined ? '' : ` AWS_REGION=${at} AWS_DEFAULT_REGION=${at}`}`,
    'WORKDIR /app',
    ...(native.length === 0
      ? []
      : [
          `# For ${native.map(word).join(', ')}, which cannot be bundled`,
          'COPY --from=build /app/node_modules ./node_modules',
        ]),
    `COPY --from=build ${bundled} ./dist`,
    '# A number: Kubernetes and AgentCore can tell that it is not root',
    'USER 1000:1000',
    'EXPOSE 8080',
    '# node itself gets SIGTERM, and stops the agent in good order',
    exec('CMD', 'node', '--enable-source-maps', 'dist/main.js'),
    '',
  ]
}

const toHash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16)

const mark = /^# Made by agentcore \(([0-9a-f]{16})\)[^\n]*\n/

/** The Dockerfile, its first line the mark by which an edited one is told from it. */
export const toDockerfile = (plan: ImagePlan): string => {
  const text = body(plan).join('\n')
  return `# Made by agentcore (${toHash(text)}), which writes it anew unless you edit it: then it stays yours.\n${text}`
}

/** Whether a Dockerfile is as it was made, so that nothing is lost when it is made anew. */
export const isUnedited = (text: string): boolean => {
  const made = mark.exec(text)
  return made !== null && made[1] === toHash(text.slice(made[0].length).replaceAll('\r\n', '\n'))
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
