/** The log files of the sessions that run, or ran, on this machine. */
import { open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { isMissing } from '../../node/SystemError'
import { split } from '../../node/process/Lines'
import { unexpected } from '../program/CliError'
import { inOrder, type LogRecord, type LogSource, toRecords } from './LogRecord'

/** How many bytes of the end of a file are read. */
const maxRead = 4_000_000

/** How often files are looked at for more, in milliseconds. */
const every = 200

/** How far a file was read. */
interface Position {
  readonly session: string
  readonly offset: number
  /** An unfinished last line. */
  readonly rest: string
  /** The time of its last line. */
  readonly at: number | undefined
}

const unread = (session: string): Position => ({ session, offset: 0, rest: '', at: undefined })

const filesIn = async (folder: string): Promise<ReadonlyArray<string>> => {
  try {
    return (await readdir(folder)).filter((name) => name.endsWith('.log'))
  } catch (cause) {
    if (isMissing(cause)) return []
    throw cause
  }
}

/** The text of a file from an offset, at most `maxRead` of its end; a file that has shrunk was rotated, and is read anew. */
const textFrom = async (path: string, offset: number): Promise<{ readonly text: string; readonly end: number }> => {
  const { size } = await stat(path)
  const from = size < offset ? 0 : offset
  const start = Math.max(from, size - maxRead)
  if (start === size) return { text: '', end: size }
  const file = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - start), 0, size - start, start)
    const text = buffer.toString('utf8', 0, bytesRead)
    return { text: start > from ? text.slice(text.indexOf('\n') + 1) : text, end: start + bytesRead }
  } finally {
    await file.close()
  }
}

/** The name that a file has for its session: an id that cannot be a file name is hashed, so its lines know better. */
const toSession = (fallback: string, records: ReadonlyArray<LogRecord>): string =>
  records.find(({ session }) => session !== fallback)?.session ?? fallback

const readOne = async (
  path: string,
  before: Position,
  owners: Owners,
): Promise<{ readonly position: Position; readonly records: ReadonlyArray<LogRecord> }> => {
  const { text, end } = await textFrom(path, before.offset)
  if (text === '') return { position: { ...before, offset: end }, records: [] }
  const [lines, rest] = split(before.rest, text)
  const found = toRecords(before.session, lines, before.at)
  const session = owners === 'several' ? before.session : toSession(before.session, found)
  const records = found.map((record) => (record.session === before.session ? { ...record, session } : record))
  return { position: { session, offset: end, rest, at: records.at(-1)?.at ?? before.at }, records }
}

/** The log of an agent that `agentcore dev` serves, in the folder of the agent's state. */
export const devLogIn = (state: string): string => join(state, 'logs', 'dev.log')

/** Whose lines the files of a folder hold: each those of one session, or all those of several, as that of `dev` does. */
export type Owners = 'one' | 'several'

/** The logs in a folder; the folder may be missing. */
export const localLogs = (folder: string, owners: Owners = 'one'): LogSource => {
  const positions = new Map<string, Position>()

  const read = async (): Promise<ReadonlyArray<LogRecord>> => {
    const all: Array<LogRecord> = []
    for (const name of await filesIn(folder)) {
      const before = positions.get(name) ?? unread(name.replace(/\.log$/, ''))
      try {
        const { position, records } = await readOne(join(folder, name), before, owners)
        positions.set(name, position)
        all.push(...records)
      } catch (cause) {
        if (!isMissing(cause)) throw cause // pruned in the meantime
      }
    }
    return inOrder(all)
  }

  const follow: LogSource['follow'] = (signal, onRecords) =>
    TE.tryCatch(async () => {
      while (!signal.aborted) {
        const records = await read()
        if (records.length > 0) await onRecords(records)
        await sleep(every, undefined, { signal }).catch(() => undefined)
      }
    }, unexpected)

  return { read: TE.tryCatch(read, unexpected), follow }
}

/** Several sources as one. */
export const joined = (sources: ReadonlyArray<LogSource>): LogSource => ({
  read: pipe(
    sources,
    TE.traverseArray((source) => source.read),
    TE.map((all) => inOrder(all.flat())),
  ),
  follow: (signal, onRecords) =>
    pipe(
      sources,
      TE.traverseArray((source) => source.follow(signal, onRecords)),
      TE.map(() => undefined),
    ),
})
