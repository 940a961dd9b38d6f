/** The program `agentcore`: its commands, in the order of its help. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from './commands/build'
import { configure } from './commands/configure'
import { deploy } from './commands/deploy'
import { dev } from './commands/dev'
import { invoke } from './commands/invoke'
import { status } from './commands/status'
import { stop } from './commands/stop'
import { stopSession } from './commands/stopSession'
import type { Program } from './Parse'

const versionIn = (manifest: string): string => (JSON.parse(manifest) as { readonly version: string }).version

/** The version of this package. */
const version = (): string => versionIn(readFileSync(join(__dirname, '../../../package.json'), 'utf8'))

/** All of it. */
export const program = (): Program => ({
  name: 'agentcore',
  about: 'From a file to a running agent on Amazon Bedrock AgentCore.',
  version: version(),
  commands: [configure, dev, deploy, invoke, status, stopSession, stop, build],
  epilogue: '\nagentcore COMMAND --help tells the flags of a command, with examples.\n',
})
