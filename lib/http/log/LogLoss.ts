/**
 * The standard streams as the destination of a log. Reports lost log lines once on standard error, and keeps the server running. A closed pipe, a full disk or a closed
 * terminal makes the standard streams emit `error` events, which would crash the process if unhandled.
 */
import { type StandardOutput, standardOutput } from '../../node/process/StandardOutput'
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

/** Reports a lost line, the first time in the process. */
export const reportLoss = (cause: unknown): void => {
  if (isReported) return
  isReported = true
  try {
    process.stderr.write(`agentcore-fp: log lines are lost: ${toReason(cause).slice(0, 200)}\n`)
  } catch {
    // standard error is gone too: there is nowhere left to report
  }
}

const guard = (stream: Standard): void => {
  if (guarded in stream) return
  Object.defineProperty(stream, guarded, { value: true })
  stream.on('error', reportLoss)
}

/** Handles errors of standard output and standard error, which would otherwise crash the process. */
export const guardStandardStreams = (): void => {
  try {
    guard(process.stdout)
    guard(process.stderr)
  } catch (cause) {
    reportLoss(cause) // the stream cannot even be opened
  }
}

let output: StandardOutput | undefined

/** Writes a line to standard output, in batches. */
export const writeToStandardOutput = (line: string): void => (output ??= standardOutput(reportLoss)).write(`${line}\n`)

/** Writes what is gathered for standard output. */
export const flushStandardOutput = (): void => output?.flush()
