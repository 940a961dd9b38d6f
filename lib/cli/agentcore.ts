/** The `agentcore` program: its commands, in the order of its help. */
import { build } from './build/command'
import { completion } from './completion/command'
import { configure } from './configure/command'
import { create } from './create/command'
import { deploy } from './deploy/command'
import { destroy } from './destroy/command'
import { dev } from './dev/command'
import { invoke } from './invoke/command'
import { logs } from './logs/command'
import { status } from './status/command'
import { stop } from './stop/command'
import { stopSession } from './stopSession/command'
import type { Program } from './program/Parse'
import { version } from './document/Version'

/** The whole program. */
export const program = (): Program => ({
  name: 'agentcore',
  about: 'From a file to a running agent on Amazon Bedrock AgentCore.',
  version: version(),
  commands: [
    create,
    configure,
    dev,
    deploy,
    invoke,
    logs,
    status,
    stopSession,
    stop,
    destroy,
    build,
    completion(program),
  ],
  epilogue: '\nRun agentcore COMMAND --help for the flags of a command and examples.\n',
})
