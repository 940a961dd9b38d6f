/**
 * A process that logs to standard output and then does what its first argument says. The second is how many lines it
 * logs, each of a kilobyte.
 */
import { createRequire } from 'node:module'
import * as TE from 'fp-ts/TaskEither'
import { createApp, entrypoint } from '../../../lib'

const [mode = '', count = '0'] = process.argv.slice(2)

// Node's own object, of which the library reads each function when it calls it; an import would be a copy.
const fs = createRequire(__filename)('node:fs') as { writeSync: (fd: number, bytes: Buffer) => number }
const { writeSync } = fs
let writes = 0
fs.writeSync = (...args) => {
  if (args[0] === 1) writes += 1
  return writeSync(...args)
}

const app = createApp(
  entrypoint((_, { log }) => {
    for (let i = 0; i < Number(count); i += 1) log.info(`line ${i}`, { text: 'x'.repeat(1000) })()
    if (mode === 'exit') process.exit(3)
    if (mode === 'throw') setImmediate(fail)
    if (mode === 'reject') void Promise.reject(new Error('nobody caught this'))
    return TE.right('answered')
  }),
  { log: { format: 'json' } },
)

const fail = (): void => {
  throw new Error('nobody caught this')
}

const main = async (): Promise<void> => {
  await app.inject('/ping') // everything is loaded
  writes = 0
  const { status } = await app.inject('/invocations', { body: '{}' })
  await new Promise((resolve) => setImmediate(resolve))
  const other = await app.inject('/ping')
  process.stderr.write(`answered ${status} and ${other.status} with ${writes} writes\n`)
  if (mode === 'end') return
  if (mode === 'wait') setInterval(() => undefined, 1000)
}

void main()
