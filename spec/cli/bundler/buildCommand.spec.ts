import { existsSync, readFileSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inProject, type Project } from '../support'
import { inWorld, type Said } from '../world'

const source = `console.log('here')\n;({ listen() {} }).listen()`

const building = ({ folder }: Project, outdir: string, entry = 'agent.ts'): Promise<Said> =>
  inWorld(folder, ['build', '--entrypoint', entry, '--outdir', outdir])

describe('build', () => {
  it('makes the folders of --outdir, and replaces an earlier build', async () => {
    await inProject({ 'agent.ts': source }, async (project) => {
      for (const text of [source, source.replace('here', 'again')]) {
        project.write('agent.ts', text)
        expect(await building(project, 'out/of/it')).toMatchObject({ code: 0, stderr: '' })
      }
      const out = join(project.folder, 'out/of/it')
      expect(readdirSync(out).sort()).toEqual(['main.js', 'main.js.map', 'package.json'])
      expect(readFileSync(join(out, 'main.js'), 'utf8')).toMatch(/again/)
      expect(readdirSync(join(project.folder, 'out/of'))).toEqual(['it'])
    })
  })

  it('writes files with the mode of any other, so that an image may run them as another user', async () => {
    await inProject({ 'agent.ts': source }, async (project) => {
      expect((await building(project, 'out')).code).toBe(0)
      const modeOf = (path: string): number => statSync(join(project.folder, path)).mode
      writeFileSync(join(project.folder, 'other'), '')
      for (const name of readdirSync(join(project.folder, 'out'))) {
        expect([name, modeOf(join('out', name))]).toEqual([name, modeOf('other')])
      }
    })
  })

  it('writes where a link leads', async () => {
    await inProject({ 'agent.ts': source }, async (project) => {
      symlinkSync(join(project.folder, 'real'), join(project.folder, 'out'))
      project.write('real/main.js', 'a build')
      project.write('real/package.json', '{ "type": "commonjs" }\n')
      expect((await building(project, 'out')).code).toBe(0)
      expect(readFileSync(join(project.folder, 'real/main.js'), 'utf8')).toMatch(/here/)
    })
  })

  const replaces = /^--outdir would replace the folder of the agent: choose another --outdir/
  const foreign = (names: string): RegExp =>
    new RegExp(`contains files that agentcore build did not write \\(${names}\\): empty it, or choose another --outdir`)

  it.each<readonly [string, string, string, Readonly<Record<string, string>>, RegExp]>([
    ['the folder of the entry point', 'src/agent.ts', 'src', { 'src/data.txt': 'data' }, replaces],
    ['the project', 'agent.ts', '.', {}, replaces],
    ['a folder around the project', 'agent.ts', '..', {}, replaces],
    ['a folder with sources', 'agent.ts', 'lib', { 'lib/words.ts': 'export {}' }, foreign('words.ts')],
    ['a folder with data', 'agent.ts', 'data', { 'data/a/b.csv': '1', 'data/c': '2' }, foreign('a, c')],
    ['what another tool compiled', 'agent.ts', 'dist', { 'dist/main.js': '0', 'dist/a.js': '0' }, foreign('a.js')],
    ['a program that has no package.json', 'agent.ts', 'dist', { 'dist/main.js': '0' }, foreign('main.js')],
    [
      'a package with a program',
      'agent.ts',
      'tool',
      { 'tool/main.js': '0', 'tool/package.json': '{"name":"tool"}' },
      foreign('main.js, package.json'),
    ],
    ['a file', 'agent.ts', 'file', { file: 'text' }, /^Could not write file: .*choose another --outdir/],
  ])('leaves %s alone', async (_, entry, outdir, files, why) => {
    await inProject({ [entry]: source, ...files }, async (project) => {
      const { code, stderr } = await building(project, outdir, entry)
      expect([code, stderr]).toEqual([1, expect.stringMatching(why)])
      for (const [path, text] of Object.entries({ [entry]: source, ...files })) {
        expect(readFileSync(join(project.folder, path), 'utf8')).toBe(text)
      }
      expect(existsSync(join(project.folder, 'main.js'))).toBe(false)
    })
  })

  it('leaves a folder with data alone that a link leads to', async () => {
    await inProject({ 'agent.ts': source, 'data/a.csv': '1' }, async (project) => {
      symlinkSync(join(project.folder, 'data'), join(project.folder, 'out'))
      const { code, stderr } = await building(project, 'out')
      expect([code, stderr]).toEqual([1, expect.stringMatching(foreign('a.csv'))])
    })
  })
})
