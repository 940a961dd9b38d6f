/** The folder of a new project: checked before, filled, and left as it was if anything fails. */
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import * as TE from 'fp-ts/TaskEither'
import { errorCode, errorMessage, isMissing } from '../../../node/SystemError'
import { type CliError, failed } from '../../program/CliError'
import type { ProjectFile } from '../plan/CreatePlan'

/** What a folder was before. */
export type FolderBefore =
  /** `parent`: the first folder above that has to be made; the folder itself if only that is missing. */
  | { readonly _tag: 'Missing'; readonly topmost: string }
  /** It has nothing but what is listed here, which stays. */
  | { readonly _tag: 'Empty'; readonly kept: ReadonlyArray<string> }

/** What may be in a folder that counts as empty: a repository without files. */
const harmless: ReadonlySet<string> = new Set(['.git', '.DS_Store'])

/** Looks at the folder. Left if it has files. */
export const checkFolder =
  (folder: string): TE.TaskEither<CliError, FolderBefore> =>
  async () => {
    try {
      const names = await readdir(folder)
      const foreign = names.filter((name) => !harmless.has(name))
      if (foreign.length === 0) return { _tag: 'Right', right: { _tag: 'Empty', kept: names } }
      const more = foreign.length > 3 ? ` and ${foreign.length - 3} more` : ''
      return notEmpty(`${folder} is not empty: it contains ${foreign.slice(0, 3).join(', ')}${more}`)
    } catch (cause) {
      if (isMissing(cause)) return { _tag: 'Right', right: { _tag: 'Missing', topmost: await topmostMissing(folder) } }
      if (errorCode(cause) === 'ENOTDIR') return notEmpty(`${folder} is not a folder`)
      return { _tag: 'Left', left: notWritten(folder)(cause) }
    }
  }

const notEmpty = (message: string): { readonly _tag: 'Left'; readonly left: CliError } => ({
  _tag: 'Left',
  left: failed('NOT_EMPTY', message, 'name a new folder: agentcore create my-agent'),
})

const topmostMissing = async (folder: string): Promise<string> => {
  const parent = dirname(folder)
  if (parent === folder) return folder
  try {
    await readdir(parent)
    return folder
  } catch (cause) {
    return isMissing(cause) ? topmostMissing(parent) : folder
  }
}

const notWritten =
  (folder: string) =>
  (cause: unknown): CliError =>
    failed('NOT_WRITTEN', `Could not write ${folder}: ${errorMessage(cause)}`, 'choose another folder', { cause })

/** Writes the files. */
export const writeFiles = (folder: string, files: ReadonlyArray<ProjectFile>): TE.TaskEither<CliError, void> =>
  TE.tryCatch(async () => {
    for (const { path, text } of files) {
      const file = join(folder, path)
      await mkdir(dirname(file), { recursive: true })
      await writeFile(file, text, { flag: 'wx' }) // never over a file that has appeared meanwhile
    }
  }, notWritten(folder))

/** Removes all that was written. */
export const undo = (folder: string, before: FolderBefore): TE.TaskEither<CliError, void> =>
  TE.tryCatch(async () => {
    if (before._tag === 'Missing') return rm(before.topmost, { recursive: true, force: true })
    const names = await readdir(folder)
    const made = names.filter((name) => !before.kept.includes(name))
    await Promise.all(made.map((name) => rm(join(folder, basename(name)), { recursive: true, force: true })))
  }, notWritten(folder))
