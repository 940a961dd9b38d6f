import * as fc from 'fast-check'
import { failingStep, stepIn } from '../../../lib/cli/container/BuildOutput'
import { toDockerfile, type ImagePlan, isUnedited } from '../../../lib/cli/container/Dockerfile'

const plan: ImagePlan = {
  nodeVersion: '22',
  entry: 'src/agent.ts',
  install: { _tag: 'Packages', manager: 'npm', hasLock: true, fromProject: false },
  native: [],
  region: 'eu-west-1',
}

const lines = (changes: Partial<ImagePlan> = {}): ReadonlyArray<string> =>
  toDockerfile({ ...plan, ...changes }).split('\n')

describe('a generated Dockerfile', () => {
  it('has two stages, no dev dependencies, a user by number, and node itself as the command', () => {
    expect(lines().slice(1)).toEqual([
      '# Another registry or version: --build-arg NODE_IMAGE=…',
      'ARG NODE_IMAGE=public.ecr.aws/docker/library/node:22-slim',
      '',
      'FROM --platform=$BUILDPLATFORM ${NODE_IMAGE} AS build',
      'WORKDIR /app',
      'COPY ["package.json", "package-lock.json*", "npm-shrinkwrap.json*", "pnpm-lock.yaml*", "yarn.lock*", ".npmrc*", "./"]',
      'RUN ["npm", "ci", "--omit=dev", "--no-audit", "--no-fund"]',
      'COPY [".", "."]',
      'RUN ["npx", "--no-install", "agentcore", "build", "--entrypoint", "src/agent.ts", "--outdir", "/bundle"]',
      '',
      'FROM --platform=$TARGETPLATFORM ${NODE_IMAGE}',
      'ENV NODE_ENV=production DOCKER_CONTAINER=1 AWS_REGION=eu-west-1 AWS_DEFAULT_REGION=eu-west-1',
      'WORKDIR /app',
      'COPY --from=build /bundle ./dist',
      '# A number: Kubernetes and AgentCore can tell that it is not root',
      'USER 1000:1000',
      'EXPOSE 8080',
      '# node itself gets SIGTERM, and stops the agent in good order',
      'CMD ["node", "--enable-source-maps", "dist/main.js"]',
      '',
    ])
  })

  it.each([
    ['pnpm', true, 'RUN ["pnpm", "install", "--prod", "--frozen-lockfile"]'],
    ['yarn', false, 'RUN ["env", "NODE_ENV=production", "yarn", "install"]'],
    ['npm', false, 'RUN ["npm", "install", "--omit=dev", "--no-audit", "--no-fund"]'],
  ] as const)('installs with %s, a lock file there %s', (manager, hasLock, line) => {
    expect(lines({ install: { _tag: 'Packages', manager, hasLock, fromProject: false } })).toContain(line)
  })

  it('takes packages along that cannot be bundled', () => {
    expect(lines({ native: ['sharp'] })).toContain('COPY --from=build /app/node_modules ./node_modules')
    // Packages with machine code must be installed for the processor that runs them.
    expect(lines({ native: ['sharp'] })).toContain('FROM ${NODE_IMAGE} AS build')
  })

  it('copies the project first where packages lie in it, and fetches this package where the project lacks it', () => {
    const text = lines({
      install: { _tag: 'Packages', manager: 'npm', hasLock: true, fromProject: true },
      fetched: '1.2.3',
    })
    expect(text.indexOf('COPY [".", "."]')).toBeLessThan(
      text.indexOf('RUN ["npm", "ci", "--omit=dev", "--no-audit", "--no-fund"]'),
    )
    expect(text.join('\n')).toMatch(
      /"npm", "exec", "--yes", "--package=agentcore-fp@1\.2\.3", "--", "agentcore", "build"/,
    )
  })

  it('is known as unedited, and edited by any change below its first line', () => {
    const text = toDockerfile(plan)
    expect(isUnedited(text)).toBe(true)
    expect(isUnedited(text.replaceAll('\n', '\r\n'))).toBe(true)
    fc.assert(
      fc.property(
        fc.integer({ min: text.indexOf('\n') + 1, max: text.length }),
        fc.constantFrom('x', ' ', '\n'),
        (at, more) => {
          expect(isUnedited(text.slice(0, at) + more + text.slice(at))).toBe(false)
        },
      ),
    )
  })
})

describe('the output of a build', () => {
  it('tells its steps, of podman, docker and BuildKit', () => {
    expect(
      [
        'STEP 3/9: RUN npm ci',
        '[1/2] STEP 4/5: COPY . .',
        'Step 2/7 : WORKDIR /app',
        '#8 [build 3/6] RUN npm ci',
        'added 3 packages',
      ].map(stepIn),
    ).toEqual([
      { at: '3/9', text: 'RUN npm ci' },
      { at: '4/5', text: 'COPY . .' },
      { at: '2/7', text: 'WORKDIR /app' },
      { at: '3/6', text: 'RUN npm ci' },
      undefined,
    ])
  })

  it('of podman ends with the step that failed', () => {
    const said = [
      'STEP 1/2: FROM x',
      'STEP 2/2: RUN npm ci',
      'npm error code E404',
      '',
      'Error: building at STEP "RUN npm ci"',
    ]
    expect(failingStep(said)).toEqual([said[1], said[2], said[4]])
  })

  it('of BuildKit sets that step apart', () => {
    const said = [
      '#7 [2/2] RUN npm ci',
      '#7 0.3 noise',
      '------',
      ' > [2/2] RUN npm ci:',
      '0.4 npm error',
      '------',
      'ERROR: failed to solve',
    ]
    expect(failingStep(said)).toEqual([' > [2/2] RUN npm ci:', '0.4 npm error', 'ERROR: failed to solve'])
  })

  it('without any step is its end', () => {
    expect(failingStep(['Error: no such image'])).toEqual(['Error: no such image'])
    expect(failingStep([])).toEqual([])
  })
})
