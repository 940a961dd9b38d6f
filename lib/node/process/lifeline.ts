/**
 * Loaded into every agent that `agentcore dev` or the local runtime starts, before the agent itself: should the process
 * that has started it be killed, the agent ends too, with all of its group.
 */

const end = (): void => {
  try {
    if (process.platform !== 'win32') process.kill(-process.pid, 'SIGKILL') // it leads a group of its own
  } finally {
    process.exit(1)
  }
}

process.once('disconnect', end)
process.channel?.unref() // the agent alone decides how long the process lives
