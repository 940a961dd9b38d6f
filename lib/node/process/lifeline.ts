/**
 * Preloaded into every agent that `agentcore dev` or the local runtime starts: if the parent process is killed, the
 * agent exits too, with its whole group.
 */

const end = (): void => {
  try {
    if (process.platform !== 'win32') process.kill(-process.pid, 'SIGKILL') // it is a group leader
  } finally {
    process.exit(1)
  }
}

process.once('disconnect', end)
process.channel?.unref() // must not keep the process alive
