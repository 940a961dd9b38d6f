/** `agentcore status --arn`: an agent runtime, whoever has deployed it. */
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { parse } from '../../client/target/AgentArn'
import { type Deployment, findRuntime } from '../../deploy/findDeployed'
import { fromDeploy } from '../cloud/CloudFailure'
import type { Cli, Output } from '../program/Cli'
import { client, type CliError, failed, usage } from '../program/CliError'
import { type CloudRecord, cloudDocument, cloudFailure, cloudLines } from './CloudStatus'
import type { StatusFlags } from './flags'

/** Looks the runtime up. Left: `Usage`, for flags of configured agents, `NO_SDK`, `NO_CREDENTIALS`, and what AWS refuses. */
export const showRuntime = (cli: Cli, arn: string, flags: StatusFlags): TE.TaskEither<CliError, Output> => {
  const other = otherThan(flags)
  if (other !== undefined)
    return TE.left(usage(`${other} and --arn: use only one of them`, 'see agentcore status --help'))
  return pipe(
    TE.fromEither(parse(arn)),
    TE.mapLeft(client),
    TE.chain(({ region, id }) =>
      pipe(
        findRuntime({ arn, region, id }, { profile: flags.profile, env: cli.env }),
        TE.bimap((error) => fromDeploy(error), output(id)),
      ),
    ),
  )
}

const otherThan = ({ agent, local, region }: StatusFlags): string | undefined => {
  if (agent !== undefined) return '--agent'
  if (local) return '--local'
  return region === undefined ? undefined : '--region' // the ARN names it
}

/** Nothing is recorded of it here. */
const record: CloudRecord = { managed: undefined, which: '' }

const output =
  (id: string) =>
  (found: Deployment): Output => {
    const failure = found._tag === 'Missing' ? missing(found.arn) : cloudFailure(found)
    return {
      json: { agents: [{ name: null, cloud: cloudDocument(found, record) }] },
      text: (style) => [style.bold(id), ...cloudLines(style, found, record)].join('\n'),
      ...(failure === undefined ? {} : { failure }),
    }
  }

const missing = (arn: string): CliError =>
  failed('RUNTIME_MISSING', `There is no agent runtime ${arn}`, 'check the ARN, and that --profile is of its account')
