/** `app.run`: starts listening, and shuts down on a signal. */
import { existsSync } from 'node:fs'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import * as E from 'fp-ts/Either'
import type { IO } from 'fp-ts/IO'
import { either, explainFault, findOptionFault, quantity, type Shape, string } from '../../core/OptionCheck'
import { errorCode, errorMessage } from '../../node/SystemError'
import { bind, type Bind, toWarning } from './ListenAddress'
import type { Runtime } from '../request/Runtime'
import type { StopOptions } from './Shutdown'

/** Where to listen. The defaults come from `PORT`, `HOST` and the environment. */
export interface RunOptions {
  /** 0 means any free port. */
  readonly port?: number
  readonly host?: string
}

/** A port may be text, as in an environment variable; `bind` rejects text that is no port. */
const runOptions: Shape<RunOptions> = { port: either(quantity, string), host: string }

/** A running server. */
export interface Running extends Bind {
  readonly url: string
  readonly stop: (options?: StopOptions) => Promise<void>
}

/** What `run` needs from the app. */
export interface RunParts {
  readonly runtime: Runtime
  readonly listen: (port: number, host: string) => Server
  readonly stop: (options?: StopOptions) => Promise<void>
}

const whyNot = (error: unknown, { host, port }: Bind): string => {
  const code = errorCode(error)
  if (code === 'EADDRINUSE') return `Port ${port} on ${host} is in use: stop what listens there, or set PORT to another`
  if (code === 'EACCES') return `No permission to listen on port ${port}: set PORT to one above 1023`
  if (code === 'EADDRNOTAVAIL') return `${host} is not an address of this machine: set HOST to one that is`
  return `Cannot listen on ${host}:${port}: ${errorMessage(error)}`
}

const toUrl = (host: string, port: number): string =>
  `http://${host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host}:${port}`

const signals = ['SIGTERM', 'SIGINT'] as const

/** Exits on a signal: gracefully at first, immediately on the second. */
const onSignals = ({ runtime, stop }: RunParts): IO<void> => {
  let asked = 0
  const onSignal = (signal: NodeJS.Signals): void => {
    asked += 1
    if (asked > 1) return process.exit(1)
    const log = runtime.logs()
    log.info(`${signal}: stopping`)()
    runtime.logs.flush() // before anything that `onStop` prints
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error('Graceful shutdown failed', { error })()
        process.exit(1)
      },
    )
  }
  signals.forEach((signal) => process.on(signal, onSignal))
  return () => signals.forEach((signal) => void process.off(signal, onSignal))
}

const listening = (parts: RunParts, { host, port }: Bind): Promise<AddressInfo> =>
  new Promise((resolve, reject) => {
    const server = parts.listen(port, host)
    server.once('error', reject)
    server.once('listening', () => {
      server.off('error', reject)
      resolve(server.address() as AddressInfo) // it listens on a port
    })
  })

/** Listens; never rejects: on failure it logs why, and the process exits with 1 once nothing else keeps it alive. */
export const run = async (parts: RunParts, options: RunOptions = {}): Promise<Running> => {
  const log = parts.runtime.logs()
  const giveUp = (why: string, fields?: { readonly error: unknown }): never => {
    log.error(why, fields)()
    return process.exit(1)
  }
  const fault = findOptionFault(runOptions, options)
  if (fault !== undefined) return giveUp(explainFault('app.run', fault))
  const found = bind(options, { env: process.env, exists: existsSync })
  if (E.isLeft(found)) return giveUp(found.left)
  try {
    await parts.runtime.settings.onStart()
  } catch (error) {
    return giveUp('onStart failed', { error })
  }
  try {
    const { port } = await listening(parts, found.right)
    const { host, reason } = found.right
    const url = toUrl(host, port)
    const off = onSignals(parts)
    log.info(`Listening on ${url}`, { url, host, port, reason })()
    const warning = toWarning(found.right, process.stdin.isTTY || process.stdout.isTTY)
    if (warning !== undefined) log.warn(warning)()
    return {
      host,
      port,
      reason,
      url,
      stop: async (stopOptions) => {
        off()
        await parts.stop(stopOptions)
      },
    }
  } catch (error) {
    return giveUp(whyNot(error, found.right))
  }
}
