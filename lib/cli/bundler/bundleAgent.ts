/** Builds an agent from its source into a program that `node` runs. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { type Artifact, placeIn } from './Artifact'
import { type BuildError, noEntry } from './BuildError'
import { type Bundle, createBundler } from './Bundle'
import type { MapPaths, Source } from './BundlePlan'
import { toEntry } from './EntryCode'
import { readManifest } from './plugins/Native'

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

/** The packages that a project keeps in `node_modules`, by `"agentcore": { "external": […] }` of its `package.json`. */
const declaredIn = async (file: string): Promise<ReadonlyArray<string>> => {
  const manifest = await nearestManifest(dirname(file))
  const own: unknown =
    typeof manifest === 'object' && manifest !== null ? Reflect.get(manifest, 'agentcore') : undefined
  const names: unknown = typeof own === 'object' && own !== null ? Reflect.get(own, 'external') : undefined
  return Array.isArray(names) ? names.filter((name): name is string => typeof name === 'string' && name !== '') : []
}

const nearestManifest = async (folder: string): Promise<unknown> =>
  existsSync(join(folder, 'package.json')) || dirname(folder) === folder
    ? readManifest(folder)
    : nearestManifest(dirname(folder))

/**
 * The source of an agent, by its entry point's file; `external` packages are not bundled, besides those that its
 * `package.json` names. Left `NoEntry` where there is none, `NoBundler` without esbuild.
 */
export const toSource = (
  project: string,
  file: string,
  mapPaths: MapPaths,
  external: ReadonlyArray<string> = [],
): TE.TaskEither<BuildError, Source> =>
  pipe(
    TE.tryCatch(
      () => readFile(file, 'utf8'),
      () => noEntry(file),
    ),
    TE.chain((text) => toEntry(file, text)),
    TE.bindTo('entry'),
    TE.bind('declared', () => TE.fromTask(() => declaredIn(file))),
    TE.map(({ entry, declared }) => ({
      ...{ project, file, entry, hasRuntime: resolvesRuntime(file), mapPaths },
      external: [...new Set([...declared, ...external])],
    })),
  )

/** Where the built programs of an agent are, from the folder of its state. */
export const toBuilds = (state: string): string => join(state, 'build')

/** Builds once. */
export const build = (
  project: string,
  file: string,
  into: string,
  mapPaths: MapPaths,
  external: ReadonlyArray<string> = [],
): TE.TaskEither<BuildError, Built> =>
  pipe(
    toSource(project, file, mapPaths, external),
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
