/** A process whose background tasks fail in every way: it must outlive them all. Run as a child, with Node's own handlers. */
import * as TE from 'fp-ts/TaskEither'
import { createApp, entrypoint, Handler } from '../../lib'

const say = (text: string): void => void process.stdout.write(`${text}\n`)

const works: ReadonlyArray<() => Promise<never>> = [
  () => Promise.reject(new Error('rejected')),
  () => {
    throw new Error('thrown')
  },
  async () => {
    await new Promise((resolve) => setImmediate(resolve))
    throw new Error('rejected late')
  },
]

const app = createApp(
  entrypoint(Handler.fromSync((_, { tasks }) => works.map((work, n) => tasks.fork(`work ${n}`, work).id))),
  { log: { format: 'json' } },
)

const main = TE.tryCatch(
  async () => {
    say(`answered ${(await app.inject('/invocations', { body: {} })).status}`)
    while (app.tasks.list().some(({ outcome }) => outcome._tag === 'Running')) {
      await new Promise((resolve) => setImmediate(resolve))
    }
    await new Promise((resolve) => setTimeout(resolve, 20)) // an unhandled rejection would end the process by now
    say(
      `tasks ${app.tasks
        .list()
        .map(({ outcome }) => outcome._tag)
        .join()}`,
    )
    say(`ping ${await (await app.inject('/ping')).text()}`)
  },
  () => say('main failed'),
)

void main()
