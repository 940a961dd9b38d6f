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
  summary: 'build the agent and run it as AgentCore does',
  about:
    'With --local it runs on this machine: each session has an agent of its own, which lives and ends by the rules of ' +
    'the service, and clients of AWS can call it. Deployment to the cloud is not there yet.',
  flags: {
    local: toggle('--local', 'run it on this machine'),
    agent: text('-a, --agent <name>', 'the agent; the default one without it'),
    env: list('--env <NAME=value>', 'a variable for the agent; may be given several times', Rules.assignment),
    port: value('-p, --port <port>', 'this port and no other; without it the first free one from 8080 on', Rules.port),
    detach: toggle('-d, --detach', 'leave it running in the background'),
    isolation: value(
      '--isolation <kind>',
      'what a session has to itself: process, container, or none; without it, as the agent is configured',
      isolation,
    ),
    auth: value(
      '--auth <kind>',
      "who may call: none for everyone here, sigv4 for whoever signs with this machine's AWS credentials, jwt for the " +
        "agent's authorizer; without it jwt if the agent has one, else none",
      auth,
    ),
    ...allowFlags,
  },
  examples: [
    { line: 'agentcore deploy --local', about: 'run here until Ctrl-C, and show what the agent writes' },
    { line: 'agentcore deploy --local --detach --port 9000', about: 'run in the background; agentcore stop ends it' },
    { line: 'agentcore deploy --local --isolation container', about: "build the agent's image, and run that" },
  ],
  load: () => import('./run.js'),
})
