/** The agent's process, as the driver holds it. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { IO } from 'fp-ts/IO'
import type { Ask, Sample, Tell } from './control'

/** A process that listens. What asks it rejects if it has ended. */
export interface Child {
  readonly port: number
  readonly sample: () => Promise<Sample>
  /** Stops the agent: how many milliseconds that took. */
  readonly stop: () => Promise<number>
  /** How the process ended by itself within the given milliseconds; undefined if it did not. */
  readonly exit: (within: number) => Promise<string | undefined>
  readonly kill: IO<void>
}

/** Starts the agent's process. */
export const startChild = async (): Promise<Child> => {
  const child = fork(join(__dirname, 'server.js'), {
    execArgv: ['--expose-gc'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const ended = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => resolve(signal ?? `code ${code ?? '?'}`))
  })
  const next = async (): Promise<Tell> => {
    const message = once(child, 'message').then(([told]) => told as Tell) // server.ts sends nothing else
    const gone = ended.then((how) => Promise.reject(new Error(`the agent's process ended (${how})`)))
    return Promise.race([message, gone])
  }
  const ask = (what: Ask): Promise<Tell> => {
    const answer = next()
    child.send(what, () => undefined) // that it could not be sent shows in `ended`
    return answer
  }
  const unexpected = ({ _tag }: Tell): Error => new Error(`the agent's process said ${_tag} out of turn`)

  const listening = await next()
  if (listening._tag !== 'Listening') throw unexpected(listening)
  return {
    port: listening.port,
    sample: async () => {
      const told = await ask('sample')
      if (told._tag !== 'Sampled') throw unexpected(told)
      return told.sample
    },
    stop: async () => {
      const told = await ask('stop')
      if (told._tag !== 'Stopped') throw unexpected(told)
      return told.ms
    },
    exit: (within) =>
      new Promise((resolve) => {
        const timer = setTimeout(() => resolve(undefined), within)
        void ended.then((how) => {
          clearTimeout(timer)
          resolve(how)
        })
      }),
    kill: () => void child.kill('SIGKILL'),
  }
}
