/** A process that counts in the sessions of a folder: `count` so many times, `hold` one and hang, `fill` until killed. */
import * as E from 'fp-ts/Either'
import * as TE from 'fp-ts/TaskEither'
import { createApp, entrypoint, Session } from '../../lib'
import { as, counter, countOf, idOf } from './sessionsSupport'

const [mode = '', folder = '', id = '', times = '1'] = process.argv.slice(2)
const say = (text: string): void => void process.stdout.write(`${text}\n`)
const store = Session.fileStore(folder)

const count = async (): Promise<void> => {
  const app = counter({ session: { store } })
  say('ready')
  await new Promise((resolve) => process.stdin.once('data', resolve))
  for (let n = 0; n < Number(times); n += 1) await countOf(app, id)
  say('done')
  process.stdin.destroy()
}

const hold = async (): Promise<void> => {
  const holding = entrypoint((_: unknown, { session }) =>
    TE.fromTask(async () => {
      const lock = await session.lock()
      say(lock._tag === 'Right' ? 'holding' : 'not holding')
      await new Promise(() => setInterval(() => undefined, 1000))
    }),
  )
  await createApp(holding, { session: { store } }).inject('/invocations', { body: {}, headers: as(id) })
}

const fill = async (): Promise<void> => {
  const app = counter({ session: { store } })
  for (;;) await countOf(app, id).then((body) => say(`counted ${JSON.stringify(body)}`))
}

/** Saves what may be too large for the disk, and says how that went. */
const save = async (): Promise<void> => {
  const saved = await store.save(idOf(id), { state: 'x'.repeat(Number(times)), savedAt: Date.now() })()
  say(E.isRight(saved) ? 'saved' : `failed ${saved.left._tag === 'StoreFailed' ? String(saved.left.cause) : ''}`)
}

const modes: Readonly<Record<string, () => Promise<void>>> = { count, hold, fill, save }
void modes[mode]?.()
