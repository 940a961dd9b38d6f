/** Errors of the operating system. Without `instanceof Error`: an error may come from another realm. */
import * as O from 'fp-ts/Option'

/** The code of a thrown value, such as `ENOENT`. */
export const errorCode = (cause: unknown): string | undefined =>
  typeof cause === 'object' && cause !== null && 'code' in cause && typeof cause.code === 'string'
    ? cause.code
    : undefined

/** Whether a file or a program is missing. */
export const isMissing = (cause: unknown): boolean => errorCode(cause) === 'ENOENT'

/** The message of a thrown value. */
export const errorMessage = (cause: unknown): string =>
  typeof cause === 'object' && cause !== null && 'message' in cause && typeof cause.message === 'string'
    ? cause.message
    : String(cause)

/** Codes that a person can act on, in words, with what to do next. */
const inWords: Readonly<Record<string, readonly [message: string, next: string]>> = {
  ENOSPC: ['no space left on the disk', 'free some space, and try again'],
  EDQUOT: ['the disk quota is used up', 'free some space, and try again'],
  EROFS: ['the file system is read-only', 'work in a folder that can be written to'],
  EACCES: ['permission denied', 'check that you own it and its folder'],
  EPERM: ['operation not permitted', 'check that you own it and its folder'],
  ENOTDIR: ['part of its path is a file, not a folder', 'move or remove that file'],
  EISDIR: ['it is a folder', 'move or remove that folder'],
  EMFILE: ['too many files are open', 'raise the limit with ulimit -n'],
  ENFILE: ['too many files are open on this machine', 'close other programs'],
  EIO: ['the disk has failed', 'check the disk'],
  ENAMETOOLONG: ['the path is too long', 'use a folder with a shorter path'],
}

/** An error of the system in words, and what to do next; its own message, and nothing, where there are none for it. */
export const explainSystemError = (cause: unknown): { readonly message: string; readonly next: string | undefined } => {
  const code = errorCode(cause)
  const known = code !== undefined && Object.hasOwn(inWords, code) ? inWords[code] : undefined
  return known === undefined
    ? { message: errorMessage(cause), next: undefined }
    : { message: `${known[0]} (${code})`, next: known[1] }
}

/** Runs a file operation; undefined if the file is missing. */
export const unlessMissing = async <A>(operation: Promise<A>): Promise<O.Option<A>> => {
  try {
    return O.some(await operation)
  } catch (cause) {
    if (isMissing(cause)) return O.none
    throw cause
  }
}
