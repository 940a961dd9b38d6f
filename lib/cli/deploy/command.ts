/** `agentcore deploy`: the agent is built, and a runtime started for it. */
import * as E from 'fp-ts/Either'
import * as Rules from '../../config/Rules'
import { allowFlags } from '../agent/AllowedFlags'
import { command } from '../program/Command'
import { list, type Parse, text, toggle, value } from '../program/Flag'

const isolation: Parse<'process' | 'container' | 'none'> = (given) =>
  given === 'process' || given === 'container' || given === 'none'
    ? E.right(given)
    : E.left(`expected process, container or none, got ${JSON.stringify(given)}`)

const auth: Parse<'none' | 'sigv4' | 'jwt'> = (given) =>
  given === 'none' || given === 'sigv4' || given === 'jwt'
    ? E.right(given)
    : E.left(`expected none, sigv4 or jwt, got ${JSON.stringify(given)}`)

/** The command. */
export const deploy = command({
  name: 'deploy',
  summary: 'build the agent and run it the way AgentCore does',
  about:
    'With --local it runs on this machine: each session gets its own agent, with the limits of the service, and AWS ' +
    'clients can call it. Deployment to the cloud is not supported yet.',
  flags: {
    local: toggle('--local', 'run on this machine'),
    agent: text('-a, --agent <name>', 'agent to use (default: the default agent)'),
    env: list('--env <NAME=value>', 'environment variable for the agent; repeatable', Rules.assignment),
    // Not --env-file: Node takes a flag of that name for its own, wherever it stands on the command line.
    envFrom: list(
      '--env-from <file>',
      'file with variables for the agent, such as .env; repeatable, --env wins over it',
      E.right,
    ),
    port: value('-p, --port <port>', 'port to listen on (default: the first free one from 8080)', Rules.port),
    detach: toggle('-d, --detach', 'keep it running in the background'),
    isolation: value(
      '--isolation <kind>',
      'isolation of a session: process, container or none (default: as the agent is configured)',
      isolation,
    ),
    auth: value(
      '--auth <kind>',
      "who may call: none (anyone on this machine), sigv4 (requests signed with this machine's AWS credentials) or jwt " +
        "(the agent's authorizer); default: jwt if the agent has an authorizer, else none",
      auth,
    ),
    ...allowFlags,
  },
  examples: [
    { line: 'agentcore deploy --local', about: 'run until Ctrl-C, showing the output of the agent' },
    {
      line: 'agentcore deploy --local --detach --port 9000',
      about: 'run in the background; stop it with agentcore stop',
    },
    { line: 'agentcore deploy --local --env-from .env', about: 'with the variables of a file' },
    { line: 'agentcore deploy --local --isolation container', about: "build the agent's image and run it" },
  ],
  load: () => import('./run.js'),
})
