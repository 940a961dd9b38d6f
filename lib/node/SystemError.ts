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

/** Runs a file operation; undefined if the file is missing. */
export const unlessMissing = async <A>(operation: Promise<A>): Promise<O.Option<A>> => {
  try {
    return O.some(await operation)
  } catch (cause) {
    if (isMissing(cause)) return O.none
    throw cause
  }
}
