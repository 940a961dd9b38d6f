/** Session state in files: survives a restart, and a kill in the midst of a write. */
import { createHash, randomUUID } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import { type AgentError, storeFailed } from '../core/AgentError'
import type { SessionId, Store, Stored } from '../core/Session'

/** A file's name is the hash of the id, since an id may hold any character; the id stands in the file for people. */
const nameOf = (id: SessionId): string => `${createHash('sha256').update(id).digest('hex')}.json`

const attempt = <A>(f: () => Promise<A>): TE.TaskEither<AgentError, A> => TE.tryCatch(f, storeFailed)

const isMissing = (cause: unknown): boolean =>
  typeof cause === 'object' && cause !== null && 'code' in cause && cause.code === 'ENOENT'

const read = async (path: string): Promise<O.Option<string>> => {
  try {
    return O.some(await readFile(path, 'utf8'))
  } catch (cause) {
    if (isMissing(cause)) return O.none
    throw cause
  }
}

const parse = (text: string): Stored => {
  const file: unknown = JSON.parse(text)
  if (
    typeof file === 'object' &&
    file !== null &&
    'state' in file &&
    'savedAt' in file &&
    typeof file.savedAt === 'number'
  ) {
    return { state: file.state, savedAt: file.savedAt }
  }
  throw new Error('a session file does not hold what this store writes')
}

/** Writes a file whole or not at all: into a temporary one, to the disk, then renamed. */
const write = async (folder: string, name: string, text: string): Promise<void> => {
  await mkdir(folder, { recursive: true })
  const temporary = join(folder, `${name}.${randomUUID()}.tmp`)
  try {
    const file = await open(temporary, 'wx', 0o600)
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, join(folder, name))
  } catch (cause) {
    await rm(temporary, { force: true })
    throw cause
  }
}

/** Removes the files that were last written before a moment: expired sessions, and what a kill left half-written. */
const sweep = async (folder: string, before: number): Promise<void> => {
  const names = await readdir(folder).catch((cause: unknown) => {
    if (isMissing(cause)) return []
    throw cause
  })
  for (const name of names.filter((file) => file.endsWith('.json') || file.endsWith('.tmp'))) {
    const path = join(folder, name)
    const written = await stat(path).then(
      ({ mtimeMs }) => mtimeMs,
      () => before,
    )
    if (written < before) await rm(path, { force: true })
  }
}

/** A store that keeps each session in a file of the given folder, which is made when it is needed. */
export const fileStore = (folder: string): Store => ({
  load: (id) =>
    pipe(
      attempt(() => read(join(folder, nameOf(id)))),
      TE.chain((text) => attempt(() => Promise.resolve(pipe(text, O.map(parse))))),
    ),
  save: (id, { state, savedAt }) =>
    attempt(() => write(folder, nameOf(id), JSON.stringify({ id, savedAt, state: state ?? null }))),
  remove: (id) => attempt(() => rm(join(folder, nameOf(id)), { force: true })),
  sweep: (before) => attempt(() => sweep(folder, before)),
})
