/** What `agentcore configure` does: finds, asks, decides, writes. */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import type { ConfigError } from '../../config/ConfigError'
import * as File from '../../config/File'
import {
  type AgentConfig,
  toAgent,
  toDeploymentType,
  fileName,
  isSet,
  toLifecycle,
  type Project,
} from '../../config/Project'
import { canAsk, type Cli, type Output } from '../program/Cli'
import { type CliError, config, usage } from '../program/CliError'
import type { Run } from '../program/Command'
import type { ConfigureFlags, ConfigureSettings } from './plan/flags'
import { ask } from './ask'
import { authorizer } from './plan/Authorizer'
import { type Entry, findEntry } from './plan/EntryFile'
import { type DetectedSettings, findExisting, plan, type Plan } from './plan/Plan'
import { findRegion } from './plan/DefaultRegion'

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

const requested = (
  cli: Cli,
  settings: ConfigureSettings,
  project: Project,
  { entry, region }: DetectedSettings,
): TE.TaskEither<CliError, ConfigureSettings> => {
  const existing = findExisting(project, settings, entry)
  if (settings.nonInteractive || !canAsk(cli) || entry === undefined) return TE.right(settings)
  return ask(settings, { existing, entry, region })
}

const rows = (agent: AgentConfig): ReadonlyArray<readonly [string, string]> => {
  const { idleRuntimeSessionTimeout, maxLifetime } = toLifecycle(agent)
  return [
    ['entry point', agent.entrypoint],
    ['deployed as', toDeploymentType(agent)],
    ['region', agent.aws?.region ?? ''],
    ['callers', isSet(agent.authorizer_configuration) ? 'JWT' : 'IAM'],
    ['sessions', `idle ${idleRuntimeSessionTimeout} s, at most ${maxLifetime} s`],
  ]
}

const output =
  ({ name, isNew, notes }: Plan) =>
  (agent: AgentConfig): Output => ({
    json: { agent: name, file: fileName, isNew, isDefault: true, notes, configuration: agent },
    text: ({ bold, dim, cyan }) =>
      [
        `${bold(name)} is ${isNew ? 'written to' : 'changed in'} ${fileName}`,
        ...rows(agent).map(([what, value]) => `  ${dim(what.padEnd(12))} ${value}`),
        ...notes.map((text) => `  ${dim(text)}`),
        '',
        `Next: ${cyan('agentcore deploy --local')} runs it here as in the cloud, ${cyan('agentcore dev')} while you write it.`,
      ].join('\n'),
  })

const write = (cli: Cli, settings: ConfigureSettings, findings: DetectedSettings): TE.TaskEither<CliError, Output> =>
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
    TE.chainEitherK(({ project, value }) => pipe(toAgent(value.name)(project), E.bimap(config, output(value)))),
  )

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
    TE.chain(({ settings, entry, region }) => write(cli, settings, { entry, region })),
  )
