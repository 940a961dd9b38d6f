/** Runs `agentcore create`. */
import { basename, relative, resolve } from 'node:path'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { canAsk, type Cli, type Output } from '../program/Cli'
import type { CliError } from '../program/CliError'
import type { Run } from '../program/Command'
import { printLine, showProgress } from '../terminal/Progress'
import { version } from '../document/Version'
import { askProject, type Choices } from './askProject'
import { type CreateSettings, type CreateStep, stepText, toCreatePlan } from './plan/CreatePlan'
import { type PackageManager, toManager, words } from './plan/PackageManager'
import { toProjectName } from './plan/ProjectName'
import type { Template } from './plan/Template'
import { type Created, createProject } from './write/createProject'
import { checkFolder, type FolderBefore } from './write/ProjectFolder'
import { readTemplate } from './write/TemplateFiles'

/** The values of its flags. */
export interface CreateValues {
  readonly template: Template | undefined
  readonly packageManager: PackageManager | undefined
  readonly noInstall: boolean
  readonly noGit: boolean
  readonly sdk: string | undefined
  readonly yes: boolean
  readonly dryRun: boolean
}

/** Creates a project. */
export const run: Run<CreateValues> = (values, directory) => (cli) =>
  pipe(
    choices(cli, values, directory),
    TE.map((chosen) => toSettings(cli, values, chosen)),
    TE.bindTo('settings'),
    TE.bind('before', ({ settings }) => checkFolder(settings.folder)),
    TE.bind('steps', ({ settings }) =>
      pipe(
        readTemplate(settings.template),
        TE.map((files) => toCreatePlan(settings, files)),
      ),
    ),
    TE.chain(({ settings, before, steps }) =>
      values.dryRun
        ? TE.right(planned(settings, steps))
        : pipe(
            carryOut(cli, settings, before, steps),
            TE.map((made) => report(cli, settings, made)),
          ),
    ),
  )

const choices = (cli: Cli, values: CreateValues, directory: string | undefined): TE.TaskEither<CliError, Choices> =>
  !values.yes && !values.dryRun && canAsk(cli)
    ? askProject(cli.cwd, { directory, template: values.template, installs: values.noInstall ? false : undefined })
    : TE.right({
        directory: directory ?? 'my-agent',
        template: values.template ?? 'minimal',
        installs: !values.noInstall,
      })

const toSettings = (cli: Cli, values: CreateValues, { directory, template, installs }: Choices): CreateSettings => {
  const folder = resolve(cli.cwd, directory)
  return {
    folder,
    name: toProjectName(basename(folder)),
    template,
    manager: values.packageManager ?? toManager(cli.env['npm_config_user_agent']),
    sdk: values.sdk === undefined ? `^${version()}` : toSdk(cli.cwd, values.sdk),
    installs,
    usesGit: !values.noGit,
  }
}

/** A path is relative to the folder of the command, which is not that of the project. */
const toSdk = (cwd: string, given: string): string =>
  /^[.]{0,2}[\\/]|[.]tgz$/.test(given) ? `file:${resolve(cwd, given)}` : given

// ---------------------------------------------------------------------------------------------------------------------
// running
// ---------------------------------------------------------------------------------------------------------------------

const carryOut = (
  cli: Cli,
  { folder }: CreateSettings,
  before: FolderBefore,
  steps: ReadonlyArray<CreateStep>,
): TE.TaskEither<CliError, Created> => {
  const breaking = new AbortController()
  const create = createProject({
    folder,
    before,
    env: { ...cli.env },
    signal: breaking.signal,
    onStep: (step, isDone) => (isDone ? printLine(sentence(step), 'done')(cli) : showProgress(sentence(step))(cli)),
    onLine: (line) => showProgress(line)(cli),
  })
  return async () => {
    const off = cli.onSignal(() => breaking.abort())
    try {
      return await create(steps)()
    } finally {
      off()
    }
  }
}

const sentence = (step: CreateStep): string => {
  const text = stepText(step)
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`
}

// ---------------------------------------------------------------------------------------------------------------------
// reporting
// ---------------------------------------------------------------------------------------------------------------------

const described = ({ folder, name, template, manager, sdk }: CreateSettings): object => ({
  folder,
  name: name.packageName,
  agent: name.agentName,
  template,
  packageManager: manager,
  sdk,
})

const planned = (settings: CreateSettings, steps: ReadonlyArray<CreateStep>): Output => ({
  json: {
    dryRun: true,
    ...described(settings),
    steps: steps.map((step) => ({
      step: step._tag,
      about: stepText(step),
      ...(step._tag === 'WriteFiles' ? { files: step.files.map(({ path }) => path) } : {}),
    })),
  },
  text: ({ bold }) =>
    [
      bold(`Creating ${settings.name.packageName} from the template ${settings.template} would:`),
      ...steps.flatMap((step) => [
        `  ${stepText(step)}`,
        ...(step._tag === 'WriteFiles' ? step.files.map(({ path }) => `    ${path}`) : []),
      ]),
    ].join('\n'),
})

const report = (cli: Cli, settings: CreateSettings, { done, notes }: Created): Output => ({
  json: { ...described(settings), done: done.map(({ _tag }) => _tag), notes },
  text: ({ bold }) =>
    [
      `Created ${settings.name.packageName} in ${settings.folder}`,
      ...notes,
      '',
      bold('Next:'),
      ...next(cli, settings),
    ].join('\n'),
})

/** What to type next, in the words of the package manager. */
const next = (cli: Cli, { folder, manager, installs }: CreateSettings): ReadonlyArray<string> => {
  const { install, run: runs, test, exec } = words[manager]
  const path = relative(cli.cwd, folder)
  return [
    ...(path === '' ? [] : [`  cd ${/^[\w./-]+$/.test(path) ? path : JSON.stringify(path)}`]),
    ...(installs ? [] : [`  ${install}`]),
    `  ${runs} dev`,
    `  ${exec} agentcore invoke --dev '{"prompt": "Hello"}'   # in another terminal`,
    `  ${test}`,
  ]
}
