/** Keeps servers on one core and the load on another, where the system can: they then disturb each other less. */
import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'

/** Words that go before the command of a contestant. */
export type Prefix = ReadonlyArray<string>

/** Pins this process to the second core; gives what pins a contestant to the first. */
export const pin = (): Prefix => {
  if (availableParallelism() < 2) return []
  const { status } = spawnSync('taskset', ['-pc', '1', String(process.pid)], { stdio: 'ignore' })
  return status === 0 ? ['taskset', '-c', '0'] : []
}
