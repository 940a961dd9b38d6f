/** Runs the steps of a plan. A failure removes what the steps before it made. */
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { type Command, type Ended, runCommand } from '../../../node/process/ChildCommand'
import { cancelled, type CliError, failed } from '../../program/CliError'
import type { CreateStep } from '../plan/CreatePlan'
import type { PackageManager } from '../plan/PackageManager'
import { type FolderBefore, undo, writeFiles } from './ProjectFolder'

/** What the steps run with. */
export interface CreateWith {
  readonly folder: string
  readonly before: FolderBefore
  readonly env: NodeJS.ProcessEnv
  readonly signal: AbortSignal
  readonly onStep: (step: CreateStep, isDone: boolean) => void
  /** The last line that an installation has printed. */
  readonly onLine: (line: string) => void
}

/** What came of the steps. */
export interface Created {
  readonly done: ReadonlyArray<CreateStep>
  /** What was left out, and why; the project works all the same. */
  readonly notes: ReadonlyArray<string>
}

/** Runs the steps. Left: why it stopped, when nothing of the project is left. */
export const createProject =
  (given: CreateWith) =>
  (steps: ReadonlyArray<CreateStep>): TE.TaskEither<CliError, Created> =>
    pipe(
      runAll(given, steps),
      TE.orElse((error) =>
        pipe(
          undo(given.folder, given.before),
          TE.chain(() => TE.left(error)),
        ),
      ),
    )

const runAll =
  (given: CreateWith, steps: ReadonlyArray<CreateStep>): TE.TaskEither<CliError, Created> =>
  async () => {
    const done: Array<CreateStep> = []
    const notes: Array<string> = []
    for (const step of steps) {
      if (given.signal.aborted) return { _tag: 'Left', left: cancelled }
      given.onStep(step, false)
      const result = await runStep(given, step)()
      if (result._tag === 'Left') return given.signal.aborted ? { _tag: 'Left', left: cancelled } : result
      if (result.right !== undefined) {
        notes.push(result.right)
        break // what follows needs this step
      }
      done.push(step)
      given.onStep(step, true)
    }
    return { _tag: 'Right', right: { done, notes } }
  }

/** Right: why the step was left out, if it was. */
const runStep = (given: CreateWith, step: CreateStep): TE.TaskEither<CliError, string | undefined> => {
  switch (step._tag) {
    case 'WriteFiles':
      return pipe(
        writeFiles(given.folder, step.files),
        TE.map(() => undefined),
      )
    case 'Install':
      return install(given, step.manager)
    case 'InitGit':
      return initGit(given)
    case 'Commit':
      return commit(given)
  }
}

const install = (given: CreateWith, manager: PackageManager): TE.TaskEither<CliError, undefined> =>
  pipe(
    runCommand(inFolder(given, manager, 'install')),
    TE.mapLeft(() =>
      failed(
        'NO_PACKAGE_MANAGER',
        `${manager} is not installed`,
        'choose another one with --package-manager, or skip the installation with --no-install',
      ),
    ),
    TE.filterOrElse(
      ({ code }) => code === 0,
      (ended) =>
        failed(
          'NOT_INSTALLED',
          `${manager} install failed with exit code ${ended.code ?? 'none'}; nothing of the project is left`,
          'see above, or create the project without its packages: --no-install',
          { output: [...ended.out, ...ended.err].filter((line) => line.trim() !== '').slice(-12) },
        ),
    ),
    TE.map(() => undefined),
  )

const inFolder = ({ folder, env, signal, onLine }: CreateWith, file: string, ...args: Array<string>): Command => ({
  file,
  args,
  cwd: folder,
  env,
  signal,
  onLine,
})

type Skipped = string | undefined

const noGit = 'Git is not installed, so there is no repository'

/** Right: why there is no new repository. */
const initGit = (given: CreateWith): TE.TaskEither<never, Skipped> =>
  pipe(
    git(given, 'rev-parse', '--is-inside-work-tree'),
    TE.chain(({ code }) =>
      code === 0
        ? TE.right('The folder belongs to a Git repository already, so there is no new one')
        : pipe(
            git(given, 'init', '--quiet'),
            TE.map((ended) => (ended.code === 0 ? undefined : `git init failed: ${lastLine(ended)}`)),
          ),
    ),
    TE.orElse(() => TE.right<never, Skipped>(noGit)),
  )

/** Right: why nothing is committed, such as a user whose name Git does not know. */
const commit = (given: CreateWith): TE.TaskEither<never, Skipped> =>
  pipe(
    git(given, 'add', '--all'),
    TE.chain(() => git(given, 'commit', '--quiet', '--message', 'Create the agent')),
    TE.map((ended) => (ended.code === 0 ? undefined : `Nothing is committed yet: ${lastLine(ended)}`)),
    TE.orElse(() => TE.right<never, Skipped>(noGit)),
  )

const git = (given: CreateWith, ...args: Array<string>): TE.TaskEither<unknown, Ended> =>
  runCommand({ ...inFolder(given, 'git', ...args), onLine: () => undefined })

const lastLine = ({ err, out }: Ended): string =>
  [...out, ...err]
    .filter((line) => line.trim() !== '')
    .at(-1)
    ?.trim() ?? 'no reason given'
