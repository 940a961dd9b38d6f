/** `agentcore stop`: the end of a local runtime. */
import { command } from '../program/Command'
import { stop as flags } from '../status/flags'

/** The command. */
export const stop = command({
  name: 'stop',
  summary: 'stop the local runtime of an agent and all its sessions',
  about: 'Stops what agentcore deploy --local started. Agents in the cloud are not affected.',
  flags,
  examples: [{ line: 'agentcore stop', about: 'stop what agentcore deploy --local --detach started' }],
  load: () => import('./run.js'),
})
