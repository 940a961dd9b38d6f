/** Reads the files of a template, which are part of this package. */
import { readdir, readFile } from 'node:fs/promises'
import { join, sep } from 'node:path'
import * as TE from 'fp-ts/TaskEither'
import { type CliError, unexpected } from '../../program/CliError'
import type { ProjectFile } from '../plan/CreatePlan'
import type { Template } from '../plan/Template'

/** The folder of all templates, in the package as in the repository. */
const folder = join(__dirname, '../../../../../examples/templates')

/** In the repository only: a project gets the lock of its own package manager. */
const lockOfSpecs = 'package-lock.json'

/** The files of a template, with those that all share. */
export const readTemplate = (template: Template): TE.TaskEither<CliError, ReadonlyArray<ProjectFile>> =>
  TE.tryCatch(async () => {
    const [shared, own] = await Promise.all([readFolder(join(folder, 'base')), readFolder(join(folder, template))])
    return [...shared.filter(({ path }) => !own.some((file) => file.path === path)), ...own]
  }, unexpected)

const readFolder = async (from: string): Promise<ReadonlyArray<ProjectFile>> => {
  const entries = await readdir(from, { recursive: true, withFileTypes: true })
  return Promise.all(
    entries
      .filter((entry) => entry.isFile() && entry.name !== lockOfSpecs)
      .map(async ({ parentPath, name }) => {
        const path = join(parentPath, name)
        return {
          path: path.slice(from.length + 1).replaceAll(sep, '/'),
          text: await readFile(path, 'utf8'),
        }
      }),
  )
}
