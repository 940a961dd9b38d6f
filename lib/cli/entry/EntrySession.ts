/** The session last used with an agent that has no configuration, in a file of its own: there is no YAML file for it. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import * as E from 'fp-ts/Either'
import * as TE from 'fp-ts/TaskEither'
import * as Rules from '../../config/Rules'
import { readPrivate, stateFolder, writePrivate } from '../../node/file/PrivateFile'
import { type CliError, stateUnusable } from '../program/CliError'

const pathOf = (cwd: string, agent: string): string => join(cwd, stateFolder, agent, 'session')

/** The saved id; undefined if there is none, or none that can be read. */
export const readEntrySession = (cwd: string, agent: string): string | undefined => {
  try {
    const text = readPrivate(pathOf(cwd, agent))?.trim()
    return text === undefined || E.isLeft(Rules.sessionId(text)) ? undefined : text
  } catch {
    return undefined // the next session is a new one
  }
}

/** Saves an id for the next command; null removes it. */
export const saveEntrySession = (cwd: string, agent: string, sessionId: string | null): TE.TaskEither<CliError, void> =>
  TE.tryCatch(() => {
    const path = pathOf(cwd, agent)
    return sessionId === null ? rm(path, { force: true }) : writePrivate(path, `${sessionId}\n`)
  }, stateUnusable)
