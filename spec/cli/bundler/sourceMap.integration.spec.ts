import { spawnSync } from 'node:child_process'
import { cpSync, readFileSync } from 'node:fs'
import { SourceMap } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { inProject } from '../support'
import { agentcore } from '../world'
import { made, right } from './building'

const files = {
  'agent.ts': `import { fail } from './lib/deep/fail'\nfail(process.argv.length)\n`,
  'lib/deep/fail.ts': `interface Why { readonly n: number }\n\nexport const fail = (n: number): never => {\n  const why: Why = { n }\n  throw new Error(\`failed \${why.n}\`)\n}\n`,
}

/** The stack of the agent's failure, when `node` runs the program there. */
const stackOf = (main: string): string =>
  spawnSync(process.execPath, ['--enable-source-maps', main], { encoding: 'utf8' }).stderr

/** The files that the map of a program names, as paths. */
const sourcesOf = (main: string): ReadonlyArray<string> => {
  const text = readFileSync(`${main}.map`, 'utf8')
  const { sources, sourceRoot = '' } = JSON.parse(text) as { sources: ReadonlyArray<string>; sourceRoot?: string }
  expect(new SourceMap(JSON.parse(text) as ConstructorParameters<typeof SourceMap>[0])).toBeDefined()
  return sources
    .filter((source) => !source.startsWith('agentcore:')) // generated code
    .map((source) => fileURLToPath(new URL(sourceRoot + source, pathToFileURL(main))))
}

describe('the source map of a program', () => {
  it('names the files of the project, however deep the program lies', () =>
    inProject(files, async (project) => {
      const { artifact } = right(await made(project, 'agent.ts'))
      expect(stackOf(artifact.main)).toContain(`${join(project.folder, 'lib/deep/fail.ts')}:5:9`)
      expect(stackOf(artifact.main)).toContain(`${join(project.folder, 'agent.ts')}:2:1`)
      expect(sourcesOf(artifact.main)).toContain(join(project.folder, 'agent.ts'))
    }))

  it('names them too where the program was copied to another depth', () =>
    inProject(files, async (project) => {
      const { artifact } = right(await made(project, 'agent.ts'))
      const copy = join(project.folder, 'a', 'copy')
      cpSync(dirname(artifact.main), copy, { recursive: true })
      expect(stackOf(join(copy, 'main.js'))).toContain(`${join(project.folder, 'lib/deep/fail.ts')}:5:9`)
    }))

  it.each(['out', 'deep/er/out'])(
    'is relative in what build writes to %s, so that it can leave the machine',
    (outdir) =>
      inProject(files, async (project) => {
        const said = await agentcore(project.folder, ['build', '--entrypoint', 'agent.ts', '--outdir', outdir])
        expect(said).toMatchObject({ code: 0 })
        const main = join(project.folder, outdir, 'main.js')
        expect(readFileSync(`${main}.map`, 'utf8')).not.toContain(project.folder)
        expect(sourcesOf(main)).toContain(join(project.folder, 'lib/deep/fail.ts'))
        expect(stackOf(main)).toContain(`${join(project.folder, 'lib/deep/fail.ts')}:5:9`)
      }),
  )
})
