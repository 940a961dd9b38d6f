/** The end of a log, to explain a failure of its writer. */
import { readFile } from 'node:fs/promises'

/** The last lines of a file, 20 by default; none if it cannot be read. */
export const readTail = async (path: string, count = 20): Promise<ReadonlyArray<string>> => {
  const text = await readFile(path, 'utf8').catch(() => '')
  return text.trimEnd().split('\n').slice(-count)
}
