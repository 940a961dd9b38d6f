/**
 * The region of whoever configures: their variables, or the profile in their AWS configuration file. It is read by hand:
 * the reader of the AWS SDK comes with an optional package only, and looks at the variables of the process.
 */
import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Task } from 'fp-ts/Task'

type Env = Readonly<Record<string, string | undefined>>

const filled = (text: string | undefined): string | undefined => (text === '' ? undefined : text)

/** The region of a profile, in the text of `~/.aws/config`. */
export const regionIn =
  (profile: string) =>
  (text: string): string | undefined => {
    let isMine = false
    for (const line of text.split(/\r?\n/)) {
      const section = /^\s*\[\s*(?:profile\s+)?"?([^\]"]+?)"?\s*\]/.exec(line)?.[1]
      if (section !== undefined) isMine = section === profile
      const region = isMine ? /^region\s*=\s*(\S+)/.exec(line)?.[1] : undefined
      if (region !== undefined) return region
    }
    return undefined
  }

/** The region, if anything says it. */
export const findRegion =
  (env: Env): Task<string | undefined> =>
  async () => {
    const set = filled(env['AWS_REGION']) ?? filled(env['AWS_DEFAULT_REGION'])
    if (set !== undefined) return set
    const path = filled(env['AWS_CONFIG_FILE']) ?? join(filled(env['HOME']) ?? homedir(), '.aws', 'config')
    return regionIn(filled(env['AWS_PROFILE']) ?? 'default')(await readFile(path, 'utf8').catch(() => ''))
  }
