/** Prompts for what the flags leave open, each with the most likely answer as default. */
import type * as Clack from '@clack/prompts' with { 'resolution-mode': 'import' }
import * as E from 'fp-ts/Either'
import * as TE from 'fp-ts/TaskEither'
import { type AgentConfig, isSet } from '../../config/Project'
import * as Rules from '../../config/Rules'
import { cancelled, type CliError, unexpected } from '../program/CliError'
import { visible } from '../program/TerminalText'
import type { ConfigureSettings } from './plan/flags'
import { authorizer } from './plan/Authorizer'
import { type Entry, nameFrom } from './plan/EntryFile'

/** The defaults of the prompts. */
export interface Defaults {
  /** The existing agent, if any. */
  readonly existing: AgentConfig | undefined
  readonly entry: Entry
  readonly region: string | undefined
}

type Prompts = typeof Clack

const toFault =
  (rule: Rules.Rule<unknown>) =>
  (text: string | undefined): string | undefined => {
    const result = rule(text ?? '')
    return E.isLeft(result) ? result.left : undefined
  }

const orEmpty =
  (rule: Rules.Rule<unknown>): Rules.Rule<unknown> =>
  (text) =>
    text === '' ? E.right(text) : rule(text)

/** One text. Rejects with `cancelled` when it is broken off. */
const toText =
  (prompts: Prompts) =>
  async (message: string, initialValue: string, rule: Rules.Rule<unknown>): Promise<string> => {
    const answer = await prompts.text({ message, initialValue: visible(initialValue), validate: toFault(rule) })
    if (prompts.isCancel(answer)) throw cancelled
    return answer
  }

/** One of several. Rejects with `cancelled` when it is broken off. */
const toChoice =
  (prompts: Prompts) =>
  async <A extends string>(message: string, first: NoInfer<A>, labels: Readonly<Record<A, string>>): Promise<A> => {
    const names = Object.keys(labels) as Array<A> // a record's keys are those of its type
    const options = names.map((value) => ({ value: value, label: labels[value] }))
    const answer = await prompts.select<string>({ message, initialValue: first, options })
    if (prompts.isCancel(answer)) throw cancelled
    return names.find((name) => name === answer) ?? first
  }

const deployments = {
  direct_code_deploy: 'code: a bundle that AWS runs on Node',
  container: 'container: an image, built with docker, finch or podman',
} as const

const callers = {
  iam: 'callers with AWS credentials (IAM)',
  jwt: 'callers with a token from an OpenID provider (JWT)',
} as const

const questions = async (
  prompts: Prompts,
  settings: ConfigureSettings,
  around: Defaults,
): Promise<ConfigureSettings> => {
  const { existing, entry } = around
  const [text, choice] = [toText(prompts), toChoice(prompts)]
  prompts.intro(existing === undefined ? `New agent from ${visible(entry.file)}` : `Agent ${visible(existing.name)}`)
  const name =
    settings.name ??
    existing?.name ??
    (await text('Agent name', nameFrom(settings.entrypoint ?? entry.file), Rules.agentName))
  const isOpen =
    existing === undefined && [settings.deploymentType, settings.ecr, settings.s3].every((setting) => !isSet(setting))
  const deploymentType = isOpen
    ? await choice('Deployment type', entry.hasDockerfile ? 'container' : 'direct_code_deploy', deployments)
    : settings.deploymentType
  const region =
    settings.region ?? (await text('AWS region', existing?.aws?.region ?? around.region ?? 'us-west-2', Rules.region))
  const role =
    settings.executionRole ??
    existing?.aws?.execution_role ??
    (await text('ARN of its execution role (leave empty to create one on deployment)', '', orEmpty(Rules.role)))
  const isSettled = isSet(settings.authorizerConfig) || isSet(existing?.authorizer_configuration)
  const caller = isSettled ? 'iam' : await choice('Who may call it?', 'iam', callers)
  const tokens = caller === 'jwt' ? authorizer(await text('{"customJWTAuthorizer": {…}}', '', authorizer)) : E.left('')
  prompts.outro('Done')
  return {
    ...settings,
    name,
    deploymentType,
    region,
    executionRole: role === '' ? undefined : role,
    authorizerConfig: E.isRight(tokens) ? tokens.right : settings.authorizerConfig,
  }
}

/** Asks. Left: `Cancelled`. */
export const ask = (settings: ConfigureSettings, around: Defaults): TE.TaskEither<CliError, ConfigureSettings> =>
  TE.tryCatch(
    async () => questions(await import('@clack/prompts'), settings, around),
    (thrown) => (thrown === cancelled ? cancelled : unexpected(thrown)),
  )
