/** Package managers, and the commands of each. */
import * as E from 'fp-ts/Either'
import type { Parse } from '../../program/Flag'

export type PackageManager = 'npm' | 'pnpm' | 'yarn' | 'bun'

export const managers: ReadonlyArray<PackageManager> = ['npm', 'pnpm', 'yarn', 'bun']

export const parseManager: Parse<PackageManager> = (text) => {
  const found = managers.find((name) => name === text)
  return found === undefined ? E.left(`expected npm, pnpm, yarn or bun, got ${JSON.stringify(text)}`) : E.right(found)
}

/** The manager that runs this process, as it says in `npm_config_user_agent`: `pnpm/10.2.0 npm/? node/v22.0.0`. */
export const toManager = (userAgent: string | undefined): PackageManager =>
  managers.find((name) => (userAgent ?? '').startsWith(`${name}/`)) ?? 'npm'

/** The words for commands, as people type them. */
export interface Words {
  readonly install: string
  /** Before the name of a script. */
  readonly run: string
  readonly test: string
  /** Before the name of a program of a package. */
  readonly exec: string
  /** Between the name of a script and its flags. */
  readonly flags: string
}

/** The words of a package manager. */
export const words: Readonly<Record<PackageManager, Words>> = {
  npm: { install: 'npm install', run: 'npm run', test: 'npm test', exec: 'npx', flags: ' --' },
  pnpm: { install: 'pnpm install', run: 'pnpm', test: 'pnpm test', exec: 'pnpm', flags: '' },
  yarn: { install: 'yarn install', run: 'yarn', test: 'yarn test', exec: 'yarn', flags: '' },
  bun: { install: 'bun install', run: 'bun run', test: 'bun run test', exec: 'bunx', flags: '' },
}

/** A text with commands of npm, in the words of another manager. */
export const inWordsOf =
  (manager: PackageManager) =>
  (text: string): string => {
    const { install, run, test, exec, flags } = words[manager]
    return text
      .replaceAll(/npm run ([\w:-]+)( --)?/g, (_, script: string, more: string | undefined) =>
        more === undefined ? `${run} ${script}` : `${run} ${script}${flags}`,
      )
      .replaceAll('npm test', test)
      .replaceAll('npm install', install)
      .replaceAll('npx ', `${exec} `)
  }
