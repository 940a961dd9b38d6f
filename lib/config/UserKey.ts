/**
 * A random key of this user, kept outside of any project: `agentcore-fp/key` in `XDG_STATE_HOME` or `~/.local/state`, or,
 * where that cannot be written, in a folder of this user among the temporary files. Files that commands leave in a
 * project are sealed with it, so that those which came with the project are told from the user's own.
 */
import { randomBytes, randomUUID } from 'node:crypto'
import { closeSync, constants, fstatSync, linkSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { chmodSync, lstatSync, mkdirSync } from 'node:fs'
import { homedir, tmpdir, userInfo } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { errorCode, isMissing, errorMessage } from '../node/SystemError'

type Variables = Readonly<Record<string, string | undefined>>

const noFollow = constants.O_NOFOLLOW ?? 0 // Windows has no such flag

const isWindows = process.platform === 'win32'

const userId = (): string => (process.getuid === undefined ? userInfo().username : String(process.getuid()))

const stateHome = ({ XDG_STATE_HOME: named, LOCALAPPDATA: local }: Variables): string => {
  if (named !== undefined && isAbsolute(named)) return named // a relative one counts as none, by the specification
  return isWindows && local !== undefined ? local : join(homedir(), '.local', 'state')
}

/** Where the key may be, the usual place first. */
const toPlaces = (env: Variables): ReadonlyArray<string> => [
  join(stateHome(env), 'agentcore-fp'),
  join(tmpdir(), `agentcore-fp-${userId()}`),
]

const checkOwner = (path: string, uid: number): void => {
  if (process.getuid !== undefined && uid !== process.getuid()) throw new Error(`${path} belongs to another user`)
}

const prepare = (folder: string): void => {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const found = lstatSync(folder)
  if (!found.isDirectory()) throw new Error(`${folder} is not a folder`)
  checkOwner(folder, found.uid)
  if (!isWindows && (found.mode & 0o077) !== 0) chmodSync(folder, 0o700)
}

const read = (path: string): Buffer | undefined => {
  let file: number
  try {
    file = openSync(path, constants.O_RDONLY | noFollow | (constants.O_NONBLOCK ?? 0))
  } catch (cause) {
    if (isMissing(cause)) return undefined
    throw cause
  }
  try {
    const found = fstatSync(file)
    if (!found.isFile()) throw new Error(`${path} is not a file`)
    checkOwner(path, found.uid)
    if (!isWindows && (found.mode & 0o077) !== 0) throw new Error(`${path} is readable by other users: remove it`)
    const text = readFileSync(file, 'latin1').trim()
    if (!/^[\da-f]{64}$/.test(text)) throw new Error(`${path} is damaged: remove it`)
    return Buffer.from(text, 'hex')
  } finally {
    closeSync(file)
  }
}

/** Of several commands that make the key at once, the first one's counts; it is never seen in part. */
const create = (path: string): void => {
  const temporary = `${path}.${randomUUID()}.tmp`
  const text = `${randomBytes(32).toString('hex')}\n`
  try {
    writeFileSync(temporary, text, { flag: 'wx', mode: 0o600 })
    linkSync(temporary, path)
  } catch (cause) {
    if (errorCode(cause) === 'EEXIST') return
    if (errorCode(cause) !== 'EPERM' && errorCode(cause) !== 'ENOTSUP') throw cause
    writeFileSync(path, text, { flag: 'wx', mode: 0o600 }) // a file system without hard links
  } finally {
    rmSync(temporary, { force: true })
  }
}

const keyIn = (folder: string): Buffer => {
  prepare(folder)
  const path = join(folder, 'key')
  const found = read(path)
  if (found !== undefined) return found
  create(path)
  const made = read(path)
  if (made === undefined) throw new Error(`Could not create ${path}`)
  return made
}

let known: Buffer | undefined

/**
 * The key, which is made at the first use; a process reads it once. Throws where neither place can be used, or someone
 * else may have written there.
 */
export const userKey = (): Buffer => {
  if (known !== undefined) return known
  const reasons: Array<string> = []
  for (const folder of toPlaces(process.env)) {
    try {
      return (known = keyIn(folder))
    } catch (cause) {
      reasons.push(errorMessage(cause))
    }
  }
  throw new Error(
    `Could not store the key of agentcore (${reasons.join('; ')}): set XDG_STATE_HOME to a folder you own`,
  )
}
