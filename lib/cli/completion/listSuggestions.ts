/** Runs `agentcore completion suggest`: what it suggests comes from the commands themselves and the file of the agents. */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import * as File from '../../config/File'
import { toNames } from '../../config/Project'
import { type CliError, unexpected } from '../program/CliError'
import type { Run } from '../program/Command'
import { suggestions } from './Suggest'

/** The names of the agents here; none where there is no file, or one that is not valid. */
const agentsIn = (folder: string): TE.TaskEither<never, ReadonlyArray<string>> =>
  TE.fromTask(async () => {
    const project = await File.read(folder)()
    return E.isRight(project) ? toNames(project.right) : []
  })

/** Lists what can follow. */
export const run: Run<unknown> =
  (_, words = '') =>
  (cli) =>
    pipe(
      TE.tryCatch(() => import('../agentcore.js'), unexpected),
      TE.bindTo('module'),
      TE.bind('agents', () => agentsIn(cli.cwd) as TE.TaskEither<CliError, ReadonlyArray<string>>),
      TE.map(({ module, agents }) => {
        const found = suggestions(module.program(), agents)(words.split('\n'))
        return { json: found, text: () => found.map(({ word, about }) => `${word}\t${about}`).join('\n') }
      }),
    )
