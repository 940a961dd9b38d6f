/** The file with the state of one session: read, written atomically, moved aside if damaged. */
import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, rename } from 'node:fs/promises'
import { join } from 'node:path'
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import type { SessionId, Stored } from '../../core/Session'
import { writeWhole } from '../../node/file/AtomicFile'
import { errorCode, isMissing, unlessMissing } from '../../node/SystemError'

/** The result of reading a state file. */
export type Found =
  | { readonly _tag: 'Missing' }
  | { readonly _tag: 'State'; readonly stored: Stored }
  | { readonly _tag: 'Damaged'; readonly reason: string }

const missing: Found = { _tag: 'Missing' }

const damaged = (reason: string): Found => ({ _tag: 'Damaged', reason })

const parse = (id: SessionId, text: string): Found => {
  const json = E.tryCatch((): unknown => JSON.parse(text), String)
  if (E.isLeft(json)) return damaged(text === '' ? 'it is empty' : 'it is not JSON')
  const file = json.right
  if (
    typeof file !== 'object' ||
    file === null ||
    !('state' in file) ||
    !('savedAt' in file) ||
    typeof file.savedAt !== 'number'
  ) {
    return damaged('it does not have the shape of a state file')
  }
  if (!('id' in file) || file.id !== id) return damaged('it contains the state of another session')
  const version = 'version' in file && typeof file.version === 'string' ? file.version : undefined
  return { _tag: 'State', stored: { state: file.state, savedAt: file.savedAt, version } }
}

/** Opening neither follows a symbolic link nor waits for the other end of a pipe. Windows has neither flag. */
const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

/** Errors of opening or reading that mean something other than a state file; other failures may be temporary. */
const reasons: Readonly<Record<string, string>> = {
  ELOOP: 'it is a symbolic link',
  EMLINK: 'it is a symbolic link',
  EISDIR: 'it is a folder',
  ENXIO: 'it is not a file',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
}

const readFrom = async (file: FileHandle, id: SessionId): Promise<Found> => {
  const stats = await file.stat()
  if (stats.isDirectory()) return damaged('it is a folder')
  return stats.isFile() ? parse(id, await file.readFile('utf8')) : damaged('it is not a file')
}

/** Reads the state file of a session. Rejects with temporary failures, such as too many open files. */
export const read = async (id: SessionId, path: string): Promise<Found> => {
  try {
    const file = await open(path, flags)
    try {
      return await readFrom(file, id)
    } finally {
      await file.close()
    }
  } catch (cause) {
    if (isMissing(cause)) return missing
    const code = errorCode(cause)
    const reason = code === undefined ? undefined : reasons[code]
    if (reason === undefined) throw cause
    return damaged(reason)
  }
}

/**
 * Renames a damaged file, so that nothing in it is lost, and returns the new path; none if it was removed meanwhile.
 */
export const putAside = async (path: string): Promise<O.Option<string>> => {
  const aside = `${path}.damaged-${new Date().toISOString().replace(/[-:.]/g, '')}-${randomUUID().slice(0, 8)}`
  const renamed = await unlessMissing(rename(path, aside))
  return O.isNone(renamed) ? O.none : O.some(aside)
}

/** The text of a state file. It contains the id for people, and to detect files that were swapped. */
export const format = (id: SessionId, { state, savedAt, version }: Stored): string =>
  JSON.stringify({ id, savedAt, version, state: state ?? null })

/** Writes a state file atomically. `check` runs once the text is on the disk; if it rejects, the file is unchanged. */
export const write = async (folder: string, name: string, text: string, check: () => Promise<void>): Promise<void> => {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await writeWhole(join(folder, name), text, { mode: 0o600, check })
}
