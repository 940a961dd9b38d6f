/** The state of a dry run: it is gone afterwards, and types are found from it as from the project. */
import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import * as E from 'fp-ts/Either'
import * as TE from 'fp-ts/TaskEither'
import type { AgentFolder } from '../../../lib/cli/agent/AgentFolder'
import { typeCheck } from '../../../lib/cli/bundler/TypeCheck'
import { withScratchState } from '../../../lib/cli/deploy/cloud/ScratchState'
import { fromBuild } from '../../../lib/cli/terminal/Failures'
import { inProject, type Project } from '../support'
import { worldIn } from '../world'

const agentIn = ({ folder }: Project): AgentFolder => ({
  agent: { name: 'hello', entrypoint: 'agent.ts' },
  folder,
  package: folder,
  file: join(folder, 'agent.ts'),
  state: join(folder, '.bedrock_agentcore/hello'),
})

it(
  'checks types by a configuration that leaves the entry point out, and writes nothing to the project',
  () =>
    inProject(
      {
        'agent.ts': "export const port: number = process.env['PORT']\n",
        'tsconfig.json': JSON.stringify({ compilerOptions: { strict: true }, include: ['test'] }),
        'test/a.ts': 'export {}',
      },
      async (project) => {
        const where = agentIn(project)
        const before = readdirSync(project.folder)
        const cli = { ...worldIn(project.folder).world, isJson: true, isVerbose: true }
        const states: Array<string> = []
        const checked = await withScratchState(where)(({ folder, file, state }) => {
          states.push(state)
          expect(existsSync(state)).toBe(true)
          return TE.mapLeft(fromBuild(cli))(typeCheck({ project: folder, file, cache: state }))
        })()
        // `process` is known, and what is wrong is its type.
        expect(E.isLeft(checked) && JSON.stringify(checked.left)).toContain('TS2322')
        expect(E.isLeft(checked) && JSON.stringify(checked.left)).not.toContain('TS2580')
        expect(readdirSync(project.folder)).toEqual(before)
        expect(states.map((state) => existsSync(dirname(state)))).toEqual([false])
      },
    ),
  60_000,
)
