/** The variables of an agent while it is developed: of the terminal, of `.env`, of the command line; the last wins. */
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { readText } from '../../../node/file/TextFile'
import { isMissing } from '../../../node/SystemError'

/** Variables by their name. */
export type Variables = Readonly<Record<string, string | undefined>>

/** What a file of the format of `.env` sets. Rejects if it cannot be read. */
export const readEnvFile = async (path: string): Promise<Variables> => ({ ...parseEnv(await readText(path)) })

/** What the `.env` of a folder sets; nothing where there is none. */
export const envFileIn = async (folder: string): Promise<Variables> => {
  try {
    return await readEnvFile(join(folder, '.env'))
  } catch (cause) {
    if (isMissing(cause)) return {}
    throw cause
  }
}

/** All of them together. What the terminal has set already, `.env` leaves; `--env` sets it anew. */
export const developing = (
  terminal: Variables,
  file: Variables,
  given: ReadonlyArray<readonly [name: string, value: string]>,
): Variables => ({ ...file, ...terminal, LOCAL_DEV: '1', ...Object.fromEntries(given) })
