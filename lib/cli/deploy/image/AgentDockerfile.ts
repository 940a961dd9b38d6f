/** The Dockerfile of an agent: its own, or one that is made for it. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import type { AgentFolder } from '../../agent/AgentFolder'
import { type Dockerfile, planFor, prepare } from '../../container/Image'
import { recommendedNode } from '../../entry/EntryFile'
import type { Cli } from '../../program/Cli'
import type { CliError } from '../../program/CliError'
import { fromEngine } from '../../terminal/Failures'
import { version } from '../../document/Version'

/**
 * The Dockerfile; `native` are the packages that the image takes along in `node_modules`. A dry run writes nothing to the
 * project. Left: `CONTEXT_FAILED`.
 */
export const dockerfileFor = (
  cli: Cli,
  where: AgentFolder,
  native: ReadonlyArray<string>,
  dryRun = false,
): TE.TaskEither<CliError, Dockerfile> => {
  const region = where.agent.aws?.region
  return pipe(
    planFor(where.package, where.file, {
      nodeVersion: String(where.agent.node_version ?? recommendedNode),
      native,
      version: version(),
      ...(region === undefined || region === null ? {} : { region }),
    }),
    TE.chain((plan) => prepare({ project: where.package, state: where.state, dryRun }, plan)),
    TE.mapLeft(fromEngine(cli)),
  )
}

/** Whether the project has a Dockerfile of its own. */
export const hasDockerfile = ({ package: folder }: AgentFolder): boolean => existsSync(join(folder, 'Dockerfile'))
