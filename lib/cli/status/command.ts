/** `agentcore status`: what is configured, deployed and running. */
import { command } from '../program/Command'
import { status as flags } from './flags'

/** The command. */
export const status = command({
  name: 'status',
  summary: 'show what is configured, deployed and running here, with its sessions',
  about: 'Exits with 1 when something that should answer does not. --verbose adds the limits, processes and log files.',
  flags,
  examples: [
    { line: 'agentcore status', about: 'every agent of this folder' },
    { line: 'agentcore status --agent hello --json', about: 'one of them, for a program' },
  ],
  load: () => import('./run.js'),
})
