/** `agentcore dev`: the agent from its source, started again when that changes. */
import * as Rules from '../../config/Rules'
import { allowFlags } from '../agent/AllowedFlags'
import { command } from '../program/Command'
import { list, text, value } from '../program/Flag'

/** The command. */
export const dev = command({
  name: 'dev',
  summary: 'serve the agent from its source, and restart it when that changes',
  about:
    'The last good server goes on serving while the source does not compile or start. Variables come from the\n' +
    'terminal, from .env, and from --env; LOCAL_DEV is 1. Nothing of AWS is called.',
  flags: {
    agent: text('-a, --agent <name>', 'the agent; the default one without it'),
    port: value('-p, --port <port>', 'the port to try first, 8080 without it; the next free one is taken', Rules.port),
    env: list('--env <NAME=value>', 'a variable for the agent; may be given several times', Rules.assignment),
    ...allowFlags,
  },
  examples: [
    { line: 'agentcore dev', about: 'serve the default agent on port 8080' },
    { line: 'agentcore dev --port 3000 --env MODEL=small', about: 'on another port, with a variable' },
  ],
  load: () => import('./run.js'),
})
