/** Each template as its user meets it: created from the tarball, installed, tested, and invoked on this machine. */
import { execFile, type ExecFileException } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { templateNames } from '../../../lib/cli/create/plan/Template'
import { installing, node22 } from '../../frameworks/installed'
import { launch } from '../../examples/chromium'
import { packInto } from '../../package/packing'
import { root } from '../../package/support'
import { node, using } from '../support'

const temporary = realpathSync(mkdtempSync(join(tmpdir(), 'agentcore-create-')))
const tarball = join(temporary, packInto(temporary).filename)

let environment: NodeJS.ProcessEnv = {}

beforeAll(() => {
  // The version of Node that the service runs.
  const path = [dirname(node22()), process.env['PATH']].join(delimiter)
  environment = { ...process.env, PATH: path, AWS_REGION: 'us-west-2', NO_COLOR: '1' }
  for (const name of ['AUTHOR', 'COMMITTER']) {
    environment[`GIT_${name}_NAME`] = 'A developer'
    environment[`GIT_${name}_EMAIL`] = 'developer@example.org'
  }
}, installing)

afterAll(() => rmSync(temporary, { recursive: true, force: true, maxRetries: 10 }))

/** What a command prints. Rejects with all that it says when it fails. */
const printed = (cwd: string, file: string, ...args: ReadonlyArray<string>): Promise<string> =>
  new Promise((resolve, reject) => {
    const options = { cwd, env: environment, encoding: 'utf8', maxBuffer: 1e8 } as const
    execFile(file, [...args], options, (error: ExecFileException | null, stdout, stderr) => {
      if (error === null) resolve(stdout)
      else reject(new Error(`${error.message}\n${stdout}\n${stderr}`))
    }).stdin?.end()
  })

const main = join(root, 'dist/lib/cli/main.js')

const create = (folder: string, ...flags: ReadonlyArray<string>): Promise<string> =>
  printed(temporary, process.execPath, main, 'create', folder, '--sdk', tarball, '--json', ...flags)

type Versions = Readonly<Record<string, string | undefined>>

/** The version of each package that a lock file names, this one left out. */
const versionsOf = (lock: string): Versions => {
  const { packages } = JSON.parse(readFileSync(lock, 'utf8')) as {
    readonly packages: Readonly<Record<string, { readonly version?: string }>>
  }
  const paths = Object.keys(packages).filter((path) => !['', 'node_modules/agentcore-fp'].includes(path))
  return Object.fromEntries(paths.map((path) => [path, packages[path]?.version]))
}

/** Installs the versions that the repository has locked for a template, so that a new release of one breaks no spec. */
const installLocked = async (template: string, project: string): Promise<void> => {
  const [locked, lock] = [
    join(root, 'examples/templates', template, 'package-lock.json'),
    join(project, 'package-lock.json'),
  ]
  copyFileSync(locked, lock)
  await printed(project, 'npm', 'install', '--no-audit', '--no-fund')
  expect(versionsOf(lock)).toEqual(versionsOf(locked))
}

/** Calls the agent as `agentcore deploy --local` runs it, twice. Between the calls is one that another request stops. */
const invokedLocally = async (project: string): Promise<ReadonlyArray<string>> => {
  const agentcore = (...args: ReadonlyArray<string>): Promise<string> =>
    printed(project, 'npx', '--no-install', 'agentcore', ...args)
  const invoke = (payload: object): Promise<string> => agentcore('invoke', JSON.stringify(payload))
  await agentcore('deploy', '--local', '--detach')
  try {
    const first = await invoke({ prompt: 'Hello' })
    const bin = join(project, 'node_modules/agentcore-fp/dist/lib/cli/main.js')
    await using(node([bin, 'invoke', '{"prompt":"wait"}'], project, environment), async (waiting) => {
      await waiting.says(/Wait /)
      expect(JSON.parse(await invoke({ stop: true }))).toEqual({ cancelled: 1 })
      await waiting.ended
      expect(waiting.output()).not.toMatch(/You said/)
    })
    return [first, await invoke({ prompt: 'Hello again' })]
  } finally {
    await agentcore('stop')
  }
}

/** The text in the chunks of a UI message stream. */
const toText = (printedChunks: string): string =>
  [...printedChunks.matchAll(/"delta":"((?:[^"\\\\]|\\\\.)*)"/g)].map(([, delta]) => delta).join('')

