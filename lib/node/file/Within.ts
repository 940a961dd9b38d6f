/** Whether a path lies in a folder: as it is written, and for `realWithin` also where its symbolic links lead. */
import { realpath } from 'node:fs/promises'
import { dirname, isAbsolute, relative, sep } from 'node:path'
import { isMissing } from '../SystemError'

/** Whether a path is the folder or below it, by its text alone. Both are absolute. */
export const isWithin = (folder: string, path: string): boolean => {
  const way = relative(folder, path)
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)
}

/** Where a path leads; of what is not there, where its nearest folder does. */
const real = async (path: string): Promise<string> => {
  try {
    return await realpath(path)
  } catch (cause) {
    if (!isMissing(cause) || dirname(path) === path) throw cause
    return real(dirname(path))
  }
}

/** Whether a path is the folder or below it, symbolic links followed. What is not there yet is judged by its folder. */
export const realWithin = async (folder: string, path: string): Promise<boolean> =>
  isWithin(folder, path) && isWithin(await real(folder), await real(path))
