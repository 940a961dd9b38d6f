/** What a deployment to AWS says: a plan, its end, or how far it came. */
import type { Deployed, Stopped } from '../../../deploy/deployAgent'
import { type DeployPlan, isChange, type Step, toWords } from '../../../deploy/plan/DeployPlan'
import type { Artifact } from '../../../deploy/plan/RuntimeRequest'
import { consoleUrl, defaultEndpoint, logGroup } from '../../../deploy/resources/ResourceNames'
import { fromDeploy } from '../../cloud/CloudFailure'
import type { Output } from '../../program/Cli'
import type { CliError } from '../../program/CliError'
import type { Style } from '../../program/Style'

/** A step of a plan, for `--json`. */
export const toStep = (step: Step): Readonly<Record<string, unknown>> => ({ step: step._tag, about: toWords(step) })

const upToDate = 'Nothing to do: the code and the configuration are deployed already'

/** What runs: where the code is, or the URI of the image. */
const toSource = (artifact: Artifact): Readonly<Record<string, string>> =>
  artifact._tag === 'Image' ? { image: artifact.uri } : { code: `s3://${artifact.code.bucket}/${artifact.code.key}` }

/** A plan names an image by its tag where the content is not known yet. */
const ran = ({ artifact }: DeployPlan, { image }: Deployed): Artifact =>
  image === undefined ? artifact : { _tag: 'Image', uri: image }

/** `--dry-run`. */
export const planOutput = ({
  settings: { agent, place, endpoint },
  artifact,
  steps,
  kept,
  removed,
}: DeployPlan): Output => ({
  json: {
    dryRun: true,
    agent,
    account: place.account,
    region: place.region,
    ...toSource(artifact),
    endpoint,
    changes: steps.some(isChange),
    steps: steps.map(toStep),
    kept,
    removed,
  },
  text: ({ bold, dim }) =>
    [
      steps.length === 0 ? upToDate : bold(`Deploying ${agent} would, in ${place.account} (${place.region}):`),
      ...steps.map((step, at) => `  ${at + 1}. ${toWords(step)}`),
      ...fieldLines(kept, removed).map((line) => dim(line)),
    ].join('\n'),
})

const fieldLines = (kept: ReadonlyArray<string>, removed: ReadonlyArray<string>): ReadonlyArray<string> => [
  ...(removed.length === 0 ? [] : [`No longer configured, so removed: ${removed.join(', ')}`]),
  ...(kept.length === 0 ? [] : [`Not configured here, so kept as deployed: ${kept.join(', ')}`]),
]

/** A deployment that came to its end. */
export const deployedOutput = (plan: DeployPlan, deployed: Deployed, which: string): Output => {
  const { settings, kept, removed } = plan
  const { agent, place, role, authorizer, endpoint } = settings
  const changed = deployed.done.some(isChange)
  const token = authorizer === undefined ? '' : ' --bearer-token "$TOKEN"'
  const next = [
    `agentcore invoke${which}${endpoint === defaultEndpoint ? '' : ` --endpoint ${endpoint}`}${token} '{"prompt": "Hello"}'`,
    `agentcore status${which}`,
    `agentcore destroy${which}`,
  ]
  return {
    json: {
      agent,
      arn: deployed.arn,
      id: deployed.id,
      version: deployed.version,
      endpoint,
      account: place.account,
      region: place.region,
      ...toSource(ran(plan, deployed)),
      executionRole: role.arn,
      logGroup: logGroup(deployed.id, endpoint),
      changed,
      done: deployed.done.map(toStep),
      kept,
      removed,
      next,
    },
    text: (style) => shown(style, plan, deployed, changed, next),
  }
}

const shown = (
  { bold, cyan, dim }: Style,
  plan: DeployPlan,
  deployed: Deployed,
  changed: boolean,
  next: ReadonlyArray<string>,
): string => {
  const { agent, place, role, endpoint } = plan.settings
  const { arn, id, version } = deployed
  const artifact = ran(plan, deployed)
  return [
    '',
    changed ? `${bold(agent)} is deployed` : `${bold(agent)}: ${upToDate.charAt(0).toLowerCase()}${upToDate.slice(1)}`,
    '',
    `  ARN       ${arn}`,
    `  Version   ${version}, at the endpoint ${endpoint}`,
    ...(artifact._tag === 'Image' ? [`  Image     ${artifact.uri}`] : []),
    `  Role      ${role.arn}`,
    `  Logs      ${logGroup(id, endpoint)}`,
    `  Console   ${consoleUrl(place)}`,
    ...fieldLines(plan.kept, plan.removed).map((line) => dim(`  ${line}`)),
    '',
    dim('Next:'),
    ...next.map((line) => `  ${cyan(line)}`),
  ].join('\n')
}

/** How far a deployment came: what exists, what does not, and what goes on from there. */
export const stoppedLines = ({ done, at, pending }: Stopped, which: string): ReadonlyArray<string> => {
  const changes = done.filter(isChange)
  const left = pending.filter((step) => step !== at)
  return [
    ...(changes.length === 0
      ? ['Nothing was made or changed']
      : ['Done:', ...changes.map((step) => `  ${toWords(step)}`)]),
    ...(at === undefined ? [] : [`Stopped at: ${toWords(at)}`]),
    ...(left.length === 0 ? [] : ['Not done:', ...left.map((step) => `  ${toWords(step)}`)]),
    `agentcore deploy${which} goes on from here; agentcore destroy${which} removes what was made`,
  ]
}

/** A deployment that stopped. */
export const stoppedFailure = (stopped: Stopped, which: string): CliError =>
  fromDeploy(stopped.error, stoppedLines(stopped, which))
