/** `agentcore deploy` of containers as processes, against a stand-in for AWS whose CodeBuild is played. */
import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { agentcore, main } from '../cli/world'
import { inProject, node, type Project, using } from '../cli/support'
import { agentCode, cloudSuite, type Document, filesIn, steps } from './cloud'

const yaml = `default_agent: hello
agents:
  hello:
    name: hello
    entrypoint: agent.js
    deployment_type: container
    aws:
      region: eu-west-1
`

const files = {
  '.bedrock_agentcore.yaml': yaml,
  'agent.js': agentCode(1),
  '.dockerignore': 'node_modules\n.bedrock_agentcore*\n*.secret\nnotes/*\n!notes/kept.md\n',
  'own.secret': 'secret',
  'notes/lost.md': 'lost',
  'notes/kept.md': 'kept',
}

const repository = 'bedrock-agentcore-hello'
const project = 'bedrock-agentcore-hello-builder'
const uri = `123456789012.dkr.ecr.eu-west-1.amazonaws.com/${repository}`

cloudSuite(
  'agentcore deploy of a container',
  ({ aws, inAgent, run, json }) => {
    const deploy = (there: Project, ...words: ReadonlyArray<string>): Promise<Document> =>
      json(there, 'deploy', ...words)

    const destroy = async (there: Project): Promise<ReadonlyArray<string>> => {
      const { removed } = await json(there, 'destroy', '--force')
      return (removed as ReadonlyArray<{ readonly _tag: string }>).map(({ _tag }) => _tag)
    }

    const targets = (): ReadonlyArray<string> =>
      aws().requests.map(({ headers }) => String(headers['x-amz-target'] ?? '').replace(/^.*[.]/, ''))

    /** What the account has, as AWS tells it. */
    const ask = async (service: string, target: string, body: unknown = {}): Promise<Record<string, unknown>> =>
      JSON.parse((await aws().ask(service, target, body)).body.toString('utf8')) as Record<string, unknown>

    const tagsOf = async (): Promise<ReadonlyArray<string>> => {
      const { imageDetails } = await ask('ecr', 'AmazonEC2ContainerRegistry_V20150921.DescribeImages', {
        repositoryName: repository,
      })
      return (imageDetails as ReadonlyArray<{ imageTags: ReadonlyArray<string> }>).flatMap(({ imageTags }) => imageTags)
    }

    /** The names in the archive that a build was started with. */
    const sourceOf = async (location: string): Promise<ReadonlyArray<string>> => {
      const response = await fetch(`${aws().env['AWS_ENDPOINT_URL'] ?? ''}/${location}`, {
        headers: {
          authorization:
            'AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/s3/aws4_request, SignedHeaders=host, Signature=0',
        },
      })
      expect(response.status).toBe(200)
      return inProject({}, async ({ folder }) => {
        const zip = join(folder, 'source.zip')
        writeFileSync(zip, Buffer.from(await response.arrayBuffer()))
        const list = 'import sys, zipfile; print("\\n".join(zipfile.ZipFile(sys.argv[1]).namelist()))'
        return execFileSync('python3', ['-c', list, zip], { encoding: 'utf8' }).trim().split('\n').sort()
      })
    }

    it(
      'plans, builds with CodeBuild, leaves alone what is up to date, builds changed source, tags, and destroys',
      () =>
        inAgent(async (there) => {
          const untouched = filesIn(there)
          const plan = await deploy(there, '--dry-run')
          expect(filesIn(there)).toEqual(untouched)
          expect(steps(plan, 'steps')).toEqual([
            ...['CreateRole', 'WriteRolePolicy', 'CreateRepository', 'CreateBuildRole', 'WriteBuildPolicy'],
            ...['CreateBucket', 'UploadCode', 'CreateLogGroup', 'CreateProject', 'BuildImage', 'CreateRuntime'],
            ...['AwaitRuntime', 'SecureMetadata', 'AwaitRuntime', 'AwaitEndpoint'],
          ])
          expect(readFileSync(join(there.folder, '.bedrock_agentcore.yaml'), 'utf8')).toBe(yaml)

          const first = await deploy(there)
          expect(steps(first)).toEqual(steps(plan, 'steps'))
          expect(first).toMatchObject({
            changed: true,
            image: expect.stringMatching(`^${uri}@sha256:[0-9a-f]{64}$`) as string,
          })
          const configuration = readFileSync(join(there.folder, '.bedrock_agentcore.yaml'), 'utf8')
          expect(configuration).toContain(`ecr_repository: ${uri}`)
          expect(configuration).toContain(`project_name: ${project}`)
          const [build] = aws().builds.builds
          expect(await sourceOf(build?.source ?? '')).toEqual([
            ...['Dockerfile', 'context/', 'context/.dockerignore', 'context/agent.js'],
            ...['context/notes/', 'context/notes/kept.md'],
          ])
          expect(await tagsOf()).toEqual([
            expect.stringMatching(/^source-[0-9a-f]{32}$/),
            expect.stringMatching(/^\d{8}-\d{6}-\d{3}$/),
          ])
          const { repositories } = await ask('ecr', 'AmazonEC2ContainerRegistry_V20150921.DescribeRepositories')
          expect(repositories).toMatchObject([{ repositoryName: repository, imageTagMutability: 'IMMUTABLE' }])

          expect(await deploy(there)).toMatchObject({ changed: false, done: [], image: first['image'] })
          expect(aws().builds.builds).toHaveLength(1)

          there.write('own.secret', 'changed, and left out')
          expect(await deploy(there)).toMatchObject({ changed: false, done: [] })

          there.write('agent.js', agentCode(2))
          const changed = await deploy(there)
          expect(steps(changed)).toEqual(['UploadCode', 'BuildImage', 'UpdateRuntime', 'AwaitRuntime', 'AwaitEndpoint'])
          expect(changed['image']).not.toBe(first['image'])

          const tagged = await deploy(there, '--image-tag', 'v2')
          expect(steps(tagged)).toEqual(['TagImage'])
          expect(tagged['image']).toBe(changed['image'])
          expect(await tagsOf()).toContain('v2')

          there.write('agent.js', agentCode(3))
          const taken = await run(there, 'deploy', '--image-tag', 'v2', '--json')
          expect(JSON.parse(taken.stdout)).toMatchObject({ code: 'IMAGE_TAG_TAKEN' })

          const shown = await run(there, 'destroy', '--dry-run')
          expect(shown.stdout).toContain(`delete the ECR repository ${repository} with all of its images`)
          expect(await destroy(there)).toEqual([
            ...['RemoveRuntime', 'RemoveProject', 'RemoveBuildRole', 'RemoveLogGroup', 'RemoveRepository'],
            ...['RemoveCode', 'RemoveBucket', 'RemoveRole'],
          ])
          expect(await ask('ecr', 'AmazonEC2ContainerRegistry_V20150921.DescribeRepositories')).toEqual({
            repositories: [],
          })
          expect(await ask('codebuild', 'CodeBuild_20161006.ListProjects')).toEqual({ projects: [] })
          expect(await ask('logs', 'Logs_20140328.DescribeLogGroups')).toMatchObject({ logGroups: [] })
          expect(await destroy(there)).toEqual([])
        }),
      180_000,
    )

    it(
      'plans the source that it would deploy without a .dockerignore, and writes one only when it deploys',
      () =>
        inAgent(async (there) => {
          rmSync(join(there.folder, '.dockerignore'))
          const untouched = filesIn(there)
          const upload = (document: Document, name: string): unknown =>
            (document[name] as ReadonlyArray<Document>).find(({ step }) => step === 'UploadCode')
          const planned = upload(await deploy(there, '--dry-run'), 'steps')
          expect(filesIn(there)).toEqual(untouched)
          expect(planned).toMatchObject({ step: 'UploadCode' })
          expect(upload(await deploy(there), 'done')).toEqual(planned)
          expect(readFileSync(join(there.folder, '.dockerignore'), 'utf8')).toContain('.env')
          const deployed = filesIn(there)
          expect(await deploy(there, '--dry-run')).toMatchObject({ changes: false })
          expect(filesIn(there)).toEqual(deployed)

          // One that the user has edited is the plan's too.
          const dockerfile = join(there.folder, '.bedrock_agentcore/hello/Dockerfile')
          writeFileSync(dockerfile, `${readFileSync(dockerfile, 'utf8')}ENV EDITED=1\n`)
          const edited = upload(await deploy(there, '--dry-run'), 'steps')
          expect(edited).not.toEqual(planned)
          expect(upload(await deploy(there), 'done')).toEqual(edited)
          await destroy(there)
        }),
      180_000,
    )

    it(
      'shows the phases and the end of the log of a build that fails, and builds again the next time',
      () =>
        inAgent(async (there) => {
          aws().builds.fails = {
            reason: 'Error while executing command: docker build. Reason: exit status 1',
            log: ['#9 [build 4/4] RUN npm ci', 'npm error Missing script'],
          }
          const failed = await run(there, 'deploy')
          expect(failed.code).toBe(1)
          expect(failed.stderr).toMatch(/Download source: succeeded[^]*Build: failed/)
          expect(failed.stderr).toMatch(/in the phase BUILD: Error while executing command: docker build/)
          expect(failed.stderr).toMatch(/#9 \[build 4\/4\] RUN npm ci\s+npm error Missing script/)
          expect(failed.stderr).toMatch(/Done:[^]*create the ECR repository[^]*Not done:[^]*create the agent runtime/)
          aws().builds.fails = undefined
          expect(steps(await deploy(there))[0]).toBe('BuildImage')
          expect(await destroy(there)).toContain('RemoveRepository')
        }),
      120_000,
    )

    it(
      'goes on with the build in progress after Ctrl-C',
      () =>
        inAgent(async (there) => {
          aws().builds.isHeld = true
          const watched = new Promise<void>((resolve) => {
            aws().failing.with = ({ headers }) => {
              if (String(headers['x-amz-target']).endsWith('BatchGetBuilds')) resolve()
              return undefined
            }
          })
          await using(node([main, 'deploy'], there.folder, aws().env), async ({ child, ended, stderr }) => {
            await watched
            child.kill('SIGINT')
            expect(await ended).toBe(130)
            expect(stderr()).toMatch(/Stopped at: build the image[^]*agentcore deploy goes on from here/)
          })
          const resumed = await deploy(there, '--dry-run')
          expect(resumed['steps']).toEqual(
            expect.arrayContaining([
              {
                step: 'BuildImage',
                about: expect.stringMatching(/^wait for the build .*, which is in progress$/) as string,
              },
            ]),
          )
          aws().builds.isHeld = false
          await deploy(there)
          expect(targets().filter((target) => target === 'StartBuild')).toHaveLength(1)
        }),
      120_000,
    )

    it(
      'says what AWS refuses, what exists and what goes on',
      () =>
        inAgent(async (there) => {
          aws().failing.with = ({ headers }) =>
            String(headers['x-amz-target']).endsWith('StartBuild')
              ? { status: 400, name: 'AccessDeniedException', message: 'User is not authorized' }
              : undefined
          const { stdout } = await run(there, 'deploy', '--json')
          expect(JSON.parse(stdout)).toMatchObject({
            code: 'ACCESS_DENIED',
            error: 'The AWS credentials do not allow codebuild:StartBuild',
            details: expect.arrayContaining([`  create the CodeBuild project ${project}`, 'Not done:']) as unknown,
          })
          aws().failing.with = () => undefined
          expect(await destroy(there)).toEqual([
            ...['RemoveProject', 'RemoveBuildRole', 'RemoveLogGroup', 'RemoveRepository'],
            ...['RemoveCode', 'RemoveBucket', 'RemoveRole'],
          ])
        }),
      120_000,
    )

    it(
      'runs an image of the user as it is, makes nothing for it, and leaves it',
      () =>
        inAgent(async (there) => {
          const create = { repositoryName: 'team/agent' }
          await ask('ecr', 'AmazonEC2ContainerRegistry_V20150921.CreateRepository', create)
          aws().requests.length = 0 // that one was not of a deployment
          const image = '123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/agent:1.0'
          const document = await deploy(there, '--image-uri', image)
          expect(document).toMatchObject({ image, changed: true })
          expect(aws().requests.filter(({ service }) => ['ecr', 'codebuild', 'logs', 's3'].includes(service))).toEqual(
            [],
          )
          expect(await deploy(there, '--image-uri', image)).toMatchObject({ changed: false })
          expect(await destroy(there)).toEqual(['RemoveRuntime', 'RemoveRole'])
          const { repositories } = await ask('ecr', 'AmazonEC2ContainerRegistry_V20150921.DescribeRepositories')
          expect(repositories).toHaveLength(1)
        }),
      120_000,
    )

    it(
      'uses a repository of others, and leaves it to them',
      () =>
        inAgent(async (there) => {
          const create = { repositoryName: repository }
          await ask('ecr', 'AmazonEC2ContainerRegistry_V20150921.CreateRepository', create)
          expect(steps(await deploy(there))).not.toContain('CreateRepository')
          expect(await destroy(there)).not.toContain('RemoveRepository')
          expect(await tagsOf()).toHaveLength(2)
        }),
      120_000,
    )

    it(
      'names the packages of the AWS SDK that it lacks, before it does anything',
      () =>
        inAgent(async (there) => {
          const hook = there.write(
            'hide.cjs',
            `const Module = require('node:module')
           const resolve = Module._resolveFilename
           Module._resolveFilename = function (name, ...rest) {
             if (/client-(ecr|codebuild)$/.test(name)) throw Object.assign(new Error(name), { code: 'MODULE_NOT_FOUND' })
             return resolve.call(this, name, ...rest)
           }`,
          )
          const env = { ...aws().env, NODE_OPTIONS: `--require ${hook}` }
          const { stdout } = await agentcore(there.folder, ['deploy', '--json'], { env })
          expect(JSON.parse(stdout)).toMatchObject({
            code: 'NO_SDK',
            next: 'run npm install --save-dev @aws-sdk/client-ecr @aws-sdk/client-codebuild',
          })
          expect(aws().requests).toEqual([])
        }),
      60_000,
    )

    it.each([
      [['--exclude', '*.md'], '--exclude is for agents that are deployed as code'],
      [['--image-uri', `${uri}:1`, '--image-tag', 'v1'], '--image-tag is for images that are built'],
      [['--image-uri', 'docker.io/library/node:22'], 'an image of Amazon ECR'],
      [['--image-tag', 'source-1'], 'does not begin with source-'],
    ])('refuses %j', (words, message) =>
      inAgent(async (there) => {
        expect(await run(there, 'deploy', ...words)).toMatchObject({
          code: 2,
          stderr: expect.stringContaining(message) as string,
        })
      }),
    )
  },
  { files, services: ['bedrock-agentcore', 'codebuild', 'ecr', 'iam', 'logs', 's3', 'sts'] },
)
