import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { parse } from 'yaml'
import { inWordsOf, managers, toManager } from '../../../lib/cli/create/plan/PackageManager'
import { toProjectName } from '../../../lib/cli/create/plan/ProjectName'
import { templateNames } from '../../../lib/cli/create/plan/Template'
import { agentName } from '../../../lib/config/Rules'
import { inFolder } from '../../config/support'
import { inWorld, type Said } from '../world'

const create = (folder: string, ...words: ReadonlyArray<string>): Promise<Said> => inWorld(folder, ['create', ...words])

const written = (folder: string): ReadonlyArray<string> =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()

describe('agentcore create', () => {
  it.each(templateNames)('writes a project from the template %s', async (template) => {
    await inFolder(async (folder) => {
      const { code, stdout, stderr } = await create(folder, 'My Agent', '-t', template, '--no-install', '--no-git')
      expect([code, stderr]).toEqual([0, expect.stringMatching(/Write \d+ files/)])
      expect(stdout).toContain('cd "My Agent"\n  npm install\n  npm run dev\n')
      const project = join(folder, 'My Agent')
      expect(written(project)).toEqual(
        expect.arrayContaining(['.bedrock_agentcore.yaml', '.dockerignore', '.gitignore', 'AGENTS.md', 'Dockerfile']),
      )
      expect(written(project)).not.toContain('package-lock.json') // that of the specs
      const manifest = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as Record<string, unknown>
      expect(manifest).toMatchObject({
        name: 'my-agent',
        scripts: { dev: 'agentcore dev', test: expect.any(String) as unknown, deploy: 'agentcore deploy' },
        dependencies: { 'agentcore-fp': expect.stringMatching(/^\^\d/) as unknown },
      })
      expect(parse(readFileSync(join(project, '.bedrock_agentcore.yaml'), 'utf8'))).toMatchObject({
        default_agent: 'my_agent',
        agents: { my_agent: { name: 'my_agent', entrypoint: 'agent.ts' } },
      })
    })
  })

  it('writes commands in the words of the package manager that runs it', async () => {
    await inFolder(async (folder) => {
      const env = { HOME: folder, npm_config_user_agent: 'pnpm/10.2.0 npm/? node/v22.0.0 linux x64' }
      const { stdout } = await inWorld(folder, ['create', 'chat', '--no-install', '--no-git'], { env })
      expect(stdout).toContain('  pnpm install\n  pnpm dev\n  pnpm agentcore invoke --dev')
      const readme = readFileSync(join(folder, 'chat', 'README.md'), 'utf8')
      expect(readme).toContain('pnpm deploy --dry-run')
      expect(readme).not.toMatch(/\bnpm run|\bnpx\b/)
    })
  })

  it('shows with --dry-run what it would do, and writes nothing', async () => {
    await inFolder(async (folder) => {
      const { code, stdout } = await create(folder, 'chat', '--dry-run', '--json')
      expect(code).toBe(0)
      expect(JSON.parse(stdout)).toMatchObject({
        dryRun: true,
        name: 'chat',
        template: 'minimal',
        steps: [{ step: 'WriteFiles' }, { step: 'Install' }, { step: 'InitGit' }, { step: 'Commit' }],
      })
      expect(written(folder)).toEqual([])
    })
  })

  it('refuses a folder that is not empty, and leaves it alone', async () => {
    await inFolder(async (folder) => {
      mkdirSync(join(folder, 'chat'))
      writeFileSync(join(folder, 'chat', 'mine.txt'), 'mine')
      const { code, stderr } = await create(folder, 'chat', '--no-install', '--no-git')
      expect(code).toBe(1)
      expect(stderr).toMatch(/chat is not empty: it contains mine\.txt: name a new folder/)
      expect(written(folder)).toEqual(['chat', 'chat/mine.txt'])
      expect((await create(folder, 'chat/mine.txt', '--no-git')).stderr).toContain('mine.txt is not a folder')
    })
  })

  it('fills this folder when it has nothing but a repository', async () => {
    await inFolder(async (folder) => {
      mkdirSync(join(folder, '.git'))
      expect((await create(folder, '.', '--no-install', '--no-git')).code).toBe(0)
      expect(existsSync(join(folder, 'agent.ts'))).toBe(true)
    })
  })

  it.each([
    ['a new folder', 'deep/chat', []],
    ['an empty folder with a repository', 'chat', ['chat', 'chat/.git']],
  ])('removes all that it wrote into %s when the packages cannot be installed', async (_, path, before) => {
    await inFolder(async (folder) => {
      if (before.length > 0) mkdirSync(join(folder, 'chat', '.git'), { recursive: true })
      const { code, stdout } = await inWorld(folder, ['create', path, '--json'], { env: { PATH: folder } })
      expect([code, JSON.parse(stdout)]).toMatchObject([1, { code: 'NO_PACKAGE_MANAGER' }])
      expect(written(folder)).toEqual(before)
    })
  })

  it('says which templates and package managers there are', async () => {
    await inFolder(async (folder) => {
      const template = await create(folder, '-t', 'rust')
      expect([template.code, template.stderr]).toEqual([
        2,
        expect.stringContaining(`one of ${templateNames.join(', ')}`),
      ])
      const manager = await create(folder, '--package-manager', 'cargo')
      expect([manager.code, manager.stderr]).toEqual([2, expect.stringContaining('npm, pnpm, yarn or bun')])
    })
  })
})

describe('the names of a project', () => {
  it('are what npm and AgentCore take, whatever the folder is called', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (folder) => {
        const name = toProjectName(folder)
        expect(name.packageName).toMatch(/^[a-z0-9~][a-z0-9._~-]{0,213}$/)
        expect(agentName(name.agentName)).toMatchObject({ _tag: 'Right' })
      }),
    )
  })
})

describe('package managers', () => {
  it('are known by what they say of themselves', () => {
    expect(managers.map((name) => toManager(`${name}/1.2.3 node/v22`))).toEqual(managers)
    expect([undefined, '', 'deno/2'].map(toManager)).toEqual(['npm', 'npm', 'npm'])
  })

  it('leave a text of npm as it is for npm', () => {
    const text = 'npm run deploy -- --dry-run; npm run dev; npm test; npm install; npx agentcore status'
    expect(inWordsOf('npm')(text)).toBe(text)
    expect(inWordsOf('bun')(text)).toBe(
      'bun run deploy --dry-run; bun run dev; bun run test; bun install; bunx agentcore status',
    )
  })
})
