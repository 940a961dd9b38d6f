/** `agentcore deploy`: the agent is built, and deployed to AWS or to a runtime on this machine. */
import * as E from 'fp-ts/Either'
import * as Rules from '../../config/Rules'
import { parsePattern } from '../../deploy/archive/Exclude'
import { allowFlags } from '../agent/AllowedFlags'
import { externalFlag } from '../entry/ExternalFlag'
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
  summary: 'deploy the agent to AgentCore, or run it here the way AgentCore does',
  about:
    'Makes what is missing in the AWS account (a role, a bucket, the runtime), uploads the code and waits until the agent ' +
    'is ready. What is up to date is left as it is; after a failure, the same command goes on where it stopped. ' +
    'The image of a container is built by AWS CodeBuild, or on this machine with --local-build. With --local the agent runs on this machine instead: each session gets its own ' +
    'agent, with the limits of the service, and AWS clients can call it.',
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
    dryRun: toggle('--dry-run', 'show what would be done in AWS, and change nothing'),
    region: value('--region <name>', 'AWS region (default: that of the configuration, then AWS_REGION)', Rules.region),
    profile: text('--profile <name>', 'profile of the AWS configuration (default: AWS_PROFILE)'),
    executionRole: value(
      '--execution-role <arn>',
      'role that the agent runs with; never modified or deleted (default: one is created)',
      Rules.role,
    ),
    exclude: list(
      '--exclude <pattern>',
      'files to leave out of the archive, such as *.map or node_modules/*/docs; repeatable',
      parsePattern,
    ),
    localBuild: toggle('--local-build', 'build the image of a container on this machine, and push it'),
    imageTag: value(
      '--image-tag <tag>',
      'tag of the image that is built; never moved to another one (default: the time in UTC)',
      Rules.imageTag,
    ),
    imageUri: value('--image-uri <uri>', 'image in a registry, to run instead of building one', Rules.imageUri),
    autoUpdateOnConflict: toggle(
      '--auto-update-on-conflict',
      'take over an agent runtime of the same name that this project did not deploy',
    ),
    ...externalFlag,
    adopt: text(
      '--adopt <arn>',
      'agent runtime that something else has deployed, for this project to update from now on; its role is kept',
    ),
    endpoint: value(
      '--endpoint <name>',
      'endpoint to serve this version: created if it is missing, and pinned until it is deployed to again ' +
        '(default: DEFAULT, which serves the newest version)',
      Rules.endpointName,
    ),
    version: value(
      '--version <number>',
      'roll back to this version instead of deploying: the endpoint of --endpoint is pointed at it, and for DEFAULT it ' +
        'is made again as the newest version',
      Rules.runtimeVersion,
    ),
    unsetEnv: list(
      '--unset-env <NAME>',
      'environment variable to remove from the deployed agent; repeatable',
      Rules.variableName,
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
    { line: 'agentcore deploy', about: 'to AWS, with your credentials' },
    { line: 'agentcore deploy --dry-run', about: 'what that would do' },
    { line: 'agentcore deploy --endpoint prod', about: 'and let the endpoint prod serve this version' },
    { line: 'agentcore deploy --endpoint prod --version 3', about: 'roll prod back to version 3' },
    { line: 'agentcore deploy --local-build', about: 'a container, built here with docker, finch or podman' },
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
