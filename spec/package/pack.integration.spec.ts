/** The package in an empty folder: what an installation brings, and what each subpath gives in every setting of Node and TypeScript. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { outputOf, packInto } from './packing'
import { type Manifest, manifest, publicNames, root, type Subpath, subpaths } from './support'

const nodes: ReadonlyArray<number> = [20, 22, 24]

// ---------------------------------------------------------------------------------------------------------------------
// the versions of Node
// ---------------------------------------------------------------------------------------------------------------------

interface Runtime {
  readonly major: number
  /** None if this version is not here and cannot be fetched. */
  readonly path: string | undefined
}

const fetched = (major: number): string | undefined => {
  const args = ['exec', '--yes', `--package=node@${major}`, '--', 'node', '-p', 'process.execPath']
  try {
    return execFileSync('npm', args, { cwd: tmpdir(), encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return undefined
  }
}

const runtimes: ReadonlyArray<Runtime> = nodes.map((major) => ({
  major,
  path: process.versions.node.startsWith(`${major}.`) ? process.execPath : fetched(major),
}))

const missing = runtimes.filter(({ path }) => path === undefined)

// ---------------------------------------------------------------------------------------------------------------------
// the tarball, and a folder with nothing but it
// ---------------------------------------------------------------------------------------------------------------------

const temporary = mkdtempSync(join(tmpdir(), 'agentcore-fp-pack-'))
const consumer = join(temporary, 'consumer')
const tarball = join(temporary, packInto(temporary).filename)

const write = (name: string, text: string): string => {
  writeFileSync(join(consumer, name), text)
  return name
}

let installed = ''

beforeAll(async () => {
  mkdirSync(consumer)
  write('package.json', '{ "name": "consumer", "private": true }')
  installed = await outputOf('npm', ['install', '--no-audit', '--no-fund', tarball], consumer)
}, 120_000)

afterAll(() => rmSync(temporary, { recursive: true, force: true, maxRetries: 10 }))

describe('the tarball', () => {
  it('pleases attw', async () => {
    const args = ['--profile', 'node16', '--no-definitely-typed', '--no-color', '--no-emoji', tarball]
    const said = await outputOf(join(root, 'node_modules/.bin/attw'), args, root)
    expect(said).not.toMatch(/^FAILED/)
    const rows = said.split('\n').filter((line) => /│ OK \(CJS\)\s+│ OK \(CJS\)\s+│ OK\s/.test(line))
    expect(rows.map((row) => /"([\w/-]+)"/.exec(row)?.[1])).toEqual(subpaths.map(({ name }) => name))
  })
})

describe('an installation in an empty folder', () => {
  it('warns of nothing', () => {
    expect(installed).not.toMatch(/FAILED|EBADENGINE|ERESOLVE|deprecated/)
  })

  it('brings the peers, and none of the optional ones', () => {
    const peers = Object.keys(manifest.peerDependencies)
    const installed = peers.filter((peer) => existsSync(join(consumer, 'node_modules', peer)))
    const optional = Object.keys(manifest.peerDependenciesMeta)
    expect(installed).toEqual(peers.filter((peer) => !optional.includes(peer)))
    expect(installed).toEqual(['fp-ts', 'io-ts'])
  })
})

// ---------------------------------------------------------------------------------------------------------------------
// imports at run time
// ---------------------------------------------------------------------------------------------------------------------

/** A program that tells its version, and the names that each subpath gives to `modules`. */
const telling = (imports: string): string => `${imports}
const isName = (key) => !['default', 'module.exports', '__esModule'].includes(key)
const names = modules.map(([name, module]) => [name, Object.keys(module).filter(isName).sort()])
console.log(typeof createApp, process.version)
console.log(JSON.stringify(Object.fromEntries(names)))
`

const required = telling(`const { createApp } = require('${manifest.name}')
const modules = [${subpaths.map(({ name }) => `['${name}', require('${name}')]`).join(', ')}]
require('${manifest.name}/package.json')`)

const imported = telling(`import { createApp } from '${manifest.name}'
${subpaths.map(({ name }, index) => `import * as m${index} from '${name}'`).join('\n')}
const modules = [${subpaths.map(({ name }, index) => `['${name}', m${index}]`).join(', ')}]`)

const skipped = missing.map(({ major }) => `Node ${major}`).join(', ')
if (skipped !== '') process.stdout.write(`SKIPPED: ${skipped} is not here and could not be fetched\n`)

describe.each(runtimes)('on Node $major', ({ major, path }) => {
  const test = path === undefined && process.env['CI'] === undefined ? it.skip : it

  test.each([
    ['required', 'imports.cjs', required],
    ['imported by name', 'imports.mjs', imported],
  ])('every subpath can be %s', async (_, file, script) => {
    if (path === undefined) throw new Error(`Node ${major} is not here and could not be fetched`)
    const [version, names, ...rest] = (await outputOf(path, [write(file, script)], consumer)).split('\n')
    expect(version).toMatch(new RegExp(`^function v${major}\\.`))
    expect(JSON.parse(names ?? '')).toEqual(Object.fromEntries(subpaths.map(({ name }) => [name, publicNames(name)])))
    expect(rest).toEqual([''])
  })
})

// ---------------------------------------------------------------------------------------------------------------------
// types
// ---------------------------------------------------------------------------------------------------------------------

const agent = `export const app = main.createApp(main.entrypoint(main.Handler.fromSync(() => 'hello')))
// @ts-expect-error an app is made of an agent
main.createApp(1)
`

const others = subpaths.slice(1)

const typed = {
  'types.cts': `import main = require('${manifest.name}')
${others.map(({ name }, index) => `import m${index} = require('${name}')\nexport const n${index} = m${index}`).join('\n')}
${agent}`,
  'types.mts': `import * as main from '${manifest.name}'
${others.map(({ name }, index) => `import * as m${index} from '${name}'\nexport const n${index} = m${index}`).join('\n')}
${agent}`,
}

const strict = { strict: true, noEmit: true, target: 'es2022', lib: ['es2022'], types: [], skipLibCheck: false }

const modes = [
  ['node16', { module: 'node16' }, ['types.cts', 'types.mts']],
  ['nodenext', { module: 'nodenext' }, ['types.cts', 'types.mts']],
  ['bundler', { module: 'esnext', moduleResolution: 'bundler' }, ['types.mts']],
] as const

describe.each(['typescript', 'typescript-7'])('for the compiler %s', (compiler) => {
  it.each(modes)(
    'types resolve as %s',
    async (mode, options, files) => {
      Object.entries(typed).forEach(([name, text]) => write(name, text))
      const compilerOptions = { ...strict, ...options }
      const project = write(`tsconfig.${mode}.json`, JSON.stringify({ compilerOptions, files }))
      const bin = join(root, 'node_modules', compiler, 'bin/tsc')
      expect(await outputOf(process.execPath, [bin, '-p', project], consumer)).toBe('')
    },
    60_000,
  )
})

// ---------------------------------------------------------------------------------------------------------------------
// what an import loads
// ---------------------------------------------------------------------------------------------------------------------

/** A package and all that it depends on, by name. */
const treeOf = (name: string, seen: ReadonlySet<string> = new Set()): ReadonlySet<string> => {
  const path = join(consumer, 'node_modules', name, 'package.json')
  if (seen.has(name) || !existsSync(path)) return seen
  const { dependencies = {} } = JSON.parse(readFileSync(path, 'utf8')) as Partial<Pick<Manifest, 'dependencies'>>
  return Object.keys(dependencies).reduce<ReadonlySet<string>>(
    (rest, next) => treeOf(next, rest),
    new Set([...seen, name]),
  )
}

const loadedBy = async (name: string): Promise<ReadonlyArray<string>> => {
  const script = `require('${name}'); console.log(Object.keys(require.cache).join('\\n'))`
  const lines = (await outputOf(process.execPath, ['-e', script], consumer)).trim().split('\n')
  return lines.map((path) => path.slice(join(consumer, 'node_modules/').length).replaceAll('\\', '/'))
}

const packageOf = (path: string): string => path.split('/', path.startsWith('@') ? 2 : 1).join('/')

describe(`requiring ${manifest.name}`, () => {
  it('loads nothing of another subpath', async () => {
    const paths = await loadedBy(manifest.name)
    const folderOf = ({ types }: Subpath): string => dirname(types).replace('dist/lib', 'dist/runtime')
    expect(paths).toContain(`${manifest.name}/dist/runtime/index.js`)
    expect(paths.filter((path) => others.some((other) => path.includes(`${folderOf(other)}/`)))).toEqual([])
  })

  it('loads no package but what it stands on', async () => {
    const allowed = new Set([manifest.name, 'fp-ts', 'koa-compose', 'ws', ...treeOf('koa')])
    const packages = new Set((await loadedBy(manifest.name)).map(packageOf))
    expect([...packages].filter((name) => !allowed.has(name))).toEqual([])
  })

  it('loads the modules of fp-ts one by one', async () => {
    expect(await loadedBy(manifest.name)).not.toContain('fp-ts/lib/index.js')
  })
})

describe(`requiring ${manifest.name}/client`, () => {
  const client = `${manifest.name}/client`

  it('loads nothing of the server, no client of HTTP or WebSockets, and no SDK', async () => {
    const allowed = new Set([manifest.name, 'aws4', 'eventsource-parser', 'fp-ts'])
    const paths = await loadedBy(client)
    expect([...new Set(paths.map(packageOf))].filter((name) => !allowed.has(name))).toEqual([])
    expect(paths.filter((path) => /dist\/lib\/(?!client|core|node)/.test(path))).toEqual([])
  })

  it('loads no more of Node than it starts with and signing needs', async () => {
    const script = `require('${client}'); console.log(process.moduleLoadList.join('\\n'))`
    const lines = (await outputOf(process.execPath, ['-e', script], consumer)).split('\n')
    const builtins = lines.filter((line) => /^NativeModule (https?|http2|net|tls|dns|zlib|child_process)$/.test(line))
    expect(builtins).toEqual([])
  })
})
