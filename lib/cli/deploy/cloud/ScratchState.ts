/** The state of an agent during a dry run: a temporary folder, so that nothing is written to the project. */
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { readPrivate, writePrivate } from '../../../node/file/PrivateFile'
import type { AgentFolder } from '../../agent/AgentFolder'
import { type CliError, stateUnusable } from '../../program/CliError'

/** Uses a folder of state that is removed afterwards. It begins with the Dockerfile of the agent's own. */
export const withScratchState =
  (where: AgentFolder) =>
  <A>(use: (where: AgentFolder) => TE.TaskEither<CliError, A>): TE.TaskEither<CliError, A> =>
    TE.bracket(
      TE.tryCatch(() => mkdtemp(join(tmpdir(), 'agentcore-dry-run-')), stateUnusable),
      (scratch) =>
        pipe(
          TE.tryCatch(() => fill(scratch, where), stateUnusable),
          TE.chain((state) => use({ ...where, state })),
        ),
      (scratch) => TE.tryCatch(() => rm(scratch, { recursive: true, force: true, maxRetries: 5 }), stateUnusable),
    )

const fill = async (scratch: string, where: AgentFolder): Promise<string> => {
  const state = await withPackages(scratch, where.folder)
  for (const name of ['Dockerfile', 'Dockerfile.dockerignore']) {
    const text = readPrivate(join(where.state, name))
    if (text !== undefined) await writePrivate(join(state, name), text)
  }
  return state
}

/**
 * A folder that sees the packages of another: TypeScript looks for types from its configuration upwards, and that may be
 * written here. Each `node_modules` on the way up is linked, the nearest in the innermost folder.
 */
const withPackages = async (scratch: string, project: string): Promise<string> => {
  let state = scratch
  for (const modules of upwards(project).map((folder) => join(folder, 'node_modules'))) {
    if (!existsSync(modules)) continue
    state = join(state, 'state')
    await mkdir(state)
    await symlink(modules, join(state, 'node_modules'), 'junction')
  }
  return state
}

/** A folder and those around it, the outermost first. */
const upwards = (folder: string): ReadonlyArray<string> =>
  dirname(folder) === folder ? [folder] : [...upwards(dirname(folder)), folder]
