/** The local runtime of an agent that runs already: found by its record, and asked whether it is the one. */
import { get } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import * as LocalRecord from '../../config/LocalRecord'
import { isAlive } from '../../config/Lock'
import { type CliError, config, failed } from '../CliError'
import { killGroup } from '../../local/Processes'

/** How long a runtime may take to stop, in milliseconds: it ends its sessions in good order. */
const patience = 20_000

const textAt = (url: string): Promise<string | undefined> =>
  new Promise((resolve) => {
    const asked = get(url, { agent: false, timeout: 3000 }, (answer) => {
      const parts: Array<Buffer> = []
      answer.on('data', (part: Buffer) => void parts.push(part))
      answer.once('close', () => resolve(Buffer.concat(parts).toString('utf8')))
    })
    asked.once('timeout', () => asked.destroy())
    asked.once('error', () => resolve(undefined))
  })

const pidIn = (text: string): number | undefined => {
  try {
    const found = JSON.parse(text) as { readonly runtime?: { readonly pid?: unknown } } | null
    return typeof found?.runtime?.pid === 'number' ? found.runtime.pid : undefined
  } catch {
    return undefined // someone else answers there
  }
}

/** Whether the process of a record is the runtime that wrote it, and no later process with its id. */
const isIt = async ({ pid, endpoint }: LocalRecord.LocalRecord): Promise<boolean> => {
  if (!isAlive(pid)) return false
  const text = await textAt(`${endpoint}/`)
  return text !== undefined && pidIn(text) === pid
}

/** The record of a runtime that runs; undefined where there is none. A record that cannot be read is none. */
export const findRunning = (
  folder: string,
  agent: string,
): TE.TaskEither<CliError, LocalRecord.LocalRecord | undefined> =>
  pipe(
    LocalRecord.read(folder, agent),
    TE.orElse((error) => (error._tag === 'Malformed' ? TE.right(undefined) : TE.left(error))),
    TE.mapLeft(config),
    TE.chainTaskK((record) => async () => (record !== undefined && (await isIt(record)) ? record : undefined)),
  )

const isGone = async (pid: number, until: number): Promise<boolean> => {
  while (isAlive(pid)) {
    if (Date.now() > until) return false
    await sleep(20)
  }
  return true
}

/** Ends a runtime in good order, or after a while without. */
export const endRunning = (folder: string, { agent, pid }: LocalRecord.LocalRecord): TE.TaskEither<CliError, void> =>
  pipe(
    TE.tryCatch(
      async () => {
        process.kill(pid, 'SIGTERM')
        if (await isGone(pid, Date.now() + patience)) return
        killGroup(pid)
        if (!(await isGone(pid, Date.now() + 5000))) throw new Error(`process ${pid} does not end`)
      },
      (cause) =>
        failed('NOT_REPLACED', `The runtime that runs already could not be stopped`, `end process ${pid}`, { cause }),
    ),
    TE.chain(() => pipe(LocalRecord.remove(folder, agent, pid), TE.mapLeft(config))),
  )