describe('agentcore create', () => {
  it.each(templateNames)(
    'makes a project on the template %s that installs, passes its tests, answers and can be stopped',
    async (template) => {
      await create(`my-${template}`, '--template', template, '--no-install', '--no-git')
      const project = join(temporary, `my-${template}`)
      await installLocked(template, project)
      expect(await printed(project, 'npm', 'test')).toMatch(/^# fail 0$/m)
      const answers = await invokedLocally(project)
      // The client of a chat page keeps the conversation, and reads more than text.
      if (template === 'ai-sdk')
        expect(answers.map(toText)).toEqual(['You said: Hello (turn 1)', 'You said: Hello again (turn 1)'])
      else expect(answers).toEqual(['You said: Hello (turn 1)\n', 'You said: Hello again (turn 2)\n'])
    },
    300_000,
  )

  it('installs the newest packages, and commits them with all that it wrote', async () => {
    const made: unknown = JSON.parse(await create('newest'))
    expect(made).toMatchObject({
      template: 'minimal',
      done: ['WriteFiles', 'Install', 'InitGit', 'Commit'],
      notes: [],
    })
    const project = join(temporary, 'newest')
    expect(await printed(project, 'npm', 'test')).toMatch(/^# fail 0$/m)
    expect(await printed(project, 'git', 'status', '--porcelain')).toBe('')
    expect(await printed(project, 'git', 'ls-files', 'package-lock.json')).toBe('package-lock.json\n')
  }, 120_000)

  it('serves the chat page of the template ai-sdk', async () => {
    const project = join(temporary, 'my-ai-sdk')
    const bin = join(project, 'node_modules/agentcore-fp/dist/lib/cli/main.js')
    await using(node([bin, 'dev', '--port', '0'], project, {}), async ({ says, child, ended }) => {
      const [, url = ''] = await says(/Ready at (http:\S+)/)
      const browser = await launch()
      try {
        const page = await browser.newPage()
        await page.goto(url)
        const say = async (text: string, role: 'assistant' | 'error', answer: string): Promise<void> => {
          await page.getByRole('textbox', { name: 'Message' }).fill(text)
          await page.getByRole('button', { name: 'Send' }).click()
          await page.locator(`p.${role}:has-text("${answer}")`).waitFor()
        }
        await say('Hello', 'assistant', 'You said: Hello (turn 1)')
        await say('fail', 'error', 'The scripted model has failed') // agentcore dev shows why
        await say('wait', 'assistant', 'Wait')
        await page.getByRole('button', { name: 'Stop' }).click()
        await page.getByText('Stopped').waitFor()
        await say('What is the time?', 'assistant', 'Here is the time (turn 2)')
      } finally {
        await browser.close()
      }
      child.kill('SIGTERM') // which ends the agent too, so that nothing writes into the folder any more
      expect(await ended).toBe(0)
    })
  }, 120_000)

  it('leaves nothing behind when an installation fails', async () => {
    const failing = create('broken', '--sdk', join(temporary, 'absent.tgz'))
    await expect(failing).rejects.toThrow(/"code": "NOT_INSTALLED"/)
    expect(existsSync(join(temporary, 'broken'))).toBe(false)
  }, 120_000)

  it('is what npm create agentcore-fp runs', async () => {
    const folder = join(temporary, 'creator')
    mkdirSync(folder)
    const manifest = JSON.parse(readFileSync(join(root, 'create-agentcore-fp/package.json'), 'utf8')) as {
      readonly version: string
      readonly dependencies: Readonly<Record<string, string>>
    }
    const own = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly version: string }
    expect([manifest.version, manifest.dependencies['agentcore-fp']]).toEqual([own.version, own.version])
    // As the registry would resolve them: the version that it depends on is this tarball.
    const packages = {
      'agentcore-fp': `file:${tarball}`,
      'create-agentcore-fp': `file:${join(root, 'create-agentcore-fp')}`,
    }
    const overrides = { 'create-agentcore-fp': { 'agentcore-fp': '$agentcore-fp' } }
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies: packages, overrides }))
    await printed(folder, 'npm', 'install', '--no-audit', '--no-fund', '--install-links')
    const said = await printed(
      folder,
      'npx',
      '--no-install',
      'create-agentcore-fp',
      'chat',
      '--no-install',
      '--no-git',
      '--json',
    )
    expect(JSON.parse(said)).toMatchObject({ name: 'chat', template: 'minimal' })
    expect(existsSync(join(folder, 'chat/agent.ts'))).toBe(true)
  }, 120_000)
})
