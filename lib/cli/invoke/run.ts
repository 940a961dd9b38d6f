/** Runs `agentcore invoke`. */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import type { Answer } from '../../client/response/Answer'
import { invoke } from '../../client/operation/Invoke'
import { toHeaderAllowlist } from '../../config/Project'
import { endsWithCaller } from '../../core/Protocol'
import { failure, toCalled, withEnvironment } from '../agent/Caller'
import { toName, turnAfterCancel } from '../agent/AgentLocation'
import { type Cli, note, type Output } from '../program/Cli'
import { cancelled, cancelledWith, type CliError, unexpected, usage } from '../program/CliError'
import type { Run } from '../program/Command'
import type { InvokeFlags } from './input/flags'
import { withDeadline } from './input/Deadline'
import { toHeaders } from './input/Headers'
import { rememberSession, type InvocationTarget, locateTarget, toSession } from './input/InvocationTarget'
import { parsePayload, readText } from './input/InputPayload'
import { toDocument, print } from './Print'

const wrongTogether = (flags: InvokeFlags): string | undefined => {
  if (flags.dev && flags.local) return '--dev and --local: use only one of them'
  const here = flags.dev ? '--dev' : flags.local ? '--local' : undefined
  if (here !== undefined && flags.endpoint !== undefined) return `${here} and --endpoint: use only one of them`
  if (here !== undefined && flags.arn !== undefined) return `${here} and --arn: use only one of them`
  if (flags.agent !== undefined && flags.arn !== undefined) return '--agent and --arn: use only one of them'
  if (flags.profile !== undefined && flags.bearerToken !== undefined)
    return '--profile: only for callers with AWS credentials, not with a token'
  if (flags.port !== undefined && !flags.dev) return '--port: requires --dev'
  if (flags.sessionId !== undefined && flags.newSession) return '--session-id and --new-session: use only one of them'
  if (flags.userId !== undefined && flags.bearerToken !== undefined)
    return '--user-id: only for callers with AWS credentials, not with a token'
  if (flags.userId !== undefined && flags.ws) return '--user-id: cannot be used with --ws'
  if (flags.wait !== undefined && !flags.ws) return '--wait: requires --ws'
  return flags.raw && !flags.ws ? '--raw: requires --ws' : undefined
}

// ---------------------------------------------------------------------------------------------------------------------
// the call
// ---------------------------------------------------------------------------------------------------------------------

const printSummary = (cli: Cli, { agent, reach }: InvocationTarget, answer: Answer): TE.TaskEither<CliError, void> =>
  TE.fromTask(async () => {
    if (!cli.stderr.isTTY && !cli.isVerbose) return
    const request = O.isSome(answer.requestId) ? `, request ${answer.requestId.value}` : ''
    const where = `${agent?.name ?? 'the agent'} (${toName(reach)})`
    await note(({ dim }) => dim(`${where}, session ${answer.sessionId}${request}`))(cli)
  })

const nothing: Output = { json: null, text: () => '' }

const shown = (cli: Cli, meant: InvocationTarget, answer: Answer): TE.TaskEither<CliError, Output> =>
  cli.isJson
    ? pipe(
        toDocument(answer),
        TE.bimap(failure(meant.reach), (document) => ({
          json: { agent: meant.agent?.name ?? null, target: toName(meant.reach), ...document },
          text: () => '',
        })),
      )
    : pipe(
        print(cli.stdout)(answer),
        TE.bimap(failure(meant.reach), () => nothing),
      )

/** One invocation. */
const post = (
  cli: Cli,
  flags: InvokeFlags,
  meant: InvocationTarget,
  json: string,
  signal: AbortSignal,
): TE.TaskEither<CliError, Output> => {
  const { agent, reach } = meant
  const allowlist = agent === undefined ? [] : toHeaderAllowlist(agent)
  const options = {
    signal,
    sessionId: toSession(cli, flags, agent),
    headers: {
      ...toHeaders(allowlist, flags.headers ?? [], flags.header),
      ...(reach._tag === 'Local' ? { [endsWithCaller]: 'true' } : {}),
    },
    ...(flags.userId === undefined ? {} : { userId: flags.userId }),
    ...(flags.timeout === undefined ? {} : { idleTimeout: 0 }),
  }
  return withEnvironment(
    cli,
    reach,
    agent,
    flags,
  )((env) =>
    pipe(
      invoke(new TextEncoder().encode(json), options)(env),
      TE.mapLeft(failure(reach, toCalled(cli, reach, agent, flags))),
      TE.chainFirst((answer) => rememberSession(cli, agent)(answer.sessionId)),
      TE.chain((answer) =>
        pipe(
          shown(cli, meant, answer),
          TE.chainFirst(() => printSummary(cli, meant, answer)),
        ),
      ),
    ),
  )
}

/** Invokes an agent. */
export const run: Run<InvokeFlags> = (flags, argument) => (cli) => {
  const fault = wrongTogether(flags)
  if (fault !== undefined) return TE.left(usage(fault, 'see agentcore invoke --help'))
  if (argument === undefined && !flags.ws)
    return TE.left(usage('No payload given', `pass one, such as agentcore invoke '{"prompt": "Hello"}'`))
  return pipe(
    argument === undefined ? TE.right<CliError, string | undefined>(undefined) : readText(cli, argument),
    TE.bindTo('text'),
    TE.bind('json', ({ text }) => TE.fromEither(flags.raw ? E.right('') : parsePayload(text ?? ''))),
    TE.bind('meant', () => locateTarget(cli, flags)),
    TE.chain(({ text, json, meant }) =>
      withDeadline(
        cli,
        flags.timeout,
        flags.ws ? cancelled : cancelledWith(turnAfterCancel(meant.reach)),
      )((signal) => {
        if (!flags.ws) return post(cli, flags, meant, json, signal)
        return pipe(
          TE.tryCatch(() => import('./talk.js'), unexpected),
          TE.chain(({ talk }) => talk(cli, flags, meant, text, signal)),
        )
      }),
    ),
  )
}
