/** The `agentcore` program: its commands, in the order of its help. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from './build/command'
import { completion } from './completion/command'
import { configure } from './configure/command'
import { deploy } from './deploy/command'
import { destroy } from './destroy/command'
import { dev } from './dev/command'
import { invoke } from './invoke/command'
import { logs } from './logs/command'
import { status } from './status/command'
import { stop } from './stop/command'
import { stopSession } from './stopSession/command'
import type { Program } from './program/Parse'

const versionIn = (manifest: string): string => (JSON.parse(manifest) as { readonly version: string }).version

/** The version of this package. */
const version = (): string => versionIn(readFileSync(join(__dirname, '../../../package.json'), 'utf8'))

/** The whole program. */
export const program = (): Program => ({
  name: 'agentcore',
  about: 'From a file to a running agent on Amazon Bedrock AgentCore.',
  version: version(),
  commands: [configure, dev, deploy, invoke, logs, status, stopSession, stop, destroy, build, completion(program)],
  epilogue: '\nRun agentcore COMMAND --help for the flags of a command and examples.\n',
})
