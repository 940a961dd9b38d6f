/** What specs of the commands that work on AWS share: an agent to deploy, and commands against the stand-in. */
import { execFile } from 'node:child_process'
import { lstatSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { inProject, type Project } from '../cli/support'
import { agentcore, type Said } from '../cli/world'
import { judge } from './judge'
import { hasMoto, type Recorded, type StandIn, standIn } from './moto'

/** The configuration of the agent. */
export const yaml = `default_agent: hello
agents:
  hello:
    name: hello
    entrypoint: agent.js
    deployment_type: direct_code_deploy
    aws:
      region: eu-west-1
      lifecycle_configuration:
        idle_runtime_session_timeout: 120
        max_lifetime: 240
    request_header_configuration:
      requestHeaderAllowlist:
        - X-Team
`

/** Its code, in a version. */
export const agentCode = (version: number): string => `
const { createApp, entrypoint, Handler } = require('agentcore-fp')
exports.app = createApp(entrypoint(Handler.fromSync(() => ({ version: ${version} }))))
`

/** A document of `--json`. */
export type Document = Record<string, unknown>

/** A stand-in for a suite, and commands against it. */
export interface Cloud {
  readonly aws: () => StandIn
  /** Uses a new project with the agent. */
  readonly inAgent: (use: (project: Project) => Promise<void>) => Promise<void>
  readonly run: (project: Project, ...words: ReadonlyArray<string>) => Promise<Said>
  /** Runs a command that must succeed, and gives its document. */
  readonly json: (project: Project, ...words: ReadonlyArray<string>) => Promise<Document>
  /** What the AWS CLI says. */
  readonly awsCli: (...words: ReadonlyArray<string>) => Promise<Document>
}

/** The tags of the steps in a document. */
export const steps = (document: Document, name = 'done'): ReadonlyArray<string> =>
  (document[name] as ReadonlyArray<{ readonly step: string }>).map(({ step }) => step)

/** The configuration of a project as it is now. */
export const configuration = ({ folder }: Project): string =>
  readFileSync(join(folder, '.bedrock_agentcore.yaml'), 'utf8')

/** All that is in a folder, packages aside, by its path and when it was written. */
export const filesIn = ({ folder }: Pick<Project, 'folder'>): ReadonlyArray<string> =>
  readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => name !== 'node_modules')
    .flatMap((entry) => {
      const path = join(folder, entry.name)
      return [`${path} ${lstatSync(path).mtimeMs}`, ...(entry.isDirectory() ? filesIn({ folder: path }) : [])]
    })

/** Calls of agents have raw bodies, which the judge cannot read; the client has specs of its own. */
const isCall = ({ service, path }: Recorded): boolean =>
  service === 'bedrock-agentcore' && path.startsWith('/runtimes/arn')

const isThere = hasMoto()
if (!isThere) process.stderr.write('moto_server is not installed: the specs of deployments to AWS are skipped\n')

/** What a suite may have of its own. */
export interface CloudSettings {
  /** The files of its agent; by default those of an agent that is deployed as code. */
  readonly files?: Readonly<Record<string, string>>
  /** The services that it must have called by its end. */
  readonly services?: ReadonlyArray<string>
}

/** A suite with a stand-in of its own; at its end, every request is judged by the service's own model. */
export const cloudSuite = (title: string, specs: (cloud: Cloud) => void, settings: CloudSettings = {}): void => {
  const { files = { '.bedrock_agentcore.yaml': yaml, 'agent.js': agentCode(1) }, services = [] } = settings
  const suite = isThere ? describe : describe.skip
  suite(title, () => {
    let found: StandIn | undefined
    const aws = (): StandIn => {
      if (found === undefined) throw new Error('the stand-in has not started')
      return found
    }
    const all: Array<Recorded> = []

    beforeAll(async () => {
      found = await standIn()
    }, 60_000)
    afterEach(async () => {
      all.push(...aws().requests)
      await aws().reset()
    })
    afterAll(() => aws().close())

    const run: Cloud['run'] = ({ folder }, ...words) => agentcore(folder, words, { env: aws().env })
    specs({
      aws,
      inAgent: (use) => inProject(files, use),
      run,
      json: async (project, ...words) => {
        const { code, stdout, stderr } = await run(project, ...words, '--json')
        if (code !== 0) throw new Error(`${words.join(' ')}: ${stdout}\n${stderr}`)
        return JSON.parse(stdout) as Document
      },
      awsCli: async (...words) => {
        const options = { env: { ...process.env, ...aws().env }, timeout: 60_000 }
        const all = [...words, '--region', 'eu-west-1', '--output', 'json']
        const { stdout } = await promisify(execFile)('aws', all, options)
        return stdout.trim() === '' ? {} : (JSON.parse(stdout) as Document)
      },
    })

    it('has sent nothing that the model of the service does not know', () => {
      const { operations, faults } = judge(all.filter((request) => !isCall(request)))
      expect(operations).not.toEqual([])
      expect(faults).toEqual([])
      expect(operations.map((name) => name.replace(/:.*/, ''))).toEqual(expect.arrayContaining([...services]))
    })
  })
}
