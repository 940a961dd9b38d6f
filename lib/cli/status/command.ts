/** `agentcore status`: what is configured, deployed and running. */
import { command } from '../program/Command'
import { status as flags } from './flags'

/** The command. */
export const status = command({
  name: 'status',
  summary: 'show configured, deployed and running agents and their sessions',
  about:
    'Agents that this project has deployed are looked up in AWS. Exits with code 1 if AWS cannot be asked, if a deployed ' +
    'agent has failed or no longer exists, or if a local runtime does not respond; what is known is shown all the same. ' +
    '--verbose adds limits, processes and log files.',
  flags,
  examples: [
    { line: 'agentcore status', about: 'all agents in this folder' },
    { line: 'agentcore status --agent hello --json', about: 'one agent, as JSON' },
    { line: 'agentcore status --local', about: 'without AWS' },
  ],
  load: () => import('./run.js'),
})
