/** A process that keeps sessions in files: `count` answers one invocation, `loop` saves until it is killed. */
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'
import { createApp, entrypoint, Handler, Session } from '../../lib'

const [mode = '', folder = '', id = ''] = process.argv.slice(2)
const store = Session.fileStore(folder)
const say = (text: string): void => void process.stdout.write(`${text}\n`)

const count = async (): Promise<void> => {
  const counting = Handler.stateful(t.type({ n: t.number }), { n: 0 })(
    () =>
      ({ n }) =>
      () =>
        TE.right([n + 1, { n: n + 1 }]),
  )
  const app = createApp(entrypoint(counting), { session: { store }, log: { level: 'silent' } })
  const headers = { 'x-amzn-bedrock-agentcore-runtime-session-id': id }
  const answer = await app.inject('/invocations', { body: {}, headers })
  say(`counted ${await answer.text()}`)
}

const loop = async (): Promise<void> => {
  const [session] = [Session.parseId(id)].flatMap((parsed) => (parsed._tag === 'Right' ? [parsed.right] : []))
  if (session === undefined) return
  for (let n = 0; ; n += 1) {
    await store.save(session, { state: { n, padding: String(n % 10).repeat(300_000) }, savedAt: Date.now() })()
    say(`saved ${n}`)
  }
}

void (mode === 'loop' ? loop() : count())
