/** What `agentcore configure` does: finds, asks, decides, writes. */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import type { ConfigError } from '../../config/ConfigError'
import * as File from '../../config/File'
import {
  type AgentConfig,
  agentOf,
  deploymentTypeOf,
  fileName,
  isSet,
  lifecycleOf,
  type Project,
} from '../../config/Project'
import { canAsk, type Cli, type Output } from '../Cli'
import { type CliError, config } from '../CliError'
import type { Run } from '../Command'
import type { Wishes } from './flags'
import { ask } from './ask'
import { type Entry, entryOf } from './Entry'
import { type Findings, meant, plan, type Plan } from './Plan'
import { regionOf } from './Region'

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
    : entryOf(cwd, wishes.entrypoint)

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
  const { idleRuntimeSessionTimeout, maxLifetime } = lifecycleOf(agent)
  return [
    ['entry point', agent.entrypoint],
    ['deployed as', deploymentTypeOf(agent)],
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
    TE.chainEitherK(({ project, value }) => pipe(agentOf(value.name)(project), E.bimap(config, output(value)))),
  )

/** Configures an agent. */
export const run: Run<Wishes> = (flags) => (cli) =>
  pipe(
    TE.Do,
    TE.bind('project', () => standing(cli.cwd)),
    TE.bind('entry', ({ project }) => entryFor(cli.cwd, flags, project)),
    TE.bind('region', () => TE.fromTask<string | undefined, CliError>(regionOf(cli.env))),
    TE.bind('wishes', ({ project, entry, region }) => wished(cli, flags, project, { entry, region })),
    TE.chain(({ wishes, entry, region }) => write(cli, wishes, { entry, region })),
  )
