/** The end of a log, to tell why what wrote it has failed. */
import { readFile } from 'node:fs/promises'

/** The last lines of a file; none where it cannot be read. */
export const readTail = async (path: string): Promise<ReadonlyArray<string>> => {
  const text = await readFile(path, 'utf8').catch(() => '')
  return text.trimEnd().split('\n').slice(-20)
}
