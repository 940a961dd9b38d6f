import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { outputOf, packInto } from './packing'
import { filesBelow, root, pages } from './support'

const limit = 720_000

const temporary = mkdtempSync(join(tmpdir(), 'agentcore-fp-pack-'))

const packed = packInto(temporary)
const tarball = join(temporary, packed.filename)
const paths = packed.files.map(({ path }) => path)

afterAll(() => rmSync(temporary, { recursive: true, force: true, maxRetries: 10 }))

describe('the tarball', () => {
  const papers = ['CHANGELOG.md', 'LICENSE', 'SECURITY.md', 'llms.txt', 'package.json']
  const besides = [...papers, ...pages, ...filesBelow('examples', '.ts'), ...filesBelow('examples', '.html')]

  it('holds the build of every file of lib, and nothing else but its papers and examples', () => {
    // Nobody can import the command line and what is below it alone.
    const isImported = (path: string): boolean => !/^lib\/(cli|config|deploy|local)\//.test(path)
    const built = filesBelow('lib', '.ts').flatMap((path) =>
      ['.js', ...(isImported(path) ? ['.d.ts'] : [])].map((end) => `dist/${path.replace(/\.ts$/, end)}`),
    )
    const forBundlers = ['dist/lib/index.mjs', 'dist/lib/plain/index.mjs']
    expect([...paths].sort()).toEqual([...besides, ...built, ...forBundlers].sort())
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
