/** The variables of `--env-from` and `--env`, and those of a `.env` that nobody passed. */
import { join, resolve } from 'node:path'
import * as TE from 'fp-ts/TaskEither'
import { pipe } from 'fp-ts/function'
import { errorMessage, isMissing } from '../../node/SystemError'
import { envFileIn, readEnvFile } from '../dev/state/EnvFile'
import { type CliError, failed, usage } from '../program/CliError'

type Pairs = ReadonlyArray<readonly [name: string, value: string]>

const pairsIn = (cwd: string, path: string): TE.TaskEither<CliError, Pairs> =>
  TE.tryCatch(
    async () =>
      Object.entries(await readEnvFile(resolve(cwd, path))).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, value] as const],
      ),
    (cause) =>
      isMissing(cause)
        ? usage(`--env-from: there is no file ${path}`, 'pass the path of an existing file')
        : failed('UNREADABLE', `Could not read ${path}: ${errorMessage(cause)}`, 'pass another file', { cause }),
  )

/** The variables of the files, then those given one by one: the last of a name wins. Left: `Usage`, `Failed`. */
export const passedVariables = (
  cwd: string,
  files: ReadonlyArray<string>,
  given: Pairs,
): TE.TaskEither<CliError, Pairs> =>
  pipe(
    files,
    TE.traverseSeqArray((path) => pairsIn(cwd, path)),
    TE.map((all) => [...all.flat(), ...given]),
  )

/** The names that the `.env` of a folder sets and that the agent is not given. */
export const notPassed = async (
  folder: string,
  given: Readonly<Record<string, unknown>>,
): Promise<ReadonlyArray<string>> => {
  const file = await envFileIn(join(folder)).catch(() => ({}))
  return Object.keys(file).filter((name) => !Object.hasOwn(given, name))
}
