/** Entry point of the background host process. Its parent sends the plan; the process outlives it. */
import * as E from 'fp-ts/Either'
import type { Log, Write } from '../../../core/Log'
import { explain } from '../../program/CliError'
import { visible } from '../../program/TerminalText'
import { host } from './Host'
import { HostPlan, type HostReport } from './HostPlan'

const write =
  (level: string): Write =>
  (message, fields = {}) =>
  () =>
    void process.stdout.write(
      `${new Date(Date.now()).toISOString()} ${level} ${visible(message).replaceAll('\n', '\\n')} ${JSON.stringify(fields)}\n`,
    )

const log: Log = { debug: () => () => undefined, info: write('INFO'), warn: write('WARNING'), error: write('ERROR') }

/** Resolves when the parent has it, or has left. */
const report = (what: HostReport): Promise<void> =>
  new Promise((resolve) => {
    if (process.send === undefined || !process.connected) return resolve()
    process.send(what, undefined, undefined, () => {
      if (process.connected) process.disconnect()
      resolve()
    })
  })

const run = async (message: unknown): Promise<void> => {
  const plan = HostPlan.decode(message)
  if (E.isLeft(plan)) throw new Error('Invalid host plan')
  const hosted = await host(plan.right, log)()
  if (E.isLeft(hosted)) {
    const { code, message: text, next } = explain(hosted.left)
    log.error(text)()
    await report({ _tag: 'Failed', error: { code, message: text, next } })
    process.exitCode = 1
    return
  }
  const { record, stop } = hosted.right
  const end = (): void => void stop().then(() => process.exit(0))
  process.once('SIGTERM', end).once('SIGINT', end)
  process.on('SIGHUP', () => undefined) // the terminal has gone; the runtime stays
  await report({ _tag: 'Ready', record })
}

if (require.main === module) {
  process.once('message', (message) => {
    run(message).catch((cause: unknown) => {
      log.error(String(cause))()
      process.exit(1)
    })
  })
}
