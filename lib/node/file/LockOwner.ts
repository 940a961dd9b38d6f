/** The owner of a lock file, written as its text, so that other processes can detect whether it is still alive. */
import { randomUUID } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { threadId } from 'node:worker_threads'
import { isAlive } from '../process/Processes'

/** The owner of a lock. */
export interface Owner {
  /**
   * The scope in which a process id is unique. Machines and containers may share a folder and a host name, but not boot
   * ids and process namespaces.
   */
  readonly place: string
  readonly pid: string
  readonly thread: string
  /** Distinguishes a process from an earlier one with the same id: the first process of every container is number 1. */
  readonly mark: string
}

const orEmpty = (look: () => string): string => {
  try {
    return look()
  } catch {
    return '' // Linux only
  }
}

const symbol = Symbol.for('agentcore-fp/FileLocks')

/** Identifies this thread of this process, also across copies of this module. */
export const thisOwner = (): Owner => {
  const shared = globalThis as { [symbol]?: string } // the symbol is ours alone
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

/** The text of a lock for an owner; unique for each lock. */
export const lockText = ({ place, pid, thread, mark }: Owner): string =>
  [place, pid, thread, mark, randomUUID()].join('\n')

/** Whether the owner of a lock with the given text is certainly dead, as far as this process can see. */
export const isDead =
  (self: Owner) =>
  (text: string): boolean => {
    const [place, pid, thread, mark] = text.split('\n')
    if (mark === undefined || place !== self.place) return false
    if (pid === self.pid) return thread === self.thread && mark !== self.mark
    const number = Number(pid)
    return Number.isSafeInteger(number) && number > 0 && !isAlive(number)
  }

/** The owner of a lock with the given text, for people. */
export const explain = (text: string): string => {
  const pid = text.split('\n')[1]
  return pid === undefined ? 'another process' : `process ${pid}`
}
