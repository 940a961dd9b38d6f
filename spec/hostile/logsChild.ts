/** A process that serves an agent and logs as its first argument says: to standard output, or to what fails. */
import * as TE from 'fp-ts/TaskEither'
import { createApp, entrypoint, type Options } from '../../lib'

/** What an author may give where nothing is to be returned. */
const rejecting: () => unknown = () => Promise.reject(new Error('it rejects'))

const destinations: Readonly<Record<string, NonNullable<Options['log']>>> = {
  standard: {},
  throwing: {
    destination: () => {
      throw new Error('it throws')
    },
  },
  rejecting: { destination: rejecting },
  recursive: { destination: () => createLine() },
  stderr: { destination: (line) => void process.stderr.write(`${line}\n`) },
}

const app = createApp(
  entrypoint((_, { log }) => TE.fromIO(log.info('a line'))),
  { log: { level: 'debug', format: 'json', ...destinations[process.argv[2] ?? ''] } },
)

const createLine = (): void => void app.emit('error', new Error('logged by the destination'))

const server = app.listen(0, '127.0.0.1', () => process.send?.(server.address()))
process.once('disconnect', () => process.exit(0))
