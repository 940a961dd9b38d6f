/** The end of a log, to explain a failure of its writer. */
import { readFile } from 'node:fs/promises'

/** The last lines of a file; none if it cannot be read. */
export const readTail = async (path: string): Promise<ReadonlyArray<string>> => {
  const text = await readFile(path, 'utf8').catch(() => '')
  return text.trimEnd().split('\n').slice(-20)
}
