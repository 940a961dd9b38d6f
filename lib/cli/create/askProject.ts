/** Asks for what the flags leave open. */
import { basename, resolve } from 'node:path'
import * as E from 'fp-ts/Either'
import * as TE from 'fp-ts/TaskEither'
import { loadPrompts } from '../configure/prompts'
import { cancelled, type CliError, unexpected } from '../program/CliError'
import { type Template, templates } from './plan/Template'

/** What can be asked for. */
export interface Choices {
  readonly directory: string
  readonly template: Template
  readonly installs: boolean
}

/** The choices, with an answer for each that is undefined. */
export const askProject = (
  cwd: string,
  given: { readonly [K in keyof Choices]: Choices[K] | undefined },
): TE.TaskEither<CliError, Choices> =>
  TE.tryCatch(
    async () => {
      const prompts = await loadPrompts()
      prompts.intro('Create an agent')
      const directory =
        given.directory ??
        (await prompts.text('Where should it be?', 'my-agent', (text) =>
          text.trim() === '' ? E.left('expected the name of a folder') : E.right(text),
        ))
      const template = given.template ?? (await prompts.choice('What is it written with?', 'minimal', templates))
      const installs = given.installs ?? (await prompts.confirm('Install its packages now?', true))
      prompts.outro(`Creating ${basename(resolve(cwd, directory))}`)
      return { directory, template, installs }
    },
    (cause) => (cause === cancelled ? cancelled : unexpected(cause)),
  )
