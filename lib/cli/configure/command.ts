/** `agentcore configure`: an agent is written to the file of the agents; and `list`, `set-default`. */
import { command } from '../program/Command'
import { flags } from './plan/flags'

const list = command({
  name: 'list',
  summary: 'list the agents of this folder',
  flags: {},
  examples: [{ line: 'agentcore configure list', about: 'every agent, the default one marked' }],
  load: () => import('./existing/list.js'),
})

const setDefault = command({
  name: 'set-default',
  summary: 'choose the agent that commands mean without --agent',
  argument: { name: 'name', about: 'the name of an agent of this folder', isRequired: true },
  flags: {},
  examples: [{ line: 'agentcore configure set-default writer', about: 'from now on agentcore invoke means writer' }],
  load: () => import('./existing/setDefault.js'),
})

/** The command. */
export const configure = command({
  name: 'configure',
  summary: 'write an agent of this folder to .bedrock_agentcore.yaml',
  about:
    'Asks in a terminal for what the flags leave open. An agent that is there already keeps what no flag changes. ' +
    'Needs no AWS credentials, and calls nothing.',
  flags,
  examples: [
    { line: 'agentcore configure --entrypoint agent.ts', about: 'asks, with good defaults' },
    { line: 'agentcore configure -e agent.ts --name hello --non-interactive', about: 'asks nothing' },
    {
      line: 'agentcore configure --name hello --idle-timeout 300 --max-lifetime 3600',
      about: 'changes the life of the sessions of hello',
    },
    {
      line:
        'agentcore configure -e agent.ts --authorizer-config ' +
        `'{"customJWTAuthorizer":{"discoveryUrl":"https://idp.example/.well-known/openid-configuration","allowedClients":["app"]}}'`,
      about: 'lets in whoever has a token for the client app',
    },
  ],
  commands: [list, setDefault],
  load: () => import('./run.js'),
})
