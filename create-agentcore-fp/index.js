#!/usr/bin/env node
/** `npm create agentcore-fp my-agent` is `agentcore create my-agent`. */
import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'

const require = createRequire(import.meta.url)
const manifest = require.resolve('agentcore-fp/package.json')
const program = join(dirname(manifest), require(manifest).bin.agentcore)

const child = spawn(process.execPath, [program, 'create', ...process.argv.slice(2)], { stdio: 'inherit' })
// Ctrl-C reaches both: the command cleans up, and this waits for it.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
child.on('exit', (code, signal) => {
  process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0)
})
