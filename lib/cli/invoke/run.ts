/** What `agentcore invoke` does. */
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import type { Answer } from '../../client/response/Answer'
import { invoke } from '../../client/operation/Invoke'
import { toHeaderAllowlist } from '../../config/Project'
import { failure, withEnvironment } from '../agent/Caller'
import { toName } from '../agent/AgentLocation'
import { type Cli, note, type Output } from '../program/Cli'
import { type CliError, unexpected, usage } from '../program/CliError'
import type { Run } from '../program/Command'
import type { Wishes } from './input/flags'
import { withDeadline } from './input/Deadline'
import { toHeaders } from './input/Headers'
import { keep, type Meant, meantBy, toSession } from './input/InvocationTarget'
import { toPayload, readText } from './input/InputPayload'
import { toDocument, print } from './Print'

const wrongTogether = (wishes: Wishes): string | undefined => {
  if (wishes.dev && wishes.local) return '--dev and --local: use only one of them'
  if (wishes.port !== undefined && !wishes.dev) return '--port: requires --dev'
  if (wishes.sessionId !== undefined && wishes.newSession) return '--session-id and --new-session: use only one of them'
  if (wishes.userId !== undefined && wishes.bearerToken !== undefined)
    return '--user-id: only for callers with AWS credentials, not with a token'
  if (wishes.userId !== undefined && wishes.ws) return '--user-id: cannot be used with --ws'
  if (wishes.wait !== undefined && !wishes.ws) return '--wait: requires --ws'
  return wishes.raw && !wishes.ws ? '--raw: requires --ws' : undefined
}

// ---------------------------------------------------------------------------------------------------------------------
// the call
// ---------------------------------------------------------------------------------------------------------------------

const told = (cli: Cli, { agent, reach }: Meant, answer: Answer): TE.TaskEither<CliError, void> =>
  TE.fromTask(async () => {
    if (!cli.stderr.isTTY && !cli.isVerbose) return
    const request = O.isSome(answer.requestId) ? `, request ${answer.requestId.value}` : ''
    const where = `${agent?.name ?? 'the agent'} (${toName(reach)})`
    await note(({ dim }) => dim(`${where}, session ${answer.sessionId}${request}`))(cli)
  })

const nothing: Output = { json: null, text: () => '' }

const shown = (cli: Cli, meant: Meant, answer: Answer): TE.TaskEither<CliError, Output> =>
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
  wishes: Wishes,
  meant: Meant,
  text: string,
  signal: AbortSignal,
): TE.TaskEither<CliError, Output> => {
  const { agent, reach } = meant
  const { json, looksLikeJson } = toPayload(text)
  const allowlist = agent === undefined ? [] : toHeaderAllowlist(agent)
  const options = {
    signal,
    sessionId: toSession(cli, wishes, agent),
    headers: toHeaders(allowlist, wishes.headers ?? [], wishes.header),
    ...(wishes.userId === undefined ? {} : { userId: wishes.userId }),
    ...(wishes.timeout === undefined ? {} : { idleTimeout: 0 }),
  }
  const warned: TE.TaskEither<CliError, unknown> = looksLikeJson
    ? TE.fromTask(() =>
        note(({ yellow }) => yellow('The payload looks like JSON but does not parse; sent as {"prompt": …}'))(cli),
      )
    : TE.right(undefined)
  return withEnvironment(
    cli,
    reach,
    agent,
    wishes,
  )((env) =>
    pipe(
      warned,
      TE.chain(() => pipe(invoke(new TextEncoder().encode(json), options)(env), TE.mapLeft(failure(reach)))),
      TE.chainFirst((answer) => keep(cli, agent)(answer.sessionId)),
      TE.chain((answer) =>
        pipe(
          shown(cli, meant, answer),
          TE.chainFirst(() => told(cli, meant, answer)),
        ),
      ),
    ),
  )
}

/** Invokes an agent. */
export const run: Run<Wishes> = (wishes, argument) => (cli) => {
  const fault = wrongTogether(wishes)
  if (fault !== undefined) return TE.left(usage(fault, 'see agentcore invoke --help'))
  if (argument === undefined && !wishes.ws)
    return TE.left(usage('No payload given', `pass one, such as agentcore invoke '{"prompt": "Hello"}'`))
  return pipe(
    argument === undefined ? TE.right<CliError, string | undefined>(undefined) : readText(cli, argument),
    TE.bindTo('text'),
    TE.bind('meant', () => meantBy(cli, wishes)),
    TE.chain(({ text, meant }) =>
      withDeadline(
        cli,
        wishes.timeout,
      )((signal) => {
        if (!wishes.ws) return post(cli, wishes, meant, text ?? '', signal)
        return pipe(
          TE.tryCatch(() => import('./talk.js'), unexpected),
          TE.chain(({ talk }) => talk(cli, wishes, meant, text, signal)),
        )
      }),
    ),
  )
}
