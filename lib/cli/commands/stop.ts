/** `agentcore stop`: the end of a local runtime. */
import { command } from '../Command'
import { text, type Values } from '../Flag'

const flags = {
  agent: text('-a, --agent <name>', 'the agent (default: the default one)'),
}

/** What the command line says. */
export type Wishes = Values<typeof flags>

/** The command. */
export const stop = command({
  name: 'stop',
  summary: 'end the local runtime of an agent, with all of its sessions',
  about: 'It is the one that agentcore deploy --local has started. What runs in the cloud is left alone.',
  flags,
  examples: [{ line: 'agentcore stop', about: 'end what agentcore deploy --local --detach has started' }],
  load: () => import('../status/stop.js'),
})
