/** What `configure` tells of an agent that it has written: what a new one is, or what has changed of an existing one. */
import { type AgentConfig, fileName, isSet, toDeploymentType, toLifecycle } from '../../config/Project'
import type { Output } from '../program/Cli'
import type { Style } from '../program/Style'
import { formatDifferences } from './plan/Difference'
import type { Plan } from './plan/Plan'

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

/** What is said of the default agent: always of a new agent, else only when it changes. */
const aboutDefault = ({ name, isNew, defaultAgent, movesDefault }: Plan, { cyan }: Style): ReadonlyArray<string> => {
  if (defaultAgent === name) return isNew || movesDefault ? [`${name} is the default agent`] : []
  if (!isNew) return []
  const change = cyan(`agentcore configure set-default ${name}`)
  return defaultAgent === undefined
    ? [`There is no default agent: choose one with ${change}`]
    : [`The default agent is still ${defaultAgent}; to change that: ${change}`]
}

const headline = ({ name, isNew, differences, movesDefault }: Plan, { bold }: Style): string => {
  if (isNew) return `${bold(name)} is written to ${fileName}`
  return differences.length > 0 || movesDefault
    ? `${bold(name)} is changed in ${fileName}`
    : `${bold(name)} is unchanged: ${fileName} says all of this already`
}

/** The output. `width` is that of the terminal, undefined where the changes were shown already. */
export const report =
  (plan: Plan, width: number | undefined) =>
  (agent: AgentConfig): Output => {
    const { name, isNew, differences, defaultAgent, notes } = plan
    return {
      json: {
        agent: name,
        file: fileName,
        isNew,
        isDefault: defaultAgent === name,
        changes: differences,
        notes,
        configuration: agent,
      },
      text: (style) => {
        const { dim, cyan } = style
        const steps = [
          `Next: ${cyan('agentcore dev')} serves it while you write it,`,
          `${cyan('agentcore deploy --local')} runs it here as in the cloud`,
        ].join('\n      ')
        return [
          headline(plan, style),
          ...(isNew ? rows(agent).map(([what, value]) => `  ${dim(what.padEnd(12))} ${value}`) : []),
          ...(differences.length > 0 && width !== undefined ? [formatDifferences(differences, width)(style)] : []),
          ...aboutDefault(plan, style),
          ...notes.map((text) => `  ${dim(text)}`),
          ...(isNew ? ['', steps] : []),
        ].join('\n')
      },
    }
  }

/** The output where the user wants none of the changes. */
export const declined = (name: string): Output => ({
  json: { agent: name, file: fileName, isNew: false, changes: [] },
  text: ({ bold }) => `${bold(name)} is unchanged`,
})
