/**
 * Files and folders that only this user can access. A project may come from an attacker, with links, FIFOs and open
 * modes below `.bedrock_agentcore`: nothing here follows a link there, and whatever the umask, files are 0600 and
 * folders 0700.
 */
import { closeSync, constants, fchmodSync, fstatSync, lstatSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { chmodSync, type Stats, writeFileSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { basename, dirname, join, parse, resolve, sep } from 'node:path'
import { errorCode, isMissing } from '../SystemError'
import { writeWhole } from './AtomicFile'

/** The project folder for all files of the commands. */
export const stateFolder = '.bedrock_agentcore'

// Files of this package are a few lines long; a larger one is foreign.
const maxSize = 1_000_000

/** Windows has neither flag, nor checkouts that create links without asking. */
const noFollow = constants.O_NOFOLLOW ?? 0
const noWait = constants.O_NONBLOCK ?? 0 // opening a FIFO would block

const refuse = (path: string, why: string): Error => new Error(`${path} ${why}`)

/** The stats of a path; undefined if nothing is there. A dangling link is something. */
const lookAt = (path: string): Stats | undefined => {
  try {
    return lstatSync(path)
  } catch (cause) {
    if (isMissing(cause)) return undefined
    throw cause
  }
}

/** Whether a file belongs to this user. Windows has no user ids; root may work in anyone's folder. */
const isOurs = ({ uid }: Stats): boolean => {
  const own = process.getuid?.() ?? 0
  return own === 0 || uid === own
}

const isOpen = ({ mode }: Stats): boolean => process.platform !== 'win32' && (mode & 0o077) !== 0

const checkFolder = (path: string): Stats => {
  const found = lstatSync(path)
  if (found.isSymbolicLink())
    throw refuse(path, 'is a symbolic link, which agentcore does not follow for its own files')
  if (!found.isDirectory()) throw refuse(path, 'is not a folder, but agentcore needs it as one')
  if (!isOurs(found)) throw refuse(path, 'belongs to another user')
  return found
}

/** Whether a mode could not be set because the file system has no modes or is read-only. */
const hasNoModes = (cause: unknown): boolean => ['EPERM', 'EROFS', 'ENOTSUP', 'ENOSYS'].includes(errorCode(cause) ?? '')

const restrict = (change: () => void): void => {
  try {
    change()
  } catch (cause) {
    if (!hasNoModes(cause)) throw cause
  }
}

/** Built programs, logs and records are no part of a project: a new folder of the commands is ignored by git. */
const ignoreInGit = (path: string): void => {
  try {
    writeFileSync(join(path, '.gitignore'), '*\n', { flag: 'wx', mode: 0o600 })
  } catch (cause) {
    if (errorCode(cause) !== 'EEXIST') throw cause // another process has created the folder at the same time
  }
}

const make = (path: string): void => {
  try {
    mkdirSync(path, { mode: 0o700 })
    if (basename(path) === stateFolder) ignoreInGit(path)
  } catch (cause) {
    if (errorCode(cause) !== 'EEXIST') throw cause // created by another process meanwhile
  }
  if (isOpen(checkFolder(path))) restrict(() => chmodSync(path, 0o700))
}

/** Every folder of a path from `.bedrock_agentcore` on; only the last one if that is not in the path. */
const guarded = (path: string): ReadonlyArray<string> => {
  const { root } = parse(path)
  const names = path.slice(root.length).split(sep).filter(Boolean)
  const first = names.indexOf(stateFolder)
  return (first < 0 ? [names.length - 1] : names.map((_, at) => at).slice(first)).map((at) =>
    join(root, ...names.slice(0, at + 1)),
  )
}

/**
 * Creates a folder, or verifies an existing one: it and its parents up to `.bedrock_agentcore` are real folders that
 * only this user can access. Throws for a link or anything else.
 */
export const privateFolder = (path: string): void => {
  const folders = guarded(resolve(path))
  const [first = path] = folders
  mkdirSync(dirname(first), { recursive: true })
  folders.forEach(make)
}

/** Verifies a folder for reading, without changing anything: false if it or a parent is missing. */
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

/** Opens a file for appending; creates it and its folder if missing. */
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

/**
 * The text of a small file; undefined if it or its folder is missing. Throws for a link or anything else but a file.
 */
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
    if (stats.size > maxSize) throw refuse(path, 'is too large to be an agentcore file')
    return readFileSync(file, 'utf8')
  } finally {
    closeSync(file)
  }
}

/** Writes a file atomically, replacing whatever is at its path, even a link. */
export const writePrivate = async (path: string, text: string | Uint8Array): Promise<void> => {
  privateFolder(dirname(path))
  await writeWhole(path, text, { mode: 0o600 })
}

/** Verifies a path for a program that follows links: throws for a link or anything else but a file. */
export const refuseLink = (path: string): void => {
  const found = lookAt(path)
  if (found?.isSymbolicLink() === true) throw refuse(path, 'is a symbolic link')
  if (found !== undefined) check(path, found)
}

/** Restricts a file that another program has created to this user. */
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
