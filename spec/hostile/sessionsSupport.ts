/** What the attacks on sessions stand on: apps that count, folders, and processes that share one. */
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'
import { type App, createApp, entrypoint, Handler, type Options, Session } from '../../lib'
import { invoke, quiet, sessionHeader } from '../http/socketSupport'

const Count = t.type({ n: t.number })

/** Counts its invocations in the state of the session; one that is told to does not change it. */
export const counting = Handler.stateful(Count, { n: 0 })(
  () =>
    ({ n }) =>
    () =>
      TE.right([{ n: n + 1 }, { n: n + 1 }]),
)

/** An app that counts. */
export const counter = (options: Options = {}): App => createApp(entrypoint(counting), { ...quiet, ...options })

/** The header of a session. */
export const as = (id: string): Readonly<Record<string, string>> => ({ [sessionHeader]: id })

/** The body that an app answers to one more invocation of a session. */
export const countOf = async (app: App, id: string): Promise<unknown> => (await invoke(app, {}, as(id))).body

/** A session id that is one. */
export const idOf = (text: string): Session.SessionId =>
  pipe(
    Session.parseId(text),
    E.getOrElseW(() => {
      throw new Error(`not an id: ${text}`)
    }),
  )

/** An empty folder, gone afterwards. */
export const inFolder = async <A>(use: (folder: string) => Promise<A>): Promise<A> => {
  const folder = await mkdtemp(join(tmpdir(), 'sessions-'))
  try {
    return await use(folder)
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 10 })
  }
}

/** The names in a folder that end in one of the given ways. */
export const namesIn = async (folder: string, ending = /./): Promise<ReadonlyArray<string>> =>
  (await readdir(folder)).filter((name) => ending.test(name))

/** So many numbers from 0 on. */
export const range = (count: number): ReadonlyArray<number> => Array.from({ length: count }, (_, index) => index)
