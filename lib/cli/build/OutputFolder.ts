/**
 * The folder that `agentcore build` writes to. It is replaced as a whole, so it must hold nothing but an earlier build:
 * a wrong --outdir must not cost anybody a file.
 */
import { mkdir, mkdtemp, readdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import * as O from 'fp-ts/Option'
import { isMissing, unlessMissing } from '../../node/SystemError'
import { manifests } from '../bundler/Bundle'

/** The files of a build beside its `package.json`: the program, and assets named by their content. */
const generated = /^(?:main\.(?:js|css)(?:\.map)?|.+-[0-9A-Z]{8}(?:\.[^.]+)?)$/

/** What a folder holds that no build has written, by name; empty where the folder is missing, empty or a build's. */
export const foreignIn = async (folder: string): Promise<ReadonlyArray<string>> => {
  const names = O.getOrElse((): ReadonlyArray<string> => [])(await unlessMissing(readdir(folder)))
  const foreign = names.filter((name) => name !== 'package.json' && !generated.test(name))
  if (names.length === 0 || foreign.length > 0) return foreign
  const manifest = await readFile(join(folder, 'package.json'), 'utf8').catch(() => '')
  return manifests.includes(manifest) ? [] : names
}

/** Where a path leads: of a missing one, where its nearest parent leads. */
export const realTarget = async (path: string): Promise<string> => {
  try {
    return await realpath(path)
  } catch (cause) {
    if (!isMissing(cause) || dirname(path) === path) throw cause
    return join(await realTarget(dirname(path)), basename(path))
  }
}

/**
 * Replaces a folder with the files of another in one step. The files are written, not copied: a copy would keep the mode
 * of the private originals, and an image that runs as another user could not read them.
 */
export const replaceFolder = async (target: string, source: string): Promise<void> => {
  await mkdir(dirname(target), { recursive: true })
  const scratch = await mkdtemp(join(dirname(target), `.${basename(target)}-`))
  try {
    const whole = join(scratch, 'whole')
    await mkdir(whole)
    for (const name of await readdir(source)) await writeFile(join(whole, name), await readFile(join(source, name)))
    await rm(target, { recursive: true, force: true })
    await rename(whole, target)
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}
