/**
 * Background work. While a task runs, `/ping` says `HealthyBusy`, so that AgentCore keeps the session: added by hand,
 * forked, or a handler that is a task itself. A ping handler of its own decides which tasks count.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { AgentError, type App, asyncTask, type Context, createApp, entrypoint, ping, type Tasks } from 'agentcore-fp'
import { pipe, t, TE } from 'agentcore-fp/fp'

const Payload = t.union([
  t.type({ do: t.literal('add'), name: t.string }),
  t.type({ do: t.literal('complete'), id: t.number }),
  t.type({ do: t.literal('fork'), name: t.string, seconds: t.number }),
  t.type({ do: t.literal('wait'), seconds: t.number }),
  t.type({ do: t.literal('list') }),
])

type Payload = t.TypeOf<typeof Payload>

const work = (seconds: number): TE.TaskEither<AgentError.AgentError, string> =>
  TE.tryCatch(() => sleep(seconds * 1000, `worked for ${seconds} s`), AgentError.fromUnknown)

/** A handler that is a task: the caller waits for it, the agent is busy meanwhile. */
const wait = asyncTask('wait', ({ seconds }: { readonly seconds: number }) => work(seconds))

const shown = ({ id, name, outcome }: Tasks.Task): unknown => ({ id, name, outcome })

export const handler = (payload: Payload, context: Context.Context): TE.TaskEither<AgentError.AgentError, unknown> => {
  const { tasks } = context
  switch (payload.do) {
    case 'add': // by hand: someone else does the work and says when it is done
      return pipe(
        TE.fromIO(tasks.add(payload.name)),
        TE.map((id) => ({ id })),
      )
    case 'complete':
      return pipe(
        TE.fromIO(tasks.complete(payload.id)),
        TE.map((wasRunning) => ({ wasRunning })),
      )
    case 'fork': // the answer goes out at once, the work goes on; a failure is logged and kept, and breaks nothing
      return pipe(
        work(payload.seconds),
        tasks.fork(payload.name, { deadline: 60_000, metadata: { seconds: payload.seconds } }),
        TE.fromIO,
        TE.map(({ id }) => ({ id })),
      )
    case 'wait':
      return wait(payload, context)
    case 'list':
      return pipe(
        TE.fromIO(tasks.list),
        TE.map((all) => all.map(shown)),
      )
  }
}

const isRunning = ({ outcome }: Tasks.Task): boolean => outcome._tag === 'Running'

/** Every running task keeps the session, but not those that only tidy up. */
const counts = (task: Tasks.Task): boolean => isRunning(task) && task.name !== 'tidy'

export const agent = pipe(
  entrypoint(Payload, handler),
  ping(() => (app.tasks.list().some(counts) ? 'HealthyBusy' : 'Healthy')),
)

export const app: App = createApp(agent)

if (require.main === module) void app.run()
