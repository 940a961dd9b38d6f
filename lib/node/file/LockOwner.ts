/** Who holds a lock file, as its text says it: for other processes to see whether the holder still runs. */
import { randomUUID } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { threadId } from 'node:worker_threads'
import { isAlive } from '../process/Processes'

/** The holder of a lock. */
export interface Owner {
  /**
   * Where a process id means the same process. Machines may share a folder and a host name, and so may containers, but
   * not their boots and processes.
   */
  readonly place: string
  readonly pid: string
  readonly thread: string
  /** Tells a process from an earlier one with the same id, as every first process of a container is number 1. */
  readonly mark: string
}

const orEmpty = (look: () => string): string => {
  try {
    return look()
  } catch {
    return '' // there is no such thing outside of Linux
  }
}

const symbol = Symbol.for('agentcore-fp/FileLocks')

/** This thread of this process. Copies of this module in one thread share the mark. */
export const thisOwner = (): Owner => {
  const shared = globalThis as { [symbol]?: string } // nobody else uses the symbol
  const place = [
    hostname(),
    orEmpty(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()),
    orEmpty(() => readlinkSync('/proc/self/ns/pid')),
  ]
  return {
    place: place.join(' '),
    pid: String(process.pid),
    thread: String(threadId),
    mark: (shared[symbol] ??= randomUUID()),
  }
}

/** The text of a lock that an owner takes; no two locks have the same. */
export const lockText = ({ place, pid, thread, mark }: Owner): string =>
  [place, pid, thread, mark, randomUUID()].join('\n')

/** Whether the owner of the lock with the given text has certainly died, as this one can see it. */
export const isDead =
  (self: Owner) =>
  (text: string): boolean => {
    const [place, pid, thread, mark] = text.split('\n')
    if (mark === undefined || place !== self.place) return false
    if (pid === self.pid) return thread === self.thread && mark !== self.mark
    const number = Number(pid)
    return Number.isSafeInteger(number) && number > 0 && !isAlive(number)
  }

/** The owner of the lock with the given text, in words. */
export const explain = (text: string): string => {
  const pid = text.split('\n')[1]
  return pid === undefined ? 'another process' : `process ${pid}`
}
