/**
 * What becomes of log lines that cannot be written: the loss is told once on standard error, and the server goes on.
 * A pipe whose reader has gone, a full disk and a closed terminal are told by `error` events of the standard streams,
 * which end the process where nobody listens.
 */
import { toText } from './LogText'

type Standard = typeof process.stdout | typeof process.stderr

const guarded = Symbol.for('agentcore-fp/guarded')

let isReported = false

const toReason = (cause: unknown): string => {
  try {
    return toText(cause instanceof Error ? cause.message : cause)
  } catch {
    return 'unknown'
  }
}

/** Tells that a line was lost, the first time in the process. */
export const reportLoss = (cause: unknown): void => {
  if (isReported) return
  isReported = true
  try {
    process.stderr.write(`agentcore-fp: log lines are lost: ${toReason(cause).slice(0, 200)}\n`)
  } catch {
    // standard error is gone too: nobody is left to be told
  }
}

const guard = (stream: Standard): void => {
  if (guarded in stream) return
  Object.defineProperty(stream, guarded, { value: true })
  stream.on('error', reportLoss)
}

/** From here on, standard output and standard error may break without ending the process. */
export const guardStandardStreams = (): void => {
  try {
    guard(process.stdout)
    guard(process.stderr)
  } catch (cause) {
    reportLoss(cause) // a standard stream that cannot even be opened
  }
}
