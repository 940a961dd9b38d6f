/** The smallest agent: one typed entrypoint. */
import { createApp, entrypoint } from 'agentcore-fp'
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'

const Prompt = t.type({ prompt: t.string })

export const app = createApp(entrypoint(Prompt, ({ prompt }) => TE.right({ result: `You said: ${prompt}` })))

if (require.main === module) void app.run()
