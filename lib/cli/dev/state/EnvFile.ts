/** The variables of an agent while it is developed: of the terminal, of `.env`, of the command line; the last wins. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { isMissing } from '../../../node/SystemError'

/** Variables by their name. */
export type Variables = Readonly<Record<string, string | undefined>>

/** What the `.env` of a folder sets; nothing where there is none. */
export const envFileIn = async (folder: string): Promise<Variables> => {
  try {
    return { ...parseEnv(await readFile(join(folder, '.env'), 'utf8')) }
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
