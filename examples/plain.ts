/** The smallest agent of plain functions: one typed entrypoint. A payload without a prompt is refused with 400 and a path. */
import { createApp, entrypoint } from 'agentcore-fp/plain'
import { z } from 'zod'

const Prompt = z.object({ prompt: z.string() })

export const agent = entrypoint(Prompt, ({ prompt }) => ({ result: `You said: ${prompt}` }))

export const app = createApp(agent)

if (require.main === module) void app.run()
