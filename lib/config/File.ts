/** The file of the agents: read, and changed so that neither a kill nor a second command at once loses anything. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { writeAtomic } from './Atomic'
import { type ConfigError, locked, noFile, unreadable, unwritable } from './ConfigError'
import { type Change, read as readText } from './Document'
import { withLock } from './Lock'
import { fileName, type Project } from './Project'

const isMissing = (cause: unknown): boolean => cause instanceof Error && 'code' in cause && cause.code === 'ENOENT'

/** The file's path in a folder. */
export const pathIn = (folder: string): string => join(folder, fileName)

const textOf = (path: string): TE.TaskEither<ConfigError, string> =>
  TE.tryCatch(
    () => readFile(path, 'utf8'),
    (cause) => (isMissing(cause) ? noFile(fileName) : unreadable(fileName, cause)),
  )

/** The agents of a folder. Left: `NoFile`, `Malformed`, `Unreadable`. */
export const read = (folder: string): TE.TaskEither<ConfigError, Project> =>
  pipe(
    textOf(pathIn(folder)),
    TE.chainEitherK(readText(fileName)),
    TE.map(({ project }) => project),
  )

const orEmpty = (error: ConfigError): TE.TaskEither<ConfigError, string> =>
  error._tag === 'NoFile' ? TE.right('') : TE.left(error)

const write = (path: string, text: string): TE.TaskEither<ConfigError, void> =>
  TE.tryCatch(
    () => writeAtomic(path, text),
    (cause) => unwritable(fileName, cause),
  )

const underLock =
  (path: string) =>
  <Err, A>(use: TE.TaskEither<Err, A>): TE.TaskEither<ConfigError | Err, A> =>
    pipe(
      TE.tryCatch(
        () => withLock(`${path}.lock`, use),
        (cause): ConfigError | Err => unwritable(`${fileName}.lock`, cause),
      ),
      TE.chain((outcome): TE.TaskEither<ConfigError | Err, A> =>
        outcome._tag === 'Busy'
          ? TE.left(locked(`${fileName}.lock`, outcome.owner))
          : TE.fromEither<ConfigError | Err, A>(outcome.value),
      ),
    )

/**
 * Changes the file, which is made when there is none: what to set is decided from what stands there now, with the file
 * locked. Nothing is written where nothing changes. Gives the agents as they then are.
 */
export const update =
  (folder: string) =>
  <Err>(
    decide: (project: Project) => E.Either<Err, ReadonlyArray<Change>>,
  ): TE.TaskEither<ConfigError | Err, Project> => {
    const path = pathIn(folder)
    const run: TE.TaskEither<ConfigError | Err, Project> = pipe(
      textOf(path),
      TE.orElse(orEmpty),
      TE.bindTo('text'),
      TE.bind('found', ({ text }) => TE.fromEither(readText(fileName)(text))),
      TE.bindW('changes', ({ found }) => TE.fromEither(decide(found.project))),
      TE.bindW('result', ({ text, found, changes }) => {
        const edited = changes.length === 0 ? text : found.edit(changes)
        return pipe(
          TE.fromEither(readText(fileName)(edited)),
          TE.chainFirst(() => (edited === text ? TE.right(undefined) : write(path, edited))),
        )
      }),
      TE.map(({ result }) => result.project),
    )
    return underLock(path)(run)
  }

/** Changes as `update` decides them, where there is nothing to decide. */
export const changing = (changes: ReadonlyArray<Change>) => (): E.Either<never, ReadonlyArray<Change>> =>
  E.right(changes)
