/** Reads files that people write, in the encodings that editors save. */
import { readFile } from 'node:fs/promises'
import { decodeText } from '../Utf8Text'

/** The text of a file, without a byte order mark. Rejects if it cannot be read, or is not text, with its path. */
export const readText = async (path: string): Promise<string> => {
  const text = decodeText(await readFile(path))
  if (text === undefined) throw new Error(`${path} is ${notText}`)
  return text
}

/** What is wrong with bytes that are no text, and what to do about it. */
export const notText = 'neither UTF-8 nor UTF-16 with a byte order mark: save it as UTF-8'
