/** What a source means, its bundle means too: packages that are absent or elsewhere, names, and which module is the main one. */
import { mkdirSync, renameSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { explain } from '../../../lib/cli/bundler/BuildError'
import { inProject, node, type Project } from '../support'
import { left, made, right } from './building'

const listens = ';({ listen() {} }).listen()'

/** What a bundle prints. */
const prints = async (project: Project, entry: string): Promise<string> => {
  const { artifact } = right(await made(project, entry))
  const agent = node([artifact.main], project.folder)
  expect([await agent.ended, agent.stderr()]).toEqual([0, ''])
  return agent.stdout()
}

const bothFormats = (text: string): Readonly<Record<string, string>> => ({
  'cjs.mts': text,
  'esm.mts': `await Promise.resolve()\n${text}`,
})

// ---------------------------------------------------------------------------------------------------------------------
// optional packages
// ---------------------------------------------------------------------------------------------------------------------

const kit = (more: Readonly<Record<string, string>>, manifest = '{"name":"kit","main":"main.js","type":"module"}') => ({
  'node_modules/kit/package.json': manifest,
  ...Object.fromEntries(Object.entries(more).map(([path, text]) => [`node_modules/kit/${path}`, text])),
})

const optional = '{"name":"kit","type":"module","main":"main.js","peerDependenciesMeta":{"absent":{"optional":true}}}'

describe('a package that is not installed', () => {
  const asking = `import { load } from 'kit'\nload().then(() => console.log('there'), (e) => console.log(e.code))\n${listens}`

  it.each<readonly [string, Readonly<Record<string, string>>]>([
    ['a package imports it when it needs it', kit({ 'main.js': `export const load = () => import('absent')` })],
    [
      'a module of a package that is imported when it is needed imports it',
      kit(
        {
          'main.js': `export const load = () => import('./lazy.js')`,
          'lazy.js': `import { x } from 'absent/deep'\nexport const y = () => x`,
        },
        optional,
      ),
    ],
    [
      'a package requires it in a function',
      kit(
        { 'main.js': `exports.load = async () => require('absent')` },
        '{"name":"kit","main":"main.js","optionalDependencies":{"absent":"1"}}',
      ),
    ],
  ])('is left out where %s', async (_, files) => {
    await inProject({ ...files, ...bothFormats(asking) }, async (project) => {
      for (const entry of ['cjs.mts', 'esm.mts']) {
        expect(await prints(project, entry)).toMatch(/^(MODULE_NOT_FOUND|ERR_MODULE_NOT_FOUND)\n$/)
        expect(right(await made(project, entry)).bundle.missing).toEqual(['absent'])
      }
      project.write('node_modules/absent/package.json', '{"name":"absent","exports":{".":"./a.js","./deep":"./a.js"}}')
      project.write('node_modules/absent/a.js', 'exports.x = 1')
      expect(await prints(project, 'cjs.mts')).toBe('there\n')
      expect(right(await made(project, 'cjs.mts')).bundle.missing).toEqual([])
    })
  })

  it.each<readonly [string, Readonly<Record<string, string>>, RegExp]>([
    [
      'the agent itself imports it, be it late',
      { 'agent.mts': `export const f = () => import('absent')\n${listens}` },
      /^agent\.mts:1:31: Could not resolve "absent"/m,
    ],
    [
      'an optional one is imported at the start',
      {
        ...kit({ 'main.js': `import { x } from 'absent'\nexport const y = x` }, optional),
        'agent.mts': `import { y } from 'kit'\nconsole.log(y)\n${listens}`,
      },
      /^node_modules\/kit\/main\.js:1:19: Could not resolve "absent"/m,
    ],
    [
      'a package that needs it imports it',
      {
        ...kit({ 'main.js': `import { x } from 'absent'\nexport const y = x` }),
        'agent.mts': `import { y } from 'kit'\nconsole.log(y)\n${listens}`,
      },
      /^node_modules\/kit\/main\.js:1:19: Could not resolve "absent"/m,
    ],
  ])('is an error where %s', async (_, files, where) => {
    await inProject(files, async (project) => {
      expect(explain(left(await made(project, 'agent.mts'))).details.join('\n')).toMatch(where)
    })
  })
})

// ---------------------------------------------------------------------------------------------------------------------
// packages outside
// ---------------------------------------------------------------------------------------------------------------------

describe('a package that stays in node_modules', () => {
  it('is one that package.json names', async () => {
    const files = {
      'package.json': '{"agentcore":{"external":["@scope/kept","unused"]}}',
      'node_modules/@scope/kept/package.json': '{"name":"@scope/kept","exports":{"./sub":"./main.js"}}',
      'node_modules/@scope/kept/main.js': 'exports.where = __dirname',
      'agent.mts': `import { where } from '@scope/kept/sub'\nconsole.log(where)\n${listens}`,
    }
    await inProject(files, async (project) => {
      expect(await prints(project, 'agent.mts')).toBe(`${join(project.folder, 'node_modules/@scope/kept')}\n`)
      expect(right(await made(project, 'agent.mts')).bundle.external).toEqual(['@scope/kept'])
    })
  })

  it.each<readonly [string, string]>([
    ['only its importer can find it, as with pnpm', '.pnpm/outer@1/node_modules'],
    ['it lies below its importer', 'outer/node_modules'],
  ])('is found though %s', async (_, place) => {
    const files = {
      'real/outer/package.json': '{"name":"outer","main":"main.js"}',
      'real/outer/main.js': `exports.where = require('nat').where`,
      'real/nat/package.json': '{"name":"nat","exports":"./lib.js","dependencies":{"bindings":"1"}}',
      'real/nat/lib.js': 'exports.where = __dirname',
      ...bothFormats(`import { where } from 'outer'\nconsole.log(where)\n${listens}`),
    }
    await inProject(files, async (project) => {
      const modules = join(project.folder, 'node_modules')
      const move = (name: string, to: string): void => {
        mkdirSync(dirname(join(modules, to)), { recursive: true })
        renameSync(join(project.folder, 'real', name), join(modules, to))
      }
      if (place.startsWith('.pnpm')) {
        move('outer', `${place}/outer`)
        symlinkSync(join(modules, place, 'outer'), join(modules, 'outer'))
      } else move('outer', 'outer')
      move('nat', `${place}/nat`)
      for (const entry of ['cjs.mts', 'esm.mts']) {
        expect(await prints(project, entry)).toBe(`${join(modules, place, 'nat')}\n`)
      }
    })
  })

  it('is loaded when the first instance is made, where it is a class that few programs make instances of', async () => {
    const asking = `import Stream from 'thread-stream'
try { console.log(new Stream(7).size) } catch (e) { console.log(e.code) }
${listens}`
    const stream = {
      'node_modules/thread-stream/package.json': '{"name":"thread-stream","main":"main.js"}',
      'node_modules/thread-stream/main.js': 'module.exports = class { constructor(size) { this.size = size } }',
    }
    await inProject({ ...stream, ...bothFormats(asking) }, async (project) => {
      for (const entry of ['cjs.mts', 'esm.mts']) {
        expect(await prints(project, entry)).toBe('7\n')
        const { artifact } = right(await made(project, entry))
        renameSync(join(project.folder, 'node_modules/thread-stream'), join(project.folder, 'away'))
        const agent = node([artifact.main], project.folder)
        expect([await agent.ended, agent.stdout()]).toEqual([0, 'MODULE_NOT_FOUND\n'])
        renameSync(join(project.folder, 'away'), join(project.folder, 'node_modules/thread-stream'))
      }
    })
  })

  it('is one that finds its own files, though it has no machine code', async () => {
    const files = {
      'node_modules/playwright-core/package.json': '{"name":"playwright-core","main":"main.js"}',
      'node_modules/playwright-core/main.js': 'exports.at = require.resolve("./main.js")',
      'agent.mts': `import { at } from 'playwright-core'\nconsole.log(at)\n${listens}`,
    }
    await inProject(files, async (project) => {
      expect(await prints(project, 'agent.mts')).toMatch(/node_modules\/playwright-core\/main\.js\n$/)
    })
  })
})

// ---------------------------------------------------------------------------------------------------------------------
// the main module, and names
// ---------------------------------------------------------------------------------------------------------------------

describe('the main module', () => {
  it('is the entry point alone, however it is asked', async () => {
    const text = `import { own } from './other.mjs'
import { theirs } from 'tool'
// import.meta.main in a comment
if (import.meta.main) console.log('import.meta.main', \`is \${import.meta.main}\`, own, theirs)
${listens}`
    const files = {
      'node_modules/tool/package.json': '{"name":"tool","type":"module","exports":"./main.js"}',
      'node_modules/tool/main.js': 'export const theirs = import.meta.main',
      'other.mts': 'export const own = import.meta.main',
      ...bothFormats(text.replace('./other.mjs', './other.mts')),
    }
    await inProject(files, async (project) => {
      for (const entry of ['cjs.mts', 'esm.mts']) {
        expect(await prints(project, entry)).toBe('import.meta.main is true false false\n')
      }
    })
  })

  it('is the entry point alone for require.main, in CommonJS and in what is compiled to it', async () => {
    const files = {
      'agent.ts': `import { own } from './other'\nconsole.log(require.main === module, own, 'require.main === module')\n${listens}`,
      'other.ts': `export const own = require.main === module || module == require.main`,
    }
    await inProject(files, async (project) => {
      expect(await prints(project, 'agent.ts')).toBe('true false require.main === module\n')
    })
  })
})

describe('names', () => {
  it('of classes and functions stay, though another module has the same', async () => {
    const files = {
      'one.ts': 'export class NotFound extends Error {}\nexport function tool() {}',
      'two.ts': 'export class NotFound extends Error {}\nexport function tool() {}',
      'agent.ts': `import * as one from './one'\nimport * as two from './two'
console.log([one, two].map((of) => [new of.NotFound().constructor.name, of.tool.name].join()).join(' '))\n${listens}`,
    }
    await inProject(files, async (project) => {
      expect(await prints(project, 'agent.ts')).toBe('NotFound,tool NotFound,tool\n')
    })
  })
})

// ---------------------------------------------------------------------------------------------------------------------
// notes
// ---------------------------------------------------------------------------------------------------------------------

describe('a build tells', () => {
  const warningsOf = async (files: Readonly<Record<string, string>>): Promise<ReadonlyArray<string>> => {
    let texts: ReadonlyArray<string> = []
    await inProject(files, async (project) => {
      const { bundle } = right(await made(project, 'agent.mts'))
      texts = bundle.warnings.map(({ file, text }) => `${file ?? ''}: ${text}`)
    })
    return texts
  }

  const loads = `import { Worker } from 'node:worker_threads'\n`

  it.each([
    [`new Worker(new URL('./worker.js', import.meta.url))`],
    [`new Worker('./worker.js')`],
    [`console.log(new URL('./worker.js', import.meta.url))`],
  ])('of a file that %s looks for beside the bundle', async (text) => {
    expect(
      await warningsOf({ 'agent.mts': `${loads}export const w = () => ${text}\n${listens}`, 'worker.js': '' }),
    ).toEqual([
      expect.stringMatching(/^agent\.mts: "\.\/worker\.js" is not in the bundle.*Ship the file beside main\.js/),
    ])
  })

  it('of a worker of a package, and how to keep that outside', async () => {
    const files = {
      'node_modules/pool/package.json': '{"name":"pool","main":"main.js"}',
      'node_modules/pool/main.js': `const { Worker } = require('worker_threads'); const { join } = require('path')\nexports.pool = () => new Worker(join(__dirname, 'worker.js'))`,
      'agent.mts': `import { pool } from 'pool'\nexport const p = pool\n${listens}`,
    }
    expect(await warningsOf(files)).toEqual([
      expect.stringMatching(
        /^node_modules\/pool\/main\.js: "worker\.js" is not in the bundle.*list "pool" in "agentcore"/,
      ),
    ])
  })

  it('nothing of what is not looked for beside it', async () => {
    const text = `${loads}export const w = () => [new Worker('1', { eval: true }), new URL('./a', 'http://x')]\n${listens}`
    expect(await warningsOf({ 'agent.mts': text })).toEqual([])
  })

  it.each([true, false])(
    'of types that decorators ask for in vain: %s',
    async (emits) => {
      const compilerOptions = { experimentalDecorators: true, emitDecoratorMetadata: emits }
      const files = {
        'base.json': JSON.stringify({ compilerOptions }),
        'tsconfig.json': '{ "extends": "./base.json", /* a comment */ "files": ["agent.mts"] }',
        'agent.mts': `const d = (..._: ReadonlyArray<unknown>): void => undefined\nexport class A { @d x: string = '' }\n${listens}`,
      }
      expect(await warningsOf(files)).toEqual(
        emits ? [expect.stringMatching(/^: emitDecoratorMetadata has no effect/)] : [],
      )
    },
    60_000,
  )
})
