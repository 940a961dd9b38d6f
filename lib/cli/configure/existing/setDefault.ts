/** Runs `agentcore configure set-default`. */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { noFile } from '../../../config/ConfigError'
import * as File from '../../../config/File'
import { toAgent, fileName, toNames } from '../../../config/Project'
import { config } from '../../program/CliError'
import type { Run } from '../../program/Command'

/** Sets the default agent. */
export const run: Run<unknown> =
  (_, name = '') =>
  (cli) =>
    pipe(
      File.update(
        cli.cwd,
        config,
      )((project) => {
        if (toNames(project).length === 0) return E.left(config(noFile(fileName)))
        return pipe(
          toAgent(name)(project),
          E.bimap(config, () => ({ changes: [{ path: ['default_agent'], value: name }], value: undefined })),
        )
      }),
      TE.map(() => ({
        json: { default: name },
        text: ({ bold }) => `${bold(name)} is now the default agent`,
      })),
    )
