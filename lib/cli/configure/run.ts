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
import type { Given, Wishes } from './plan/flags'
import { ask } from './ask'
import { authorizer } from './plan/Authorizer'
import { type Entry, findEntry } from './plan/EntryFile'
import { type Findings, meant, plan, type Plan } from './plan/Plan'
import { findRegion } from './plan/DefaultRegion'

const empty: Project = { agents: {} }

const standing = (cwd: string): TE.TaskEither<CliError, Project> =>
  pipe(
    File.read(cwd),
    TE.orElse((error: ConfigError) => (error._tag === 'NoFile' ? TE.right(empty) : TE.left(config(error)))),
  )

/** The entry point, where one is wished for or none is known. */
const entryFor = (cwd: string, wishes: Wishes, project: Project): TE.TaskEither<CliError, Entry | undefined> =>
  wishes.entrypoint === undefined && meant(project, wishes) !== undefined
    ? TE.right(undefined)
    : findEntry(cwd, wishes.entrypoint)

const wished = (
  cli: Cli,
  wishes: Wishes,
  project: Project,
  { entry, region }: Findings,
): TE.TaskEither<CliError, Wishes> => {
  const existing = meant(project, wishes, entry)
  if (wishes.nonInteractive || !canAsk(cli) || entry === undefined) return TE.right(wishes)
  return ask(wishes, { existing, entry, region })
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

const write = (cli: Cli, wishes: Wishes, findings: Findings): TE.TaskEither<CliError, Output> =>
  pipe(
    File.update(
      cli.cwd,
      config,
    )((project) =>
      pipe(
        plan(project, wishes, findings),
        E.map((value) => ({ changes: value.changes, value })),
      ),
    ),
    TE.chainEitherK(({ project, value }) => pipe(toAgent(value.name)(project), E.bimap(config, output(value)))),
  )

/** The flags with the authorizer checked: the codec of it is loaded by this command alone. */
const checked = (given: Given): E.Either<CliError, Wishes> => {
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
export const run: Run<Given> = (given) => (cli) =>
  pipe(
    TE.fromEither(checked(given)),
    TE.bindTo('flags'),
    TE.bind('project', () => standing(cli.cwd)),
    TE.bind('entry', ({ flags, project }) => entryFor(cli.cwd, flags, project)),
    TE.bind('region', () => TE.fromTask<string | undefined, CliError>(findRegion(cli.env))),
    TE.bind('wishes', ({ flags, project, entry, region }) => wished(cli, flags, project, { entry, region })),
    TE.chain(({ wishes, entry, region }) => write(cli, wishes, { entry, region })),
  )
