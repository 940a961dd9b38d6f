/** A local runtime as a process of its own, that a spec can kill. Tells its port and ARN as a line of JSON. */
import * as E from 'fp-ts/Either'
import { processLauncher, startLocalRuntime } from '../../lib/local'
import { agentFile } from './support'

const main = async (folder: string): Promise<void> => {
  const runtime = await startLocalRuntime({ name: 'spec', folder, launcher: processLauncher({ file: agentFile }) })()
  if (E.isLeft(runtime)) throw new Error(JSON.stringify(runtime.left))
  const { port, arn } = runtime.right
  process.stdout.write(`${JSON.stringify({ port, arn })}\n`)
  process.on('SIGTERM', () => process.exit(0)) // not stopped in good order
}

if (require.main === module) void main(process.argv[2] ?? '')
