#!/usr/bin/env node
/** `agentcore`: the one place where the process is touched. */
import { run } from './program/Program'
import { program } from './agentcore'
import { processWorld } from './World'

if (require.main === module) {
  void run(
    program(),
    process.argv.slice(2),
  )(processWorld())().then((code) => {
    process.exitCode = code
  })
}
