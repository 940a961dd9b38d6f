/** Reads and updates the configuration file. Updates are atomic and locked, so that neither a kill nor a concurrent command loses data. */
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { writeAtomic } from '../node/file/AtomicFile'
import { sizeFault } from './Bounds'
import { type ConfigError, locked, malformed, noFile, unreadable, unwritable } from './ConfigError'
import { type Change, type ParsedDocument, read as readText } from './Document'
import { withLock } from '../node/file/withLock'
import { fileName, type Project } from './Project'
import { isMissing } from '../node/SystemError'

/** The file's path in a folder. */
export const pathIn = (folder: string): string => join(folder, fileName)

const readFileText = (path: string): TE.TaskEither<ConfigError, string> =>
  pipe(
    TE.tryCatch(
      async () => sizeFault((await stat(path)).size) ?? { text: await readFile(path, 'utf8') },
      (cause) => (isMissing(cause) ? noFile(fileName) : unreadable(fileName, cause)),
    ),
    TE.chainEitherK((found) =>
      typeof found === 'string'
        ? E.left(malformed(fileName, [{ path: '', message: found, line: undefined }]))
        : E.right(found.text),
    ),
  )

/** The agents of a folder. Left: `NoFile`, `Malformed`, `Unreadable`. */
export const read = (folder: string): TE.TaskEither<ConfigError, Project> =>
  pipe(
    readFileText(pathIn(folder)),
    TE.chainEitherK(readText(fileName)),
    TE.map(({ project }) => project),
  )

const write = (path: string, text: string): TE.TaskEither<ConfigError, void> =>
  TE.tryCatch(
    () => writeAtomic(path, text),
    (cause) => unwritable(fileName, cause),
  )

const underLock =
  <Err>(path: string, lift: (error: ConfigError) => Err) =>
  <A>(use: TE.TaskEither<Err, A>): TE.TaskEither<Err, A> =>
    pipe(
      TE.tryCatch(
        () => withLock(path, use),
        (cause) => lift(unwritable(`${fileName}.lock`, cause)),
      ),
      TE.chainEitherK((outcome) =>
        outcome._tag === 'Busy' ? E.left(lift(locked(`${fileName}.lock`, outcome.owner))) : outcome.value,
      ),
    )

/** What was decided of the file: what to set, and whatever else is to be known of it. */
export interface Decision<A> {
  readonly changes: ReadonlyArray<Change>
  readonly value: A
}

/** The agents as they are after a change, and what was decided. */
export interface Updated<A> {
  readonly project: Project
  readonly value: A
}

/**
 * Changes the file, which is made when there is none: what to set is decided from what stands there now, with the file
 * locked. Nothing is written where nothing changes. `lift` makes a failure of the file one of the caller's.
 */
export const update =
  <Err>(folder: string, lift: (error: ConfigError) => Err) =>
  <A>(decide: (project: Project) => E.Either<Err, Decision<A>>): TE.TaskEither<Err, Updated<A>> => {
    const path = pathIn(folder)
    const textNow = pipe(
      readFileText(path),
      TE.orElse((error) => (error._tag === 'NoFile' ? TE.right('') : TE.left(error))),
      TE.mapLeft(lift),
    )
    const parse = (text: string): TE.TaskEither<Err, ParsedDocument> =>
      pipe(TE.fromEither(readText(fileName)(text)), TE.mapLeft(lift))
    return pipe(
      textNow,
      TE.bindTo('text'),
      TE.bind('found', ({ text }) => parse(text)),
      TE.bind('decision', ({ found }) => TE.fromEither(decide(found.project))),
      TE.bind('edited', ({ text, found, decision }) =>
        decision.changes.length === 0
          ? TE.right(text)
          : pipe(TE.fromEither(found.edit(decision.changes)), TE.mapLeft(lift)),
      ),
      TE.bind('after', ({ edited }) => parse(edited)),
      TE.chainFirst(({ text, edited }) =>
        edited === text ? TE.right(undefined) : pipe(write(path, edited), TE.mapLeft(lift)),
      ),
      TE.map(({ after, decision }) => ({ project: after.project, value: decision.value })),
      underLock(path, lift),
    )
  }
