/** A process that runs an agent: the first argument says how, the second may be options as JSON. */
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { createApp, entrypoint, Handler, type Options, websocket } from '../../lib'

const [mode = 'plain', given = '{}'] = process.argv.slice(2)

const say = (text: string): void => void process.stdout.write(`${text}\n`)

/** Resolves when the parent sends the word. */
const told = (word: string): Promise<void> =>
  new Promise((resolve) => process.stdin.on('data', (data) => String(data).includes(word) && resolve()))

const block = (ms: number): void => {
  const end = performance.now() + ms
  while (performance.now() < end);
}

const agent = pipe(
  entrypoint((payload: unknown) => {
    switch (payload) {
      case 'json':
        say('in flight')
        return pipe(
          TE.fromTask(() => told('finish')),
          TE.map(() => 'finished'),
        )
      case 'stream':
        return TE.right(
          (async function* () {
            yield 'begun'
            say('in flight')
            await told('finish')
            yield 'finished'
          })(),
        )
      case 'throw':
        return Handler.fromAsync(() => Promise.reject(new Error('no such model')))(payload, undefined as never)
      case 'block':
        return Handler.fromSync(() => block(900))(payload, undefined as never)
      default:
        return TE.right(payload)
    }
  }),
  websocket(
    Handler.fromMessages(async function* (messages) {
      yield* messages
    }),
  ),
)

const options: Options = {
  log: { format: 'json' },
  ...(mode === 'hooks'
    ? { onStart: () => Promise.resolve(say('onStart')), onStop: () => Promise.resolve(say('onStop')) }
    : {}),
  ...(mode === 'failing' ? { onStart: () => Promise.reject(new Error('no database')) } : {}),
  ...(JSON.parse(given) as Options),
}

const app = createApp(agent, options)

/** Runs, answers and stops in this process, then tells what would keep it alive. */
const handles = async (): Promise<void> => {
  const running = await app.run()
  const [response] = (await once(get(`${running.url}/ping`, { agent: false }), 'response')) as [IncomingMessage]
  await once(response.resume(), 'close')
  await running.stop()
  for (const _ of [1, 2, 3]) await new Promise((resolve) => setImmediate(resolve)) // handles close a turn later
  const left = process.getActiveResourcesInfo().filter((name) => name !== 'PipeWrap' && name !== 'TTYWrap')
  say(`left ${JSON.stringify(left)}`)
}

/** An option as JavaScript may misspell it. */
const misspelled: object = { prot: 0 }

void (mode === 'handles' ? handles() : app.run(mode === 'misspelled' ? misspelled : {}))
