/** A local runtime in a process of its own, for the agent of agentcore-fp. Tells where it is as a line of JSON. */
import * as E from 'fp-ts/Either'
import { processLauncher, startLocalRuntime } from '../lib/local'
import { fileOf } from './contestant'

const main = async (folder: string): Promise<void> => {
  const env = { NODE_ENV: 'production', NODE_OPTIONS: '' }
  const launcher = processLauncher({ file: fileOf('plain'), env })
  const limits = { newSessionsPerSecond: 0 } // the bench starts fifty sessions at once
  const runtime = await startLocalRuntime({ name: 'bench', folder, launcher, limits })()
  if (E.isLeft(runtime)) throw new Error(JSON.stringify(runtime.left))
  const { port, arn } = runtime.right
  process.stdout.write(`${JSON.stringify({ port, arn })}\n`)
  process.once('SIGTERM', () => void runtime.right.stop().then(() => process.exit(0)))
}

if (require.main === module) void main(process.argv[2] ?? '')
