/** Builds an agent from its source into a program that `node` runs. */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { type Artifact, placeIn } from './Artifact'
import { type BuildError, noEntry } from './BuildError'
import { type Bundle, createBundler } from './Bundle'
import type { Source } from './BundlePlan'
import { toEntry } from './EntryCode'

/** What was built. */
export interface Built {
  readonly artifact: Artifact
  readonly bundle: Bundle
}

const resolvesRuntime = (file: string): boolean => {
  try {
    createRequire(file).resolve('agentcore-fp')
    return true
  } catch {
    return false // an agent may be written without it
  }
}

/** The source of an agent, by its entry point's file. Left `NoEntry` where there is none. */
export const toSource = (project: string, file: string): TE.TaskEither<BuildError, Source> =>
  pipe(
    TE.tryCatch(
      () => readFile(file, 'utf8'),
      () => noEntry(file),
    ),
    TE.map((text) => ({ project, file, entry: toEntry(text), hasRuntime: resolvesRuntime(file) })),
  )

/** Where the built programs of an agent are, from the project's folder. */
export const toBuilds = (project: string, agent: string): string => join(project, '.bedrock_agentcore', agent, 'build')

/** Builds once. */
export const build = (project: string, file: string, into: string): TE.TaskEither<BuildError, Built> =>
  pipe(
    toSource(project, file),
    TE.chain(createBundler),
    TE.chain((bundler) =>
      pipe(
        bundler.bundle,
        TE.chain((bundle) =>
          pipe(
            bundle,
            placeIn(into),
            TE.map((artifact): Built => ({ artifact, bundle })),
          ),
        ),
        (task) => () => task().finally(bundler.dispose),
      ),
    ),
  )
