/** Loaded into every server of `agentcore dev` before the agent: should `dev` be killed, the server ends too. */

process.once('disconnect', () => process.exit(1))
process.channel?.unref() // the agent alone decides how long the process lives
