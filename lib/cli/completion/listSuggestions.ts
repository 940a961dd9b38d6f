/** Runs `agentcore completion suggest`: what it suggests comes from the commands themselves and the file of the agents. */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import * as File from '../../config/File'
import { toNames } from '../../config/Project'
import type { CliError } from '../program/CliError'
import type { Run } from '../program/Command'
import type { Program } from '../program/Parse'
import { suggestions } from './Suggest'

/** The names of the agents here; none where there is no file, or one that is not valid. */
const agentsIn = (folder: string): TE.TaskEither<CliError, ReadonlyArray<string>> =>
  TE.fromTask(async () => {
    const project = await File.read(folder)()
    return E.isRight(project) ? toNames(project.right) : []
  })

/** Lists what can follow in a line of a program. */
export const listFor =
  (program: () => Program): Run<unknown> =>
  (_, words = '') =>
  (cli) =>
    pipe(
      agentsIn(cli.cwd),
      TE.map((agents) => {
        const found = suggestions(program(), agents)(words.split('\n'))
        return { json: found, text: () => found.map(({ word, about }) => `${word}\t${about}`).join('\n') }
      }),
    )
