/** What `agentcore configure set-default` does. */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { noFile } from '../../config/ConfigError'
import * as File from '../../config/File'
import { agentOf, fileName, namesOf } from '../../config/Project'
import { config } from '../CliError'
import type { Run } from '../Command'

/** Sets the default agent. */
export const run: Run<unknown> =
  (_, name = '') =>
  (cli) =>
    pipe(
      File.update(cli.cwd)((project) => {
        if (namesOf(project).length === 0) return E.left(noFile(fileName))
        return pipe(
          agentOf(name)(project),
          E.map(() => [{ at: ['default_agent'], to: name }]),
        )
      }),
      TE.bimap(config, () => ({
        json: { default: name },
        text: ({ bold }) => `${bold(name)} is the default agent now`,
      })),
    )
