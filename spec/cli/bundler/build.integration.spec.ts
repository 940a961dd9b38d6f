/** What of building takes its time: the type-check of whole projects. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { toBuilds } from '../../../lib/cli/bundler/bundleAgent'
import { explain } from '../../../lib/cli/bundler/BuildError'
import { inProject, node } from '../support'
import { made, right, left, patience, check, stateOf } from './building'

describe('what a source may ask of the place that it runs in', () => {
  it('holds packages of either kind, whatever kind the bundle is', async () => {
    const files = {
      'node_modules/esm-only/package.json': '{"name":"esm-only","type":"module","exports":"./index.js"}',
      'node_modules/esm-only/index.js': 'export const esm = import.meta.url.slice(0, 5)',
      'node_modules/old/package.json': '{"name":"old","main":"main.js"}',
      'node_modules/old/main.js':
        'const os = require("os"); exports.cjs = typeof os.cpus; exports.at = typeof __dirname',
    }
    const text = `import { esm } from 'esm-only'\nimport { cjs, at } from 'old'\nconsole.log(esm, cjs, at)\n;({ listen() {} }).listen()`
    await inProject({ ...files, 'a.mjs': text, 'b.mjs': `await 1\n${text}` }, async (project) => {
      for (const entry of ['a.mjs', 'b.mjs']) {
        const { artifact } = right(await made(project, entry))
        const agent = node([artifact.main], project.folder)
        expect(await agent.ended).toBe(0)
        expect(agent.output()).toBe('file: function string\n')
      }
    })
  })
})

describe('built programs', () => {
  it('stand in folders by their content, a few of them', async () => {
    await inProject({ 'agent.ts': '' }, async (project) => {
      const folders = new Set<string>()
      for (let n = 0; n < 8; n += 1) {
        project.write('agent.ts', `console.log(${n})`)
        folders.add(right(await made(project, 'agent.ts')).artifact.folder)
      }
      expect(folders.size).toBe(8)
      const left_ = readdirSync(toBuilds(stateOf(project)))
      expect(left_).toHaveLength(5)
      expect(existsSync(join([...folders].at(-1) ?? '', 'main.js'))).toBe(true)
    })
  })
})

describe('type-checking', () => {
  it(
    'keeps the settings of the project',
    async () => {
      const loose = JSON.stringify({ compilerOptions: { strict: false, noEmit: true }, include: ['*.ts'] })
      const text = 'export const f = (x) => x'
      await inProject({ 'agent.ts': text, 'tsconfig.json': loose }, async (project) => {
        expect(right(await check(project, 'agent.ts'))._tag).toBe('Checked')
      })
      await inProject({ 'agent.ts': text }, async (project) => {
        expect(explain(left(await check(project, 'agent.ts'))).details[0]).toMatch(/TS7006/)
      })
    },
    patience,
  )

  it(
    'uses the settings of a folder above the project',
    async () => {
      const files = {
        'tsconfig.json': '{"compilerOptions":{"strict":true,"noEmit":true,"paths":{"@libs/*":["./libs/*"]}}}',
        'libs/a.ts': 'export const a = 1',
        'apps/agent/package.json': '{}',
        'apps/agent/agent.ts': `import { a } from '@libs/a'\nexport const b: number = a`,
      }
      await inProject(files, async (project) => {
        const below = { ...project, folder: join(project.folder, 'apps/agent') }
        expect(right(await check(below, 'agent.ts'))._tag).toBe('Checked')
        project.write('libs/a.ts', `export const a = 'x'`)
        expect(explain(left(await check(below, 'agent.ts'))).details[0]).toMatch(/^agent\.ts:2:14: error TS2322/)
      })
    },
    patience,
  )

  it(
    'checks the entry point though the settings do not list it',
    async () => {
      const wrong = `export const n: number = 'x'`
      const app = '{"compilerOptions":{"composite":true,"strict":true},"include":["src"]}'
      const cases: ReadonlyArray<Readonly<Record<string, string>>> = [
        { 'tsconfig.json': '{"files":[],"references":[{"path":"./tsconfig.app.json"}]}', 'tsconfig.app.json': app },
        {
          'tsconfig.json': '{"files":[],"references":[{"path":"./src"}]}',
          'src/tsconfig.json': app.replace('"src"', '"."'),
        },
        { 'tsconfig.json': '{"compilerOptions":{"strict":true},"include":["test"]}', 'test/a.ts': '' },
      ]
      for (const files of cases) {
        await inProject({ ...files, 'src/agent.ts': wrong }, async (project) => {
          expect(explain(left(await check(project, 'src/agent.ts'))).details[0]).toMatch(
            /^src\/agent\.ts:1:14: error TS2322/,
          )
          project.write('src/agent.ts', 'export const n: number = 1')
          expect(right(await check(project, 'src/agent.ts'))._tag).toBe('Checked')
        })
      }
    },
    patience,
  )

  it(
    'tells of the settings where they are wrong',
    async () => {
      await inProject({ 'agent.ts': '', 'tsconfig.json': '{"compilerOptions":{"strictt":true}}' }, async (project) => {
        expect(explain(left(await check(project, 'agent.ts'))).details[0]).toMatch(
          /^tsconfig\.json:1:21: error TS5025: Unknown compiler option 'strictt'/,
        )
      })
    },
    patience,
  )
})
