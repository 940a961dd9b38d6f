/** `.ci/build.mjs`: what is tested and packed is what the sources say, whatever `dist` held before. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { outputOf } from './packing'
import { root } from './support'

const folder = mkdtempSync(join(tmpdir(), 'agentcore-fp-build-'))

const at = (path: string): string => join(folder, path)

const write = (path: string, text: string): void => {
  mkdirSync(dirname(at(path)), { recursive: true })
  writeFileSync(at(path), text)
}

const built = (path: string): string => readFileSync(at(path), 'utf8')

const build = (): Promise<string> => outputOf(process.execPath, [join(root, '.ci/build.mjs'), folder], folder)

beforeAll(async () => {
  const compilerOptions = { rootDir: '.', outDir: 'dist', module: 'node16', declaration: true, types: [] }
  write('tsconfig.json', JSON.stringify({ compilerOptions, include: ['lib'] }))
  write('package.json', '{ "name": "built", "type": "commonjs" }')
  symlinkSync(join(root, 'node_modules'), at('node_modules'))
  write('lib/one.ts', 'export const one: number = 1\n')
  write('lib/two.mts', 'export const two: number = 2\n')
  expect(await build()).toMatch(/^Building everything …\nBuilt in .* s\.\n$/)
}, 60_000)

afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }))

describe('a build', () => {
  it('makes what runs and its types', () => {
    const outputs = ['one.js', 'one.d.ts', 'two.mjs', 'two.d.mts']
    expect(outputs.filter((name) => !existsSync(at(`dist/lib/${name}`)))).toEqual([])
  })

  it('leaves alone what is up to date', async () => {
    const before = statSync(at('dist/lib/one.js')).mtimeMs
    expect(await build()).toMatch(/^Building what has changed …\nBuilt in .* s\.\n$/)
    expect(statSync(at('dist/lib/one.js')).mtimeMs).toBe(before)
  })

  it('takes a change of a source, and its way back', async () => {
    write('lib/one.ts', 'export const one: number = 11\n')
    await build()
    expect(built('dist/lib/one.js')).toContain('11')
    write('lib/one.ts', 'export const one: number = 1\n')
    await build()
    expect(built('dist/lib/one.js')).not.toContain('11')
  })

  it('leaves nothing of a source that is gone', async () => {
    write('lib/gone.ts', 'export const gone = 1\n')
    await build()
    expect(existsSync(at('dist/lib/gone.js'))).toBe(true)
    rmSync(at('lib/gone.ts'))
    await build()
    expect([existsSync(at('dist/lib/gone.js')), existsSync(at('dist/lib/gone.d.ts'))]).toEqual([false, false])
  })

  it('trusts no output that somebody else wrote or removed', async () => {
    write('dist/lib/one.js', 'somebody else\n')
    expect(await build()).toMatch(/^Building everything/)
    expect(built('dist/lib/one.js')).toContain('exports.one')
    rmSync(at('dist/lib/two.mjs'))
    await build()
    expect(existsSync(at('dist/lib/two.mjs'))).toBe(true)
  })

  it('fails with what the compiler says, and is done again', async () => {
    write('lib/one.ts', 'export const one: number = ""\n')
    expect(await build()).toMatch(/^FAILED[^]*lib\/one\.ts[^]*TS2322/)
    expect(await build()).toMatch(/^FAILED[^]*lib\/one\.ts[^]*TS2322/)
    write('lib/one.ts', 'export const one: number = 1\n')
    expect(await build()).toMatch(/^Building/)
  })
})
