import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { outputOf, packInto } from './packing'
import { filesBelow, root, pages } from './support'

const limit = 860_000

const temporary = mkdtempSync(join(tmpdir(), 'agentcore-fp-pack-'))

const packed = packInto(temporary)
const tarball = join(temporary, packed.filename)
const paths = packed.files.map(({ path }) => path)
const runtime = paths.filter((path) => path.startsWith('dist/runtime/'))
const others = paths.filter((path) => !path.startsWith('dist/runtime/'))
const entries = ['', 'auth/', 'client/', 'fp/', 'plain/', 'strands/', 'testing/']

/** Those of projects are more than TypeScript. Their locks are large, and for the specs alone. */
const examples = filesBelow('examples', '').filter(
  (path) =>
    statSync(join(root, path)).isFile() &&
    (path.startsWith('examples/templates/') || /[.](?:ts|html)$/.test(path)) &&
    !path.endsWith('/package-lock.json'),
)

afterAll(() => rmSync(temporary, { recursive: true, force: true, maxRetries: 10 }))

describe('the tarball', () => {
  const papers = ['CHANGELOG.md', 'LICENSE', 'SECURITY.md', 'llms.txt', 'package.json']
  const besides = [...papers, ...pages, ...examples]

  it('holds the build of every file of lib, what Node loads of it, and nothing else but its papers and examples', () => {
    // Nobody can import the command line and what is below it alone.
    const isImported = (path: string): boolean => !/^lib\/(cli|config|deploy|local)\//.test(path)
    const built = filesBelow('lib', '.ts').flatMap((path) =>
      ['.js', ...(isImported(path) ? ['.d.ts'] : [])].map((end) => `dist/${path.replace(/\.ts$/, end)}`),
    )
    const forBundlers = entries.map((entry) => `dist/lib/${entry}index.mjs`)
    expect(others.sort()).toEqual([...besides, ...built, ...forBundlers].sort())
  })

  it('holds what Node loads of each entry point, in few files', () => {
    const shared = runtime.filter((path) => /^dist\/runtime\/chunk-\w+[.]js$/.test(path))
    const own = [...entries.map((entry) => `dist/runtime/${entry}index.js`), 'dist/runtime/node/file/FileLocks.js']
    expect([...runtime].sort()).toEqual([...shared, ...own].sort())
    expect(shared.length).toBeLessThan(20)
  })

  it('speaks of no source map', () => {
    const scripts = paths.filter((path) => path.endsWith('.js') || path.endsWith('.d.ts'))
    expect(scripts.filter((path) => readFileSync(join(root, path), 'utf8').includes('sourceMappingURL'))).toEqual([])
  })

  it('speaks of no folder of the machine that built it', () => {
    expect(paths.filter((path) => readFileSync(join(root, path), 'utf8').includes(root))).toEqual([])
  })

  it(`is smaller than ${limit} bytes`, () => {
    expect(packed.size).toBeLessThan(limit)
  })

  it('pleases publint', async () => {
    expect(await outputOf(join(root, 'node_modules/.bin/publint'), ['run', '--strict', tarball], root)).toMatch(
      /All good/,
    )
  })
})
