/** Builds the program that a server of `agentcore dev` runs, again after each change, with the variables that it gets. */
import { createHash } from 'node:crypto'
import { basename, dirname, join } from 'node:path'
import { pipe } from 'fp-ts/function'
import type { IO } from 'fp-ts/IO'
import * as TE from 'fp-ts/TaskEither'
import { placeIn } from '../../bundler/Artifact'
import { toSource } from '../../bundler/bundleAgent'
import { type BuildError, buildFailed } from '../../bundler/BuildError'
import { type Bundle, type Bundler, createBundler } from '../../bundler/Bundle'
import type { Source } from '../../bundler/BundlePlan'
import type { DevPlan } from '../state/DevPlan'
import type { Program } from '../state/DevState'
import { developing, envFileIn, type Variables } from '../state/EnvFile'

/** What came of a build. */
export interface Compiled {
  readonly program: Program
  readonly variables: Variables
  readonly bundle: Bundle
  readonly bytes: number
}

/** Builds the same agent again and again. */
export interface Compiler {
  readonly compile: TE.TaskEither<BuildError, Compiled>
  /** Makes the next program another one, though it be the same: what it reads has changed. */
  readonly renew: IO<void>
  /** Releases esbuild once the build in progress has ended. */
  readonly dispose: () => Promise<void>
}

/** The content of the program, which the name of its folder tells, and its variables. */
const toKey = (main: string, variables: Variables, revision: number): string =>
  createHash('sha256')
    .update(JSON.stringify([basename(dirname(main)), Object.entries(variables).sort(), revision]))
    .digest('hex')

const isSame = (a: Source, b: Source): boolean =>
  a.entry._tag === b.entry._tag && a.hasRuntime === b.hasRuntime && a.external.join() === b.external.join()

/** A compiler of the agent. Nothing is read before it compiles. */
export const createCompiler = (plan: DevPlan, terminal: Variables): Compiler => {
  let held: { readonly source: Source; readonly bundler: Bundler } | undefined

  let underWay: Promise<unknown> = Promise.resolve()
  let revision = 0

  const letGo = async (): Promise<void> => {
    const bundler = held?.bundler
    held = undefined
    await bundler?.dispose()
  }

  /** The bundler; another one when the entry point has begun, or ceased, to serve by itself. */
  const bundler: TE.TaskEither<BuildError, Bundler> = pipe(
    toSource(plan.folder, plan.file, { _tag: 'Absolute' }, plan.external),
    TE.chain((source) => {
      if (held !== undefined && isSame(held.source, source)) return TE.right(held.bundler)
      return pipe(
        TE.fromTask(letGo),
        TE.chainW(() => createBundler(source)),
        TE.map((made) => {
          held = { source, bundler: made }
          return made
        }),
      )
    }),
  )

  const compile = pipe(
    bundler,
    TE.chain((made) => made.bundle),
    TE.bindTo('bundle'),
    TE.bind('artifact', ({ bundle }) => placeIn(join(plan.state, 'dev'))(bundle)),
    TE.bind('file', () => TE.tryCatch(() => envFileIn(plan.package), buildFailed('reading .env'))),
    TE.map(({ bundle, artifact, file }): Compiled => {
      const variables = developing(terminal, file, plan.env)
      const program = { key: toKey(artifact.main, variables, revision), main: artifact.main }
      return { program, variables, bundle, bytes: artifact.bytes }
    }),
  )
  return {
    compile: () => {
      const work = compile()
      underWay = work
      return work
    },
    renew: () => void (revision += 1),
    dispose: async () => {
      await held?.bundler.dispose()
      await underWay // it may have been about to hold something
      await letGo()
    },
  }
}
