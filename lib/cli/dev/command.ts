/** `agentcore dev`: the agent from its source, started again when that changes. */
import * as Rules from '../../config/Rules'
import { allowFlags } from '../agent/AllowedFlags'
import { externalFlag } from '../entry/ExternalFlag'
import { command } from '../program/Command'
import { list, optional, text, value } from '../program/Flag'
import { defaultInspector, parseInspector } from './state/InspectorAddress'

/** The command. */
export const dev = command({
  name: 'dev',
  summary: 'serve the agent from source and restart it on changes',
  about:
    'The last working version keeps serving while the source does not compile or start. Environment variables come ' +
    'from the terminal, .env and --env; LOCAL_DEV is 1. In a terminal, logs are formatted, and keys control the agent: ' +
    'o opens it in a browser, r restarts it, c clears the screen, q quits. Callers see what was thrown. Makes no AWS ' +
    'requests.',
  flags: {
    agent: text('-a, --agent <name>', 'agent to use (default: the default agent)'),
    entrypoint: text('-e, --entrypoint <file>', 'entry point to serve; needs no configuration'),
    port: value('-p, --port <port>', 'port to try first, then the next free one (default: 8080)', Rules.port),
    env: list('--env <NAME=value>', 'environment variable for the agent; repeatable', Rules.assignment),
    inspect: optional(
      '--inspect [port]',
      'debug the agent with the inspector on this port or address:port, or the next free one (default: 9229)',
      parseInspector,
      defaultInspector,
    ),
    ...externalFlag,
    ...allowFlags,
  },
  examples: [
    { line: 'agentcore dev', about: 'serve the default agent on port 8080' },
    { line: 'agentcore dev --inspect', about: 'with a debugger: attach your editor, or open chrome://inspect' },
    { line: 'agentcore dev --port 3000 --env MODEL=small', about: 'on another port, with a variable' },
  ],
  load: () => import('./run.js'),
})
