/** `agentcore status`: what is configured, deployed and running. */
import { command } from '../program/Command'
import { status as flags } from './flags'

/** The command. */
export const status = command({
  name: 'status',
  summary: 'show configured, deployed and running agents and their sessions',
  about: 'Exits with code 1 if a local runtime does not respond. --verbose adds limits, processes and log files.',
  flags,
  examples: [
    { line: 'agentcore status', about: 'all agents in this folder' },
    { line: 'agentcore status --agent hello --json', about: 'one agent, as JSON' },
  ],
  load: () => import('./run.js'),
})
