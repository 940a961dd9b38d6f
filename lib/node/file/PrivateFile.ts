/**
 * Files and folders that are this user's alone. A project may come from a stranger, with links, FIFOs and open modes
 * below `.bedrock_agentcore`: nothing here follows a link there, and whatever the umask, files are 0600 and folders 0700.
 */
import { closeSync, constants, fchmodSync, fstatSync, lstatSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { chmodSync, type Stats } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { dirname, join, parse, resolve, sep } from 'node:path'
import { errorCode, isMissing } from '../SystemError'
import { writeWhole } from './AtomicFile'

/** The folder of a project that all that commands keep of it is below. */
export const stateFolder = '.bedrock_agentcore'

// A file that is read here is a few lines; a larger one is not of this library.
const maxSize = 1_000_000

/** Windows has neither flag, nor a checkout that makes links there without asking. */
const noFollow = constants.O_NOFOLLOW ?? 0
const noWait = constants.O_NONBLOCK ?? 0 // else a FIFO holds up whoever opens it

const refuse = (path: string, why: string): Error => new Error(`${path} ${why}`)

/** Undefined where there is nothing at all: a link that leads nowhere is something. */
const lookAt = (path: string): Stats | undefined => {
  try {
    return lstatSync(path)
  } catch (cause) {
    if (isMissing(cause)) return undefined
    throw cause
  }
}

/** Whether something belongs to this user. Windows has no such number; root may work in the folder of anyone. */
const isOurs = ({ uid }: Stats): boolean => {
  const own = process.getuid?.() ?? 0
  return own === 0 || uid === own
}

const isOpen = ({ mode }: Stats): boolean => process.platform !== 'win32' && (mode & 0o077) !== 0

const checkFolder = (path: string): Stats => {
  const found = lstatSync(path)
  if (found.isSymbolicLink())
    throw refuse(path, 'is a symbolic link, and agentcore follows none where it keeps its own files')
  if (!found.isDirectory()) throw refuse(path, 'is not a folder, but agentcore keeps files there')
  if (!isOurs(found)) throw refuse(path, 'belongs to another user')
  return found
}

/** A file system that keeps no modes, or cannot be written to, has none to change. */
const hasNoModes = (cause: unknown): boolean => ['EPERM', 'EROFS', 'ENOTSUP', 'ENOSYS'].includes(errorCode(cause) ?? '')

const restrict = (change: () => void): void => {
  try {
    change()
  } catch (cause) {
    if (!hasNoModes(cause)) throw cause
  }
}

const make = (path: string): void => {
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (cause) {
    if (errorCode(cause) !== 'EEXIST') throw cause // else another process was faster
  }
  if (isOpen(checkFolder(path))) restrict(() => chmodSync(path, 0o700))
}

/** Every folder of a path from `.bedrock_agentcore` on; only the last one where that is no part of it. */
const guarded = (path: string): ReadonlyArray<string> => {
  const { root } = parse(path)
  const names = path.slice(root.length).split(sep).filter(Boolean)
  const first = names.indexOf(stateFolder)
  return (first < 0 ? [names.length - 1] : names.map((_, at) => at).slice(first)).map((at) =>
    join(root, ...names.slice(0, at + 1)),
  )
}

/**
 * Makes a folder, or makes sure of one that is there: it and its parents up to `.bedrock_agentcore` are real folders of
 * this user, which nobody else may enter. Throws where one is a link or something else.
 */
export const privateFolder = (path: string): void => {
  const folders = guarded(resolve(path))
  const [first = path] = folders
  mkdirSync(dirname(first), { recursive: true })
  folders.forEach(make)
}

/** Makes sure of a folder that is only looked into, and changes nothing: false where it or a parent is missing. */
export const hasPrivateFolder = (path: string): boolean => {
  for (const folder of guarded(resolve(path))) {
    if (lookAt(folder) === undefined) return false
    checkFolder(folder)
  }
  return true
}

const check = (path: string, stats: Stats): void => {
  if (!stats.isFile()) throw refuse(path, 'is not a regular file')
  if (!isOurs(stats)) throw refuse(path, 'belongs to another user')
}

const refusal = (path: string, cause: unknown): unknown => {
  if (errorCode(cause) === 'ELOOP' || errorCode(cause) === 'EMLINK') return refuse(path, 'is a symbolic link')
  return errorCode(cause) === 'ENXIO' ? refuse(path, 'is not a regular file') : cause
}

/** Opens a file to append to, and makes it and its folder where they are missing. */
export const appendPrivate = async (path: string): Promise<FileHandle> => {
  privateFolder(dirname(path))
  if (noFollow === 0 && lookAt(path)?.isSymbolicLink() === true) throw refuse(path, 'is a symbolic link')
  const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | noFollow | noWait
  const file = await open(path, flags, 0o600).catch((cause: unknown) => {
    throw refusal(path, cause)
  })
  try {
    const stats = await file.stat()
    check(path, stats)
    if (isOpen(stats)) restrict(() => fchmodSync(file.fd, 0o600))
    return file
  } catch (cause) {
    await file.close()
    throw cause
  }
}

/** The text of a small file; undefined where it or its folder is missing. Throws where it is a link or not a file. */
export const readPrivate = (path: string): string | undefined => {
  if (!hasPrivateFolder(dirname(path)) || lookAt(path) === undefined) return undefined
  if (noFollow === 0 && lookAt(path)?.isSymbolicLink() === true) throw refuse(path, 'is a symbolic link')
  let file: number
  try {
    file = openSync(path, constants.O_RDONLY | noFollow | noWait)
  } catch (cause) {
    if (isMissing(cause)) return undefined
    throw refusal(path, cause)
  }
  try {
    const stats = fstatSync(file)
    check(path, stats)
    if (stats.size > maxSize) throw refuse(path, 'is too large to be a file of agentcore')
    return readFileSync(file, 'utf8')
  } finally {
    closeSync(file)
  }
}

/** Writes a file whole or not at all; what stands at its path, a link included, is replaced. */
export const writePrivate = async (path: string, text: string | Uint8Array): Promise<void> => {
  privateFolder(dirname(path))
  await writeWhole(path, text, { mode: 0o600 })
}

/** Makes sure that a program which follows links writes into the folder: a file that is a link or no file is refused. */
export const refuseLink = (path: string): void => {
  const found = lookAt(path)
  if (found?.isSymbolicLink() === true) throw refuse(path, 'is a symbolic link')
  if (found !== undefined) check(path, found)
}

/** Makes a file the user's alone, which another program has made open. */
export const closeOff = (path: string): void => {
  if (lookAt(path) === undefined) return
  const file = openSync(path, constants.O_RDONLY | noFollow | noWait)
  try {
    const stats = fstatSync(file)
    if (stats.isFile() && isOpen(stats)) restrict(() => fchmodSync(file, 0o600))
  } finally {
    closeSync(file)
  }
}
