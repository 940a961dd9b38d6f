/** The smallest agent: one typed entrypoint. A payload without a prompt is refused with 400 and a path. */
import { createApp, entrypoint } from 'agentcore-fp'
import { t, TE } from 'agentcore-fp/fp'

const Prompt = t.type({ prompt: t.string })

export const agent = entrypoint(Prompt, ({ prompt }) => TE.right({ result: `You said: ${prompt}` }))

export const app = createApp(agent)

if (require.main === module) void app.run()
