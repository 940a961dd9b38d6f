/** `agentcore stop`: the end of a local runtime. */
import { command } from '../program/Command'
import { stop as flags } from '../status/flags'

/** The command. */
export const stop = command({
  name: 'stop',
  summary: 'end the local runtime of an agent, with all of its sessions',
  about: 'It is the one that agentcore deploy --local has started. What runs in the cloud is left alone.',
  flags,
  examples: [{ line: 'agentcore stop', about: 'end what agentcore deploy --local --detach has started' }],
  load: () => import('./run.js'),
})
