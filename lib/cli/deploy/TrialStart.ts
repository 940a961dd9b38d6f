/** Starts the agent once before deployment, so that a broken agent fails the command and not its callers. */
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { isAlive } from '../../node/process/Processes'
import { readTail } from '../../node/file/LogTail'
import { type Launcher, type LauncherOf, serviceLimits } from '../../local'
import { startAgent } from '../../local/session/AgentStart'
import type { ServiceError } from '../../local/service/ServiceError'
import { type CliError, failed, unexpected } from '../program/CliError'

const toHint = (error: ServiceError): { readonly why: string; readonly log?: string } =>
  'hint' in error ? error.hint : { why: 'the agent could not be started' }

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

const next = 'the agent must listen on PORT and respond to GET /ping with 200; --verbose shows its output'

/** Cleans up after trial starts of commands that were killed. */
const sweep = async (launcherIn: (place: string) => Launcher, folder: string): Promise<void> => {
  for (const name of await readdir(folder)) {
    const [, pid] = /^probe-(\d+)$/.exec(name) ?? []
    if (pid === undefined || isAlive(Number(pid))) continue
    const place = join(folder, name)
    await launcherIn(place).open() // ends what is still there; if it cannot, the folder goes all the same
    await rm(place, { recursive: true, force: true, maxRetries: 3 })
  }
}

/** Starts and stops the agent. Returns the milliseconds until its first response. */
export const tryStart = (
  launcher: LauncherOf,
  folder: string,
  arn: string,
  signal: AbortSignal,
): TE.TaskEither<CliError, number> =>
  pipe(
    TE.tryCatch(async () => {
      const launcherIn = (place: string): Launcher =>
        launcher({ arn, url: () => 'http://127.0.0.1:0', folder: place, maxMemory: serviceLimits.maxMemory })
      await sweep(launcherIn, folder)
      const place = join(folder, `probe-${process.pid}`)
      const made = launcherIn(place)
      const opened = await made.open()
      if (E.isLeft(opened)) return E.left(failed('CANNOT_LAUNCH', opened.left.message, 'fix that and deploy again'))
      const began = performance.now()
      const started = await startAgent({ launcher: made, limits: serviceLimits }, 'probe', signal)()
      if (E.isLeft(started)) {
        const { why, log } = toHint(started.left)
        return E.left(
          failed('AGENT_FAILED', capital(why), next, { details: log === undefined ? [] : await readTail(log) }),
        )
      }
      const took = performance.now() - began
      started.right.connections.close()
      await started.right.launched.stop(serviceLimits.stopTimeout)()
      await made.close()
      await rm(place, { recursive: true, force: true, maxRetries: 3 })
      return E.right(took)
    }, unexpected),
    TE.chain((result) => TE.fromEither(result)),
  )
