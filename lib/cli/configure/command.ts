/** `agentcore configure`: an agent is written to the file of the agents; and `list`, `set-default`. */
import { command } from '../program/Command'
import { flags } from './plan/flags'

const list = command({
  name: 'list',
  summary: 'list the agents in this folder',
  flags: {},
  examples: [{ line: 'agentcore configure list', about: 'all agents, with the default one marked' }],
  load: () => import('./existing/list.js'),
})

const setDefault = command({
  name: 'set-default',
  summary: 'choose the agent that commands use without --agent',
  argument: { name: 'name', about: 'the name of an agent in this folder', isRequired: true },
  flags: {},
  examples: [{ line: 'agentcore configure set-default writer', about: 'agentcore invoke now calls writer' }],
  load: () => import('./existing/setDefault.js'),
})

/** The command. */
export const configure = command({
  name: 'configure',
  summary: 'add or change an agent in .bedrock_agentcore.yaml',
  about:
    'Prompts for anything the flags leave open when run in a terminal. Settings of an existing agent stay as they are ' +
    'unless a flag changes them. Needs no AWS credentials and makes no requests.',
  flags,
  examples: [
    { line: 'agentcore configure --entrypoint agent.ts', about: 'prompts, with sensible defaults' },
    { line: 'agentcore configure -e agent.ts --name hello --non-interactive', about: 'does not prompt' },
    {
      line: 'agentcore configure --name hello --idle-timeout 300 --max-lifetime 3600',
      about: 'changes the session limits of hello',
    },
    {
      line:
        'agentcore configure -e agent.ts --authorizer-config ' +
        `'{"customJWTAuthorizer":{"discoveryUrl":"https://idp.example/.well-known/openid-configuration","allowedClients":["app"]}}'`,
      about: 'accepts tokens issued to the client app',
    },
  ],
  commands: [list, setDefault],
  load: () => import('./run.js'),
})
