/** Starts the agent once before deployment, so that a broken agent fails the command and not its callers. */
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { isAlive } from '../../../node/process/Processes'
import { readTail } from '../../../node/file/LogTail'
import { type Launcher, type LauncherOf, serviceLimits } from '../../../local'
import { startAgent } from '../../../local/session/AgentStart'
import type { ServiceError } from '../../../local/service/ServiceError'
import { type CliError, failed, unexpected } from '../../program/CliError'
import type { Show } from '../host/Host'
import { lastLines, listeningPort } from './StartFailure'

const toHint = (error: ServiceError): { readonly why: string; readonly log?: string } =>
  'hint' in error ? error.hint : { why: 'the agent could not be started' }

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

const mustListen = 'the agent must listen on PORT and respond to GET /ping with 200'

/** How long an agent that says it listens elsewhere may still take to listen on its port, in milliseconds. */
const elsewherePatience = 2000

/** Watches the output of an agent: aborts when it listens on another port than its own. */
const watchPort = (toOwn: () => number | undefined) => {
  const controller = new AbortController()
  let output = ''
  let timer: NodeJS.Timeout | undefined
  let found: number | undefined
  const show: Show = (_, part) => {
    if (output.length < 65_536) output += part.toString('utf8')
    const port = listeningPort(output)
    if (port === undefined || port === toOwn() || timer !== undefined) return
    timer = setTimeout(() => {
      found = port
      controller.abort()
    }, elsewherePatience)
  }
  return { show, signal: controller.signal, found: () => found, end: () => clearTimeout(timer) }
}

/** The port at which agents of a container listen. */
const containerPort = 8080

/** The failure of a start, with the last lines that the agent wrote. */
const explained = async (
  error: ServiceError,
  elsewhere: number | undefined,
  own: number | undefined,
  unset: string | undefined,
): Promise<CliError> => {
  const { why, log } = toHint(error)
  const output = log === undefined ? [] : lastLines(await readTail(log, 200))
  if (elsewhere !== undefined) {
    const where = own === undefined ? 'PORT' : `PORT, which is ${own}`
    const message = `The agent listens on port ${elsewhere}, not on ${where}`
    return failed('AGENT_FAILED', message, 'pass no port to run(), or process.env.PORT', { output })
  }
  const isSilent = error._tag === 'NotReady'
  const next = isSilent ? mustListen : (unset ?? 'fix the error above')
  return failed('AGENT_FAILED', capital(why), isSilent && unset !== undefined ? `${next}; ${unset}` : next, { output })
}

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

/** What a trial start depends on. */
export interface TrialParts {
  readonly launcherWith: (show: Show) => LauncherOf
  readonly folder: string
  readonly arn: string
  /** What to say about variables that the agent was not given. */
  readonly unset: string | undefined
  readonly signal: AbortSignal
}

/** Starts and stops the agent. Returns the milliseconds until its first response. */
export const tryStart = ({ launcherWith, folder, arn, unset, signal }: TrialParts): TE.TaskEither<CliError, number> =>
  pipe(
    TE.tryCatch(async () => {
      let own: number | undefined
      const watch = watchPort(() => own)
      const launcher = launcherWith(watch.show)
      const launcherIn = (place: string): Launcher =>
        launcher({ arn, url: () => 'http://127.0.0.1:0', folder: place, maxMemory: serviceLimits.maxMemory })
      await sweep(launcherIn, folder)
      const place = join(folder, `probe-${process.pid}`)
      const made = launcherIn(place)
      const opened = await made.open()
      if (E.isLeft(opened)) return E.left(failed('CANNOT_LAUNCH', opened.left.message, 'fix that and deploy again'))
      const began = performance.now()
      const noted: Launcher = {
        ...made,
        start: (session) =>
          pipe(
            made.start(session),
            TE.map((launched) => {
              own = made.isolation === 'container' ? containerPort : launched.port
              return launched
            }),
          ),
      }
      const either = AbortSignal.any([signal, watch.signal])
      const started = await startAgent({ launcher: noted, limits: serviceLimits }, 'probe', either)()
      watch.end()
      if (E.isLeft(started)) return E.left(await explained(started.left, watch.found(), own, unset))
      const took = performance.now() - began
      started.right.connections.close()
      await started.right.launched.stop(serviceLimits.stopTimeout)()
      await made.close()
      await rm(place, { recursive: true, force: true, maxRetries: 3 })
      return E.right(took)
    }, unexpected),
    TE.chain((result) => TE.fromEither(result)),
  )
