/** What `agentcore configure` does: finds, asks, decides, writes. */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import type { ConfigError } from '../../config/ConfigError'
import * as File from '../../config/File'
import { type Project, toAgent } from '../../config/Project'
import { canAsk, type Cli, type Output, styled } from '../program/Cli'
import { type CliError, config, usage } from '../program/CliError'
import type { Run } from '../program/Command'
import type { ConfigureFlags, ConfigureSettings } from './plan/flags'
import { ask, confirmed } from './ask'
import { authorizer } from './plan/Authorizer'
import { findRegion } from './plan/DefaultRegion'
import { formatDifferences } from './plan/Difference'
import { type Entry, findEntry } from '../entry/EntryFile'
import { type DetectedSettings, findExisting, plan, toDefault } from './plan/Plan'
import { declined, report } from './report'

const empty: Project = { agents: {} }

const standing = (cwd: string): TE.TaskEither<CliError, Project> =>
  pipe(
    File.read(cwd),
    TE.orElse((error: ConfigError) => (error._tag === 'NoFile' ? TE.right(empty) : TE.left(config(error)))),
  )

/** The entry point, where one is requested for or none is known. */
const entryFor = (
  cwd: string,
  settings: ConfigureSettings,
  project: Project,
): TE.TaskEither<CliError, Entry | undefined> =>
  settings.entrypoint === undefined && findExisting(project, settings) !== undefined
    ? TE.right(undefined)
    : findEntry(cwd, settings.entrypoint)

/** Whether flags say what is to be written, beside which agent is meant. */
const saysWhat = (settings: ConfigureSettings): boolean =>
  Object.entries(settings).some(
    ([key, setting]) =>
      !['name', 'entrypoint', 'nonInteractive'].includes(key) && setting !== undefined && setting !== false,
  )

const asks = (cli: Cli, { nonInteractive }: ConfigureSettings): boolean => !nonInteractive && canAsk(cli)

/** Asks for what is open: of a new agent whatever the flags do not say, of an existing one only without flags. */
const requested = (
  cli: Cli,
  settings: ConfigureSettings,
  project: Project,
  { entry, region }: DetectedSettings,
): TE.TaskEither<CliError, ConfigureSettings> => {
  const existing = findExisting(project, settings, entry)
  if (!asks(cli, settings) || (existing !== undefined && saysWhat(settings))) return TE.right(settings)
  return ask(settings, { existing, entry, region, defaultAgent: toDefault(project) })
}

const write = (
  cli: Cli,
  settings: ConfigureSettings,
  findings: DetectedSettings,
  width: number | undefined,
): TE.TaskEither<CliError, Output> =>
  pipe(
    File.update(
      cli.cwd,
      config,
    )((project) =>
      pipe(
        plan(project, settings, findings),
        E.map((value) => ({ changes: value.changes, value })),
      ),
    ),
    TE.chainEitherK(({ project, value }) => pipe(toAgent(value.name)(project), E.bimap(config, report(value, width)))),
  )

/** Writes, in a terminal only once what changes was shown and is meant. */
const carryOut = (
  cli: Cli,
  project: Project,
  settings: ConfigureSettings,
  findings: DetectedSettings,
): TE.TaskEither<CliError, Output> => {
  const width = cli.stdout.isTTY ? cli.stdout.columns : Infinity
  return pipe(
    TE.fromEither(plan(project, settings, findings)),
    TE.chain(({ name, differences }) => {
      if (differences.length === 0 || !asks(cli, settings)) return write(cli, settings, findings, width)
      const shown = formatDifferences(differences, width - 6)(styled(cli, 'stdout'))
      return pipe(
        confirmed(name, shown),
        TE.chain((isMeant) =>
          isMeant ? write(cli, settings, findings, undefined) : TE.right<CliError, Output>(declined(name)),
        ),
      )
    }),
  )
}

/** The flags with the authorizer checked: the codec of it is loaded by this command alone. */
const checked = (given: ConfigureFlags): E.Either<CliError, ConfigureSettings> => {
  if (given.authorizerConfig === undefined) return E.right({ ...given, authorizerConfig: undefined })
  return pipe(
    authorizer(given.authorizerConfig),
    E.bimap(
      (why) => usage(`--authorizer-config: ${why}`, 'see agentcore configure --help'),
      (authorizerConfig) => ({ ...given, authorizerConfig }),
    ),
  )
}

/** Configures an agent. */
export const run: Run<ConfigureFlags> = (given) => (cli) =>
  pipe(
    TE.fromEither(checked(given)),
    TE.bindTo('flags'),
    TE.bind('project', () => standing(cli.cwd)),
    TE.bind('entry', ({ flags, project }) => entryFor(cli.cwd, flags, project)),
    TE.bind('region', () => TE.fromTask<string | undefined, CliError>(findRegion(cli.env))),
    TE.bind('settings', ({ flags, project, entry, region }) => requested(cli, flags, project, { entry, region })),
    TE.chain(({ settings, project, entry, region }) => carryOut(cli, project, settings, { entry, region })),
  )
