/** What a roll-back says: its plan, or its end. */
import type { Deployed } from '../../../deploy/deployAgent'
import { isChange, toWords } from '../../../deploy/plan/DeployPlan'
import type { RollbackPlan } from '../../../deploy/plan/RollbackPlan'
import { defaultEndpoint } from '../../../deploy/resources/ResourceNames'
import type { Output } from '../../program/Cli'
import { toStep } from './DeployReport'

const upToDate = ({ settings: { endpoint }, version }: RollbackPlan): string =>
  `Nothing to do: the endpoint ${endpoint} serves version ${version}${endpoint === defaultEndpoint ? ', or one that is the same' : ''}`

/** `--dry-run`. */
export const rollbackOutput = (plan: RollbackPlan): Output => {
  const { settings, version, steps } = plan
  const { agent, place, endpoint } = settings
  return {
    json: {
      dryRun: true,
      agent,
      account: place.account,
      region: place.region,
      endpoint,
      version,
      changes: steps.some(isChange),
      steps: steps.map(toStep),
    },
    text: ({ bold }) =>
      [
        steps.length === 0
          ? upToDate(plan)
          : bold(`Rolling ${agent} back to version ${version} would, in ${place.account} (${place.region}):`),
        ...steps.map((step, at) => `  ${at + 1}. ${toWords(step)}`),
      ].join('\n'),
  }
}

/** A roll-back that came to its end. */
export const rolledBackOutput = (plan: RollbackPlan, deployed: Deployed, which: string): Output => {
  const { settings, version } = plan
  const { agent, place, endpoint } = settings
  const isDefault = endpoint === defaultEndpoint
  const changed = deployed.done.some(isChange)
  const served = isDefault ? deployed.version : version
  const next = [`agentcore invoke${which}${isDefault ? '' : ` --endpoint ${endpoint}`} '{"prompt": "Hello"}'`]
  return {
    json: {
      agent,
      arn: deployed.arn,
      id: deployed.id,
      version: served,
      endpoint,
      restored: version,
      account: place.account,
      region: place.region,
      changed,
      done: deployed.done.map(toStep),
      next,
    },
    text: ({ bold, cyan, dim }) =>
      [
        '',
        changed
          ? `${bold(agent)} is back at version ${version}${isDefault ? `, made again as version ${served}` : `, at the endpoint ${endpoint}`}`
          : upToDate(plan),
        '',
        dim('Next:'),
        ...next.map((line) => `  ${cyan(line)}`),
      ].join('\n'),
  }
}
