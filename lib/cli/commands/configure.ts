/** `agentcore configure`: an agent is written to the file of the agents; and `list`, `set-default`. */
import { command } from '../Command'

const list = command({
  name: 'list',
  summary: 'list the agents of this folder',
  flags: {},
  examples: [{ line: 'agentcore configure list', about: 'every agent, the default one marked' }],
  load: () => import('../configure/list.js'),
})

const setDefault = command({
  name: 'set-default',
  summary: 'choose the agent that commands mean without --agent',
  argument: { name: 'name', about: 'the name of an agent of this folder', isRequired: true },
  flags: {},
  examples: [{ line: 'agentcore configure set-default writer', about: 'from now on agentcore invoke means writer' }],
  load: () => import('../configure/setDefault.js'),
})

/** The command. */
export const configure = command({
  name: 'configure',
  summary: 'write an agent of this folder to .bedrock_agentcore.yaml',
  flags: {},
  examples: [],
  commands: [list, setDefault],
  load: () => import('../configure/list.js'),
})
